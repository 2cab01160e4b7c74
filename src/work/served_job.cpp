#include "work/served_job.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "model/error_kinds.h"
#include "storage/s3.h"
#include "work/managed.h"
#include "work/places.h"

namespace ittybit::work {
namespace {

using Steady = std::chrono::steady_clock;
constexpr auto kBeat = std::chrono::seconds(2);
constexpr auto kLookPause = std::chrono::milliseconds(100);

/// How often a job is worked on before an error of this kind is final. A download has been tried
/// again by its Source already. A fault of our own may be the input's: once more, then it is.
std::int64_t most_attempts(const Error& error) {
    if (error.kind == "download_failed") return 1;
    switch (error_kind(error.kind).fault) {
        case Fault::kFarEnd: return store::JobStore::kMostAttempts;
        case Fault::kOurselves: return 2;
        default: return 1;
    }
}

UnixMillis back_off(std::int64_t attempt) {
    return 1000LL << std::min<std::int64_t>(attempt, 6);
}

std::string last_of(const std::string& id) {
    return id.substr(id.size() - 8);
}

}  // namespace

ServedJob::ServedJob(Workshop& shop, store::JobStore::Claimed claimed)
    : shop_(shop),
      claim_(std::move(claimed.claim)),
      log_(shop.metrics, claim_),
      record_(std::move(claimed.record)) {}

void ServedJob::run(const std::stop_token& stop) {
    log_.job_started(record_.job);
    Result<> result;
    {
        const std::stop_callback follow(stop, [this] { stop_.request_stop(); });
        const std::jthread keeper([this](const std::stop_token& end) { keep_lease(end); });
        result = run_tasks(stop_.get_token());
        if (source_) input_bytes_ = source_->size().value_or(0);
        source_.reset();
    }
    shop_.live.forget(claim_.job_id);
    settle(result, stop);
}

void ServedJob::keep_lease(const std::stop_token& stop) {
    auto& database = shop_.jobs.database();
    auto next_beat = Steady::now() + kBeat;
    std::mutex mutex;
    std::condition_variable_any never;
    while (!stop.stop_requested()) {
        const auto seen = database.version();
        if (Steady::now() >= next_beat) {
            if (!save(false)) return lose();
            next_beat = Steady::now() + kBeat;
        } else {
            const auto is_held = shop_.jobs.is_held(claim_);
            if (is_held && !*is_held) return lose();
        }
        {
            // Others may commit thousands of times a second: look only so often.
            std::unique_lock lock(mutex);
            never.wait_for(lock, stop, kLookPause, [] { return false; });
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(next_beat - Steady::now());
        if (left.count() > 0) database.wait_for_change(seen, left, stop);
    }
}

/// False when the job is not ours any more. A database that cannot be written now is given until
/// the lease ends.
bool ServedJob::save(bool is_new_state) {
    std::vector<Task> changed;
    const auto now = shop_.clock.now();
    {
        const std::lock_guard lock(mutex_);
        for (const auto& task : record_.job.tasks) {
            if (task.updated_at >= saved_at_) changed.push_back(task);
        }
        saved_at_ = now;
    }
    const auto is_ours = shop_.jobs.heartbeat(claim_, changed, is_new_state, now + kLeaseMs, now);
    if (is_ours) return *is_ours;
    log::warn("heartbeat failed", {{"job", claim_.job_id}, {"error", is_ours.error().message}});
    return true;
}

void ServedJob::lose() {
    is_lost_ = true;
    stop_.request_stop();
}

Task& ServedJob::begin_task(const std::string& kind) {
    current_ = kind;
    Task* task = nullptr;
    {
        const std::lock_guard lock(mutex_);
        task = &record_.job.task(kind);
        if (!is_final(task->status)) begin(*task, shop_.clock.now());
        log_.task_started(*task);
    }
    if (!save(true)) lose();
    return *task;
}

void ServedJob::end_task(Task& task, std::optional<File> output) {
    {
        const std::lock_guard lock(mutex_);
        succeed(task, std::move(output), shop_.clock.now());
        log_.task_ended(task);
    }
    if (!save(true)) lose();
}

void ServedJob::report(Task& task, const Progress& progress) {
    if (progress.percent) {
        const std::lock_guard lock(mutex_);
        advance(task, *progress.percent, shop_.clock.now());
    }
    shop_.live.tell(claim_.job_id, task.id, progress);
}

Result<> ServedJob::run_tasks(const std::stop_token& stop) {
    current_ = record_.job.tasks.front().kind;
    return record_.is_task ? run_standalone(stop) : run_job(stop);
}

Result<> ServedJob::run_job(const std::stop_token& stop) {
    auto& job = record_.job;
    const auto operation = TRY(this->operation());
    Task& probe_task = begin_task("probe");
    TRY(open_input(stop));
    end_task(probe_task, TRY(probe(stop)));

    Task& import_task = begin_task("import");
    Import import(*source_, needs_every_byte(operation));
    current_ = "export";
    Exporter exporter(TRY(destination(operation, stop)), stop);
    Task& task = begin_task(job.kind);
    {
        const std::lock_guard lock(mutex_);
        task.input = TaskInput{*probe_task.output};
    }
    auto outcome = work(operation, task, exporter, import, stop);
    if (!outcome) {
        if (is_about_fetching(outcome.error())) current_ = "import";
        if (outcome.error().kind == "upload_failed") current_ = "export";
        return std::move(outcome).error();
    }
    current_ = "import";
    TRY(import.finish(stop));
    end_task(import_task, probe_task.output);
    Task& export_task = begin_task("export");
    {
        const std::lock_guard lock(mutex_);
        export_task.input = TaskInput{outcome->finished.file};
    }
    auto file = TRY(publish(exporter, outcome->finished.file));
    const std::lock_guard lock(mutex_);
    job.output = file.url;
    export_task.options["url"] = *file.url;
    parts_task_ = export_task.id;
    succeed(export_task, std::move(file), shop_.clock.now());
    return {};
}

Result<> ServedJob::run_standalone(const std::stop_token& stop) {
    const std::string kind = record_.job.kind;
    Task& task = begin_task(kind);
    TRY(open_input(stop));
    File file;
    if (kind == "probe") {
        file = TRY(probe(stop));
    } else if (kind == "import" || kind == "export") {
        TRY(source_->complete(stop));
        file = TRY(probe(stop));
        const auto url = string_at(record_.job.options, "url");
        auto to = kind == "import" ? TRY(managed("import", safe_name(record_.job.input)))
                                   : TRY(in_bucket(url, nullptr));
        file = TRY(copy_out(std::move(to), std::move(file), stop));
    } else {
        const auto operation = TRY(this->operation());
        Import import(*source_, needs_every_byte(operation));
        Exporter exporter(TRY(destination(operation, stop)), stop);
        const auto outcome = TRY(work(operation, task, exporter, import, stop));
        TRY(import.finish(stop));
        file = TRY(publish(exporter, outcome.finished.file));
    }
    const std::lock_guard lock(mutex_);
    record_.job.output = file.url;
    parts_task_ = task.id;
    succeed(task, std::move(file), shop_.clock.now());
    return {};
}

Result<> ServedJob::open_input(const std::stop_token& stop) {
    const auto& url = record_.job.input;
    std::unique_ptr<storage::Origin> origin;
    if (const auto ours = find_managed(url)) {
        const auto file = TRY(shop_.files.find(ours->id));
        if (file && file->is_ready) {
            TRY(shop_.files.touch(ours->id, shop_.clock.now()));
            origin = TRY(shop_.storage->origin(managed_key(*ours)));
        }
    }
    const auto parsed = TRY(net::Url::parse(url));
    if (!origin && parsed.is_s3()) {
        auto account = TRY(
            account_of(shop_.connections, shop_.secrets, string_at(record_.request, "connection"))
        );
        const auto place = read_s3(url);
        origin = storage::s3_origin(shop_.client, std::move(account), place.bucket, place.key);
    }
    if (!origin) origin = storage::http_origin(shop_.client, parsed);
    storage::Source::Options options;
    options.scratch_folder = shop_.scratch;
    options.largest = shop_.limits.input_bytes;
    source_ = TRY(storage::Source::open(std::move(origin), options, stop));
    return {};
}

OperationInput ServedJob::input() const {
    OperationInput input;
    input.descriptor = source_->descriptor();
    input.size = source_->size();
    if (source_->is_complete()) return input;
    input.ensure = [source = source_.get()](
                       std::int64_t offset, std::int64_t length, const std::stop_token& stop
                   ) -> Result<std::optional<std::int64_t>> {
        TRY(source->ensure(offset, length, stop));
        return source->size();
    };
    return input;
}

Result<Outcome> ServedJob::run_child(
    const OperationRequest& request, const OperationEvents& events, const std::stop_token& stop
) {
    auto outcome = run_operation(shop_.zygote, request, events, stop);
    log_.child_ended(outcome);
    return outcome;
}

Result<File> ServedJob::probe(const std::stop_token& stop) {
    OperationRequest request;
    request.operation = ProbeOptions{};
    request.input = input();
    request.limits = shop_.limits;
    auto outcome = TRY(run_child(request, {}, stop));
    outcome.finished.file.url = record_.job.input;
    return std::move(outcome.finished.file);
}

Result<Outcome> ServedJob::work(
    const Operation& operation,
    Task& task,
    Exporter& exporter,
    Import& import,
    const std::stop_token& stop
) {
    static_cast<void>(import);  // it runs while this does
    OperationRequest request;
    request.operation = operation;
    request.input = input();
    request.parts_folder = "master-" + last_of(claim_.job_id);
    if (record_.request.contains("output")) {
        const auto stem = exporter.url().substr(exporter.url().rfind('/') + 1);
        request.parts_folder = stem.substr(0, stem.rfind('.')) + "-" + last_of(claim_.job_id);
    }
    request.limits = shop_.limits;
    OperationEvents events;
    events.progress = [&](const Progress& progress) { report(task, progress); };
    events.file_grown = [&](const FileGrown& grown, const sandbox::Workspace& workspace) {
        return exporter.grown(grown, workspace);
    };
    events.file_ready = [&](const FileReady& ready, const sandbox::Workspace& workspace) {
        return exporter.ready(ready, workspace);
    };
    const auto started = Steady::now();
    auto outcome = TRY(run_child(request, events, stop));
    const std::chrono::duration<double> took = Steady::now() - started;
    log_.encoded(record_.job.kind, outcome.finished.file, took.count());
    {
        const std::lock_guard lock(mutex_);
        record_.job.warnings = outcome.finished.warnings;
    }
    if (!record_.is_task) end_task(task, outcome.finished.file);
    return outcome;
}

Result<File> ServedJob::publish(Exporter& exporter, File file) {
    TRY(exporter.publish());
    parts_ = exporter.parts();
    file.url = exporter.url();
    if (!parts_.empty()) {
        Parts parts{static_cast<int>(parts_.size()), 0};
        for (const auto& part : parts_) parts.size += part.size;
        file.parts = parts;
    }
    return file;
}

Result<File> ServedJob::copy_out(Destination destination, File file, const std::stop_token& stop) {
    storage::UploadOptions options;
    options.content_type = content_type_of(destination.main_key);
    const auto size = source_->size().value_or(0);
    auto upload = TRY(destination.place->begin(destination.main_key, options, stop));
    TRY(upload->put_file(source_->descriptor(), {0, size}, stop));
    TRY(upload->commit(size, stop));
    file.url = destination.url;
    return file;
}

Result<Operation> ServedJob::operation() const {
    const auto* given = record_.request.if_contains("options");
    std::vector<OptionProblem> problems;
    auto operation =
        read_operation(record_.job.kind, given != nullptr ? *given : json::object(), problems);
    if (problems.empty()) return operation;
    return Error{problems.front().kind, problems.front().message, problems.front().field};
}

Result<Destination> ServedJob::destination(
    const Operation& operation, const std::stop_token& /*stop*/
) {
    const auto output = string_at(record_.request, "output");
    if (!output.empty()) return in_bucket(output, &operation);
    auto extension = std::string(extension_of(operation));
    // An image in its input's own format: the probe has said which.
    if (extension.empty()) extension = image_extension();
    const bool is_playlist = extension == "m3u8";
    const auto stem = is_playlist ? "master" : stem_of(record_.job.input);
    return managed("output", fmt::format("{}.{}", stem, extension));
}

Result<Destination> ServedJob::managed(const std::string& role, const std::string& name) {
    const ManagedName file{random_hex(128), name};
    const auto now = shop_.clock.now();
    const auto owner = role == "output" ? std::optional(claim_.job_id) : std::nullopt;
    TRY(shop_.files.add({file.id, owner, role, name, false, now, now}));
    files_.push_back(file.id);
    const ManagedName folder{file.id, "master-" + last_of(claim_.job_id) + "/"};
    return Destination{
        shop_.storage, managed_key(file), managed_key(folder), managed_url(shop_.public_url, file)
    };
}

Result<Destination> ServedJob::in_bucket(const std::string& output, const Operation* operation) {
    OutputWords words{shop_.clock.now(), record_.job.input, record_.job.kind, "", claim_.job_id};
    if (operation != nullptr) words.format = extension_of(*operation);
    if (words.format.empty() && operation != nullptr) words.format = image_extension();
    auto url = fill_placeholders(output, words);
    const auto name = std::string_view(url).substr(url.rfind('/') + 1);
    if (operation != nullptr && name.find('.') == std::string_view::npos) url += "." + words.format;
    const auto place = read_s3(url);
    auto account =
        TRY(account_of(shop_.connections, shop_.secrets, string_at(record_.request, "connection")));
    std::shared_ptr<storage::Storage> bucket =
        storage::open_s3(shop_.client, std::move(account), place.bucket);
    const auto stem = place.key.substr(0, place.key.rfind('.'));
    return Destination{
        std::move(bucket), place.key, fmt::format("{}-{}/", stem, last_of(claim_.job_id)), url
    };
}

std::string ServedJob::image_extension() const {
    const auto& probed = record_.job.tasks.front().output;
    const std::string format = probed ? probed->format : "";
    if (format == "png" || format == "webp" || format == "avif") return format;
    return "jpg";
}

void ServedJob::settle(const Result<>& result, const std::stop_token& stop) {
    const auto now = shop_.clock.now();
    auto& job = record_.job;
    if (!result || is_lost_) {
        for (const auto& file : files_) static_cast<void>(shop_.files.discard(file));
        files_.clear();
        parts_.clear();
    }
    if (is_lost_) {
        return log_.job_left();
    }
    if (result) {
        job.status = JobStatus::kSucceeded;
        return finish();
    }
    const Error& error = result.error();
    const bool is_shutdown = stop.stop_requested() && error.kind == "cancelled";
    const bool is_worth_it = claim_.attempt < most_attempts(error);
    if (is_shutdown || is_worth_it) {
        const auto when = is_shutdown ? now : now + back_off(claim_.attempt);
        log_.job_handed_back(error);
        static_cast<void>(shop_.jobs.give_back(claim_, when, !is_shutdown, now));
        return;
    }
    fail(job, current_, error, now);
    finish();
}

/// A database that cannot be written now is tried until the lease has ended: then another attempt
/// is made of the job anyway.
void ServedJob::finish() {
    const store::JobStore::Outcome outcome{record_, files_, parts_, parts_task_};
    const auto until = Steady::now() + std::chrono::milliseconds(kLeaseMs);
    for (;;) {
        const auto is_ours = shop_.jobs.finish(claim_, outcome, shop_.clock.now());
        if (is_ours) {
            if (*is_ours) return log_.job_ended(record_.job, input_bytes_);
            for (const auto& file : files_) static_cast<void>(shop_.files.discard(file));
            return log_.job_left();
        }
        log::error(
            "job cannot be ended", {{"job", claim_.job_id}, {"error", is_ours.error().message}}
        );
        if (Steady::now() >= until) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
}

}  // namespace ittybit::work
