#include "work/local_job.h"

#include <memory>
#include <utility>

#include "base/ids.h"
#include "work/exporter.h"
#include "work/folder_destination.h"
#include "work/import.h"
#include "work/local_input.h"
#include "work/places.h"

namespace ittybit::work {
namespace {

/// How HLS playlists name the folder of their parts.
std::string parts_folder_of(const Target& target, std::string_view id) {
    const std::string stem = target.has_own_folder ? "master" : target.stem;
    return stem + "-" + std::string(id.substr(id.size() - 8));
}

std::string url_of(const LocalRequest& request) {
    const bool has_scheme = request.input.find("://") != std::string::npos;
    return has_scheme ? request.input : file_url(request.input);
}

/// Where the output of a job, or of a task's job of its own, goes.
std::unique_ptr<Destination> destination_of(
    const LocalRequest& request, const Job& job, const std::string& extension, std::stop_token stop
) {
    const auto& id = job.id;
    if (request.output.empty()) {
        auto target = request.target;
        if (target.extension.empty() && !target.may_replace) target.extension = extension;
        const auto parts_folder = parts_folder_of(target, id);
        return std::make_unique<FolderDestination>(
            std::move(target), parts_folder, std::move(stop)
        );
    }
    const OutputWords words{job.created_at, request.input, request.kind, extension, id};
    return std::make_unique<Exporter>(
        s3_place(request.s3->client, request.s3->account, request.output, words), std::move(stop)
    );
}

/// `request` as the walk takes it. Borrows from all.
RunRequest run_request(const LocalRequest& request, sandbox::Zygote& zygote, const Ledger& ledger) {
    RunRequest run;
    run.kind = request.kind;
    run.url = ledger.job().input;
    run.limits = request.limits;
    run.open_input = [&](const std::stop_token& stop) -> Result<std::shared_ptr<storage::Source>> {
        const std::shared_ptr<LocalInput> input = TRY(LocalInput::open(request, stop));
        return std::shared_ptr<storage::Source>(input, &input->source());
    };
    run.outputs.push_back({request.operation, [&](const std::string& extension) {
                               return Result(
                                   destination_of(request, ledger.job(), extension, ledger.stop())
                               );
                           }});
    run.perform = [&](const auto& operation, const auto& events, const auto& stop) {
        return run_operation(zygote, operation, events, stop);
    };
    return run;
}

}  // namespace

Job run_local_job(
    const LocalRequest& request,
    sandbox::Zygote& zygote,
    const Clock& clock,
    const LocalEvents& events,
    const std::stop_token& stop
) {
    auto job = Job::make(request.kind, url_of(request), request.options, clock.now());
    job.metadata = request.metadata;
    MemoryLedger ledger(std::move(job), clock, events, stop);
    return ledger.end(run(run_request(request, zygote, ledger), ledger));
}

Task run_local_task(
    const LocalRequest& request,
    sandbox::Zygote& zygote,
    const Clock& clock,
    const LocalEvents& events,
    const std::stop_token& stop
) {
    Job job;  // of this one task, which is all that is told of
    job.id = make_id("task", clock.now());
    job.kind = request.kind;
    job.input = url_of(request);
    job.created_at = job.updated_at = clock.now();
    Task& task = job.tasks.emplace_back();
    task.id = job.id;
    task.kind = job.kind;
    task.input = TaskInput{ExternalFile{.url = job.input}};
    task.options = request.options;
    task.created_at = task.updated_at = job.created_at;
    const LocalEvents heard{.changed = {}, .progress = events.progress};
    MemoryLedger ledger(std::move(job), clock, heard, stop);
    return ledger.end(run(run_request(request, zygote, ledger), ledger)).tasks.front();
}

Result<json::value> explain_local_job(
    const LocalRequest& request, sandbox::Zygote& zygote, const std::stop_token& stop
) {
    auto input = TRY(LocalInput::open(request, stop));
    OperationRequest operation;
    operation.operation = request.operation;
    operation.inputs = {input_from(input->source())};
    operation.explain = true;
    operation.limits = request.limits;
    auto outcome = TRY(run_operation(zygote, operation, {}, stop));
    return std::move(outcome.finished.plan);
}

}  // namespace ittybit::work
