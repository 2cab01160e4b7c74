#include "work/served_job.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/log.h"
#include "model/error_kinds.h"
#include "storage/s3.h"
#include "work/managed.h"
#include "work/places.h"

namespace ittybit::work {
namespace {

using Steady = std::chrono::steady_clock;

/// How often a job is worked on before an error of this kind is final. A transfer has been tried
/// again by its Source or Storage already. A fault of our own may be the input's: once more, then
/// it is.
std::int64_t most_attempts(const Error& error) {
    if (error.kind == ErrorKind::kDownloadFailed || error.kind == ErrorKind::kUploadFailed)
        return 1;
    switch (error_row(error.kind).fault) {
        case Fault::kFarEnd: return store::JobStore::kMostAttempts;
        case Fault::kOurselves: return 2;
        default: return 1;
    }
}

UnixMillis back_off(std::int64_t attempt) {
    return 1000LL << std::min<std::int64_t>(attempt, 6);
}

}  // namespace

ServedJob::ServedJob(
    Workshop& shop, store::JobStore::Claimed claimed, const std::stop_token& hand_back
)
    : shop_(shop),
      hand_back_(hand_back),
      job_(shop, std::move(claimed), hand_back),
      destinations_(shop, job_.claim(), job_.record()) {}

void ServedJob::run() {
    job_.log().job_started(job_.job());
    at_fault_ = job_.job().tasks.front().kind;
    const auto result = job_.record().is_task ? run_standalone() : run_job();
    if (source_) input_bytes_ = source_->size().value_or(0);
    source_.reset();
    settle(result, job_.let_go());
}

Result<File> ServedJob::run_job() {
    const auto& kind = job_.job().kind;
    const auto operation = TRY(this->operation());
    job_.begin("probe");
    TRY(open_input());
    const auto facts = TRY(probe());
    job_.succeed("probe", facts);

    at_fault_ = "export";
    Exporter exporter(
        TRY(destinations_.of_result(extension_for(operation, facts.format))), job_.stop()
    );
    at_fault_ = kind;
    Import import(*source_, needs_every_byte(operation), job_.stop());
    const auto told = job_.measured("import", [&import] { return import.percent(); });
    job_.begin("import");
    job_.begin(kind, TaskInput{facts});
    auto outcome = TRY(encode(operation, exporter, import));
    job_.succeed(kind, outcome.finished.file);

    at_fault_ = "import";
    TRY(import.finish());
    job_.succeed("import", facts);
    job_.begin("export", TaskInput{outcome.finished.file});
    return publish(exporter, std::move(outcome.finished.file));
}

Result<File> ServedJob::run_standalone() {
    const auto& kind = job_.job().kind;
    job_.begin(kind);
    TRY(open_input());
    if (kind == "probe") return probe();
    if (kind == "import") return copy_out(TRY(destinations_.of_import()));
    if (kind == "export") return copy_out(TRY(destinations_.of_export()));

    const auto operation = TRY(this->operation());
    std::string input_format;
    if (kind == "image") input_format = TRY(probe()).format;
    const auto extension = extension_for(operation, input_format);
    Exporter exporter(TRY(destinations_.of_result(extension)), job_.stop());
    Import import(*source_, needs_every_byte(operation), job_.stop());
    auto outcome = TRY(encode(operation, exporter, import));
    TRY(import.finish());
    return publish(exporter, std::move(outcome.finished.file));
}

/// The input as it is, with its facts.
Result<File> ServedJob::copy_out(Destination destination) {
    const auto told = job_.measured(job_.job().kind, [this]() -> std::optional<double> {
        const auto size = source_->size().value_or(0);
        if (size == 0) return std::nullopt;
        return 100.0 * static_cast<double>(source_->bytes_present()) / static_cast<double>(size);
    });
    TRY(source_->complete(job_.stop()));
    auto file = TRY(probe());
    const auto size = source_->size().value_or(0);
    TRY(send_copy(destination, source_->descriptor(), size, job_.stop()));
    file.url = destination.url;
    return file;
}

Result<> ServedJob::open_input() {
    storage::Source::Options options;
    options.scratch_folder = shop_.scratch;
    options.largest = shop_.limits.input_bytes;
    options.room = &shop_.room;
    auto from = TRY(origin());
    source_ = TRY(storage::Source::open(std::move(from), options, job_.stop()));
    return {};
}

/// Our own files are read from storage, whatever host their URL names.
Result<std::unique_ptr<storage::Origin>> ServedJob::origin() {
    const auto& url = job_.job().input;
    if (const auto ours = find_managed(url)) {
        const auto file = TRY(shop_.files.find(ours->id));
        if (file && file->is_ready) {
            TRY(shop_.files.touch(ours->id, shop_.clock.now()));
            auto found = shop_.storage->origin(managed_key(*ours));
            if (found || found.error().kind != ErrorKind::kFileNotFound) return found;
            // Its words would tell the address, which is all one needs to read it.
            return Error{
                ErrorKind::kInternalError, "the stored input is missing; upload it again", "input"
            };
        }
    }
    auto parsed = TRY(net::Url::parse(url));
    if (!parsed.is_s3()) return storage::http_origin(shop_.client, std::move(parsed));
    const auto connection = string_at(job_.record().request, "connection");
    auto account = TRY(account_of(shop_.connections, shop_.secrets, connection));
    auto place = read_s3(url);
    return storage::s3_origin(shop_.client, std::move(account), place.bucket, place.key);
}

Result<Operation> ServedJob::operation() const {
    const auto* given = job_.record().request.if_contains("options");
    std::vector<OptionProblem> problems;
    auto operation =
        read_operation(job_.job().kind, given != nullptr ? *given : json::object(), problems);
    if (problems.empty()) return operation;
    return Error{problems.front().kind, problems.front().message, problems.front().field};
}

Result<Outcome> ServedJob::run_child(
    const OperationRequest& request, const OperationEvents& events, const std::stop_token& stop
) {
    auto outcome = run_operation(shop_.zygote, request, events, stop);
    job_.log().child_ended(outcome);
    return outcome;
}

Result<File> ServedJob::probe() {
    OperationRequest request;
    request.operation = ProbeOptions{};
    request.input = input_from(*source_);
    request.limits = shop_.limits;
    auto outcome = TRY(run_child(request, {}, job_.stop()));
    outcome.finished.file.url = job_.job().input;
    return std::move(outcome.finished.file);
}

/// Files leave while more of them are being made.
Result<Outcome> ServedJob::encode(const Operation& operation, Exporter& exporter, Import& import) {
    const auto& kind = job_.job().kind;
    OperationRequest request;
    request.operation = operation;
    request.input = input_from(*source_);
    request.parts_folder = exporter.parts_folder();
    request.limits = shop_.limits;
    const auto sent = [this](Result<> result) {
        if (!result) at_fault_ = "export";
        return result;
    };
    OperationEvents events;
    events.progress = [&](const Progress& progress) { job_.report(kind, progress); };
    events.file_grown = [&](const FileGrown& grown, const sandbox::Workspace& workspace) {
        if (!job_.record().is_task) job_.begin("export");
        return sent(exporter.grown(grown, workspace));
    };
    events.file_ready = [&](const FileReady& ready, const sandbox::Workspace& workspace) {
        if (!job_.record().is_task) job_.begin("export");
        return sent(exporter.ready(ready, workspace));
    };
    const auto started = Steady::now();
    auto outcome = run_child(request, events, import.work());
    if (outcome) {
        const std::chrono::duration<double> took = Steady::now() - started;
        job_.log().encoded(kind, outcome->finished.file, took.count());
        warnings_ = outcome->finished.warnings;
        return outcome;
    }
    const auto no_bytes = import.failure();
    if (at_fault_ != "export" && (no_bytes || is_about_fetching(outcome.error()))) {
        at_fault_ = "import";
    }
    return no_bytes ? *no_bytes : std::move(outcome).error();
}

Result<File> ServedJob::publish(Exporter& exporter, File file) {
    at_fault_ = "export";
    file = TRY(exporter.publish(std::move(file)));
    parts_ = exporter.parts();
    return file;
}

void ServedJob::settle(const Result<File>& result, store::JobRecord record) {
    const auto& claim = job_.claim();
    const auto now = shop_.clock.now();
    if (!result || job_.is_lost()) destinations_.discard();
    if (job_.is_lost()) return job_.log().job_left();
    if (result) {
        Task& last = record.job.tasks.back();
        if (!record.is_task) last.options["url"] = *result->url;
        succeed(last, *result, now);
        record.job.output = result->url;
        record.job.warnings = std::move(warnings_);
        record.job.status = JobStatus::kSucceeded;
        return finish(std::move(record));
    }
    parts_.clear();
    const Error& error = result.error();
    const bool is_handed_back = hand_back_.stop_requested() && error.kind == ErrorKind::kCancelled;
    if (!is_handed_back && claim.attempt >= most_attempts(error)) {
        fail(record.job, record.is_task ? record.job.kind : at_fault_, error, now);
        return finish(std::move(record));
    }
    job_.log().job_handed_back(error);
    const auto when = is_handed_back ? now : now + back_off(claim.attempt);
    const auto given = shop_.jobs.give_back(claim, when, !is_handed_back, now);
    if (!given) log::warn("a job is kept until its lease ends", {{"job", claim.job_id}});
}

/// A database that cannot be written now is tried until the lease has ended: then another attempt
/// is made of the job anyway.
void ServedJob::finish(store::JobRecord record) {
    const auto& claim = job_.claim();
    const auto last = record.job.tasks.back().id;
    const store::JobStore::Outcome outcome{std::move(record), destinations_.files(), parts_, last};
    const auto until = Steady::now() + std::chrono::milliseconds(kLeaseMs);
    for (;;) {
        const auto is_ours = shop_.jobs.finish(claim, outcome, shop_.clock.now());
        if (is_ours && *is_ours) return job_.log().job_ended(outcome.record.job, input_bytes_);
        if (is_ours) {
            destinations_.discard();
            return job_.log().job_left();
        }
        log::error(
            "job cannot be ended", {{"job", claim.job_id}, {"error", is_ours.error().message}}
        );
        if (Steady::now() >= until) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
}

}  // namespace ittybit::work
