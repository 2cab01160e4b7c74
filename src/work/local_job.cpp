#include "work/local_job.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/ids.h"
#include "work/import.h"
#include "work/local_input.h"

namespace ittybit::work {
namespace {

/// How HLS playlists name the folder of their parts.
std::string parts_folder_of(const Target& target, std::string_view id) {
    const std::string stem = target.has_own_folder ? "master" : target.stem;
    return stem + "-" + std::string(id.substr(id.size() - 8));
}

/// One job's way through its four tasks.
class LocalJob {
public:
    LocalJob(
        const LocalRequest& request,
        sandbox::Zygote& zygote,
        const Clock& clock,
        const LocalEvents& events,
        const std::stop_token& stop
    )
        : request_(request), zygote_(zygote), clock_(clock), events_(events), stop_(stop) {
        job_ = Job::make(request.kind, input_url(), request.options, clock.now());
        job_.metadata = request.metadata;
    }

    Job run() {
        changed();
        job_.status = JobStatus::kProcessing;
        job_.started_at = job_.updated_at = clock_.now();
        if (auto done = run_tasks(); !done) {
            fail(job_, failed_task_, done.error(), clock_.now());
        } else {
            job_.status = JobStatus::kSucceeded;
            job_.finished_at = job_.updated_at = clock_.now();
        }
        changed();
        return std::move(job_);
    }

private:
    std::string input_url() const {
        const bool is_url = request_.input.find("://") != std::string::npos;
        return is_url ? request_.input : file_url(request_.input);
    }

    Task& begin_task(const std::string& kind) {
        failed_task_ = kind;
        Task& task = job_.task(kind);
        begin(task, clock_.now());
        changed();
        return task;
    }

    void changed() {
        job_.updated_at = std::max(job_.updated_at, clock_.now());
        if (events_.changed) events_.changed(job_);
    }

    Result<> run_tasks() {
        TRY(probe());
        Task& import_task = begin_task("import");
        Import import(input_->source(), needs_every_byte(request_.operation), stop_);
        auto outcome = encode(import.work());
        if (!outcome) {
            const auto no_bytes = import.failure();
            if (no_bytes || is_about_fetching(outcome.error())) failed_task_ = "import";
            return no_bytes ? *no_bytes : std::move(outcome).error();
        }
        failed_task_ = "import";
        TRY(import.finish());
        succeed(import_task, job_.task("probe").output, clock_.now());
        return publish_result(*outcome);
    }

    Result<> probe() {
        Task& task = begin_task("probe");
        input_ = TRY(LocalInput::open(
            request_.input, request_.target.folder.string(), request_.limits, stop_
        ));
        OperationRequest operation;
        operation.operation = ProbeOptions{};
        operation.input = input_from(input_->source());
        operation.limits = request_.limits;
        auto outcome = TRY(run_operation(zygote_, operation, {}, stop_));
        outcome.finished.file.url = job_.input;
        succeed(task, std::move(outcome.finished.file), clock_.now());
        return {};
    }

    Result<Outcome> encode(const std::stop_token& stop) {
        Task& task = begin_task(job_.kind);
        task.input = TaskInput{*job_.task("probe").output};
        OperationRequest operation;
        operation.operation = request_.operation;
        operation.input = input_from(input_->source());
        operation.parts_folder = parts_folder_of(request_.target, job_.id);
        operation.limits = request_.limits;
        OperationEvents events;
        events.progress = [&](const Progress& progress) {
            if (progress.percent) advance(task, *progress.percent, clock_.now());
            if (events_.progress) events_.progress(task, progress);
        };
        auto outcome = TRY(run_operation(zygote_, operation, events, stop));
        job_.warnings = outcome.finished.warnings;
        succeed(task, outcome.finished.file, clock_.now());
        return outcome;
    }

    Result<> publish_result(const Outcome& outcome) {
        Task& task = begin_task("export");
        task.input = TaskInput{outcome.finished.file};
        const auto path = TRY(publish(
            outcome.child->workspace(), outcome.files, request_.target,
            parts_folder_of(request_.target, job_.id)
        ));
        File file = outcome.finished.file;
        file.url = file_url(path);
        task.options["url"] = *file.url;
        job_.output = file.url;
        succeed(task, std::move(file), clock_.now());
        return {};
    }

    const LocalRequest& request_;
    sandbox::Zygote& zygote_;
    const Clock& clock_;
    const LocalEvents& events_;
    std::stop_token stop_;
    Job job_;
    std::string failed_task_;
    std::unique_ptr<LocalInput> input_;
};

/// Does what a standalone task does; its result is the task's output.
Result<File> do_task(
    const LocalRequest& request,
    sandbox::Zygote& zygote,
    const std::string& id,
    const std::function<void(const Progress&)>& progress,
    const std::stop_token& stop
) {
    const auto scratch = request.target.folder.string();
    auto input = TRY(LocalInput::open(request.input, scratch, request.limits, stop));
    const bool is_copy = request.kind == "import" || request.kind == "export";
    Import import(input->source(), is_copy || needs_every_byte(request.operation), stop);
    if (is_copy) TRY(import.finish());
    OperationRequest operation;
    operation.operation = request.operation;
    operation.input = input_from(input->source());
    operation.parts_folder = parts_folder_of(request.target, id);
    operation.limits = request.limits;
    OperationEvents events;
    events.progress = progress;
    const auto outcome = run_operation(zygote, operation, events, import.work());
    if (const auto no_bytes = import.failure()) return *no_bytes;
    if (!outcome) return outcome.error();
    TRY(import.finish());
    File file = outcome->finished.file;
    if (is_copy) {
        const auto path = TRY(publish_copy(input->source().descriptor(), request.target));
        file.url = file_url(path);
    } else if (request.kind == "probe") {
        const bool is_url = request.input.find("://") != std::string::npos;
        file.url = is_url ? request.input : file_url(request.input);
    } else {
        const auto path = TRY(publish(
            outcome->child->workspace(), outcome->files, request.target, operation.parts_folder
        ));
        file.url = file_url(path);
    }
    return file;
}

}  // namespace

Job run_local_job(
    const LocalRequest& request,
    sandbox::Zygote& zygote,
    const Clock& clock,
    const LocalEvents& events,
    const std::stop_token& stop
) {
    return LocalJob(request, zygote, clock, events, stop).run();
}

Task run_local_task(
    const LocalRequest& request,
    sandbox::Zygote& zygote,
    const Clock& clock,
    const LocalEvents& events,
    const std::stop_token& stop
) {
    Task task;
    task.id = make_id("task", clock.now());
    task.kind = request.kind;
    const bool is_url = request.input.find("://") != std::string::npos;
    task.input = TaskInput{ExternalFile{.url = is_url ? request.input : file_url(request.input)}};
    task.options = request.options;
    task.created_at = clock.now();
    begin(task, clock.now());
    const auto progress = [&](const Progress& now) {
        if (now.percent) advance(task, *now.percent, clock.now());
        if (events.progress) events.progress(task, now);
    };
    auto file = do_task(request, zygote, task.id, progress, stop);
    if (file) {
        succeed(task, *std::move(file), clock.now());
    } else {
        fail(task, file.error(), clock.now());
    }
    return task;
}

Result<json::value> explain_local_job(
    const LocalRequest& request, sandbox::Zygote& zygote, const std::stop_token& stop
) {
    const auto scratch = request.target.folder.string();
    auto input = TRY(LocalInput::open(request.input, scratch, request.limits, stop));
    OperationRequest operation;
    operation.operation = request.operation;
    operation.input = input_from(input->source());
    operation.explain = true;
    operation.limits = request.limits;
    auto outcome = TRY(run_operation(zygote, operation, {}, stop));
    return std::move(outcome.finished.plan);
}

}  // namespace ittybit::work
