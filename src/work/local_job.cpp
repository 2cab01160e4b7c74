#include "work/local_job.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/ids.h"
#include "work/exporter.h"
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

Destination s3_of(
    const LocalRequest& request,
    const std::optional<File>& probed,
    const std::string& id,
    const Clock& clock
) {
    OutputWords words{clock.now(), request.input, request.kind, "", id};
    if (is_job_kind(request.kind)) {
        words.format = extension_for(request.operation, probed ? probed->format : "");
    }
    return s3_destination(request.s3->client, request.s3->account, request.output, words);
}

/// Nothing where the output is a file of this machine.
std::unique_ptr<Exporter> make_exporter(
    const LocalRequest& request,
    const std::optional<File>& probed,
    const std::string& id,
    const Clock& clock,
    const std::stop_token& stop
) {
    if (request.output.empty()) return nullptr;
    return std::make_unique<Exporter>(s3_of(request, probed, id, clock), stop);
}

/// Lets an exporter follow an operation; gives the name of the parts' folder.
std::string follow(
    Exporter* exporter, OperationEvents& events, const Target& target, std::string_view id
) {
    if (exporter == nullptr) return parts_folder_of(target, id);
    events.file_grown = [exporter](const FileGrown& grown, const sandbox::Workspace& workspace) {
        return exporter->grown(grown, workspace);
    };
    events.file_ready = [exporter](const FileReady& ready, const sandbox::Workspace& workspace) {
        return exporter->ready(ready, workspace);
    };
    return exporter->parts_folder();
}

/// The facts of the published file.
Result<File> publish_by(
    Exporter* exporter, const Outcome& outcome, const LocalRequest& request, const std::string& id
) {
    File file = outcome.finished.file;
    if (exporter != nullptr) return exporter->publish(std::move(file));
    file.url = file_url(TRY(publish(
        outcome.child->workspace(), outcome.files, request.target,
        parts_folder_of(request.target, id)
    )));
    return file;
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
            if (outcome.error().kind == ErrorKind::kUploadFailed) failed_task_ = "export";
            return no_bytes ? *no_bytes : std::move(outcome).error();
        }
        failed_task_ = "import";
        TRY(import.finish());
        succeed(import_task, job_.task("probe").output, clock_.now());
        return publish_result(*outcome);
    }

    Result<> probe() {
        Task& task = begin_task("probe");
        input_ = TRY(LocalInput::open(request_, stop_));
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
        operation.limits = request_.limits;
        OperationEvents events;
        export_ = make_exporter(request_, job_.task("probe").output, job_.id, clock_, stop_);
        operation.parts_folder = follow(export_.get(), events, request_.target, job_.id);
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
        File file = TRY(publish_by(export_.get(), outcome, request_, job_.id));
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
    std::unique_ptr<Exporter> export_;  // to S3
};

/// Does what a standalone task does; its result is the task's output.
class LocalTask {
public:
    LocalTask(
        const LocalRequest& request,
        sandbox::Zygote& zygote,
        const Clock& clock,
        const std::string& id,
        const std::stop_token& stop
    )
        : request_(request), zygote_(zygote), clock_(clock), id_(id), stop_(stop) {}

    Result<File> run(const std::function<void(const Progress&)>& progress) {
        input_ = TRY(LocalInput::open(request_, stop_));
        if (request_.kind == "probe") return probe();
        if (request_.kind == "import" || request_.kind == "export") return copy();
        std::optional<File> facts;
        if (extension_of(request_.operation).empty()) facts = TRY(probe());
        const auto exporter = make_exporter(request_, facts, id_, clock_, stop_);
        OperationEvents events;
        events.progress = progress;
        OperationRequest operation = to_run(request_.operation);
        operation.parts_folder = follow(exporter.get(), events, request_.target, id_);
        Import import(input_->source(), needs_every_byte(request_.operation), stop_);
        const auto outcome = run_operation(zygote_, operation, events, import.work());
        if (const auto no_bytes = import.failure()) return *no_bytes;
        if (!outcome) return outcome.error();
        TRY(import.finish());
        return publish_by(exporter.get(), *outcome, request_, id_);
    }

private:
    OperationRequest to_run(Operation operation) {
        OperationRequest request;
        request.operation = std::move(operation);
        request.input = input_from(input_->source());
        request.limits = request_.limits;
        return request;
    }

    Result<File> probe() {
        File file = TRY(run_operation(zygote_, to_run(ProbeOptions{}), {}, stop_)).finished.file;
        const bool is_url = request_.input.find("://") != std::string::npos;
        file.url = is_url ? request_.input : file_url(request_.input);
        return file;
    }

    /// The input as it is, with its facts.
    Result<File> copy() {
        auto& source = input_->source();
        TRY(source.complete(stop_));
        File file = TRY(probe());
        if (request_.output.empty()) {
            file.url = file_url(TRY(publish_copy(source.descriptor(), request_.target)));
            return file;
        }
        const auto to = s3_of(request_, std::nullopt, id_, clock_);
        TRY(send_copy(to, source.descriptor(), source.size().value_or(0), stop_));
        file.url = to.url;
        return file;
    }

    const LocalRequest& request_;
    sandbox::Zygote& zygote_;
    const Clock& clock_;
    const std::string id_;
    const std::stop_token stop_;
    std::unique_ptr<LocalInput> input_;
};

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
    auto file = LocalTask(request, zygote, clock, task.id, stop).run(progress);
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
    auto input = TRY(LocalInput::open(request, stop));
    OperationRequest operation;
    operation.operation = request.operation;
    operation.input = input_from(input->source());
    operation.explain = true;
    operation.limits = request.limits;
    auto outcome = TRY(run_operation(zygote, operation, {}, stop));
    return std::move(outcome.finished.plan);
}

}  // namespace ittybit::work
