#include "cli/remote_run.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "model/output_name.h"
#include "work/publish.h"

namespace ittybit::cli {
namespace {

namespace fs = std::filesystem;

bool is_url(std::string_view text) {
    return text.find("://") != std::string_view::npos && !text.starts_with("file://");
}

/// The body of POST /jobs. A local output's extension decides the format like a remote one's.
Result<json::object> body_of(const Globals& globals, const JobWords& words, std::string input) {
    json::object options = words.options;
    json::object body{{"kind", words.kind}, {"input", std::move(input)}};
    if (is_url(globals.output)) {
        body["output"] = globals.output;
    } else if (!globals.output.empty() && !globals.output.ends_with('/')) {
        TRY(settle_format(words.kind, globals.output, options));
    }
    body["options"] = std::move(options);
    if (!words.metadata.is_null()) body["metadata"] = words.metadata;
    if (!words.webhook_url.empty()) body["webhook_url"] = words.webhook_url;
    if (!globals.connection.empty()) body["connection"] = globals.connection;
    return body;
}

Result<std::string> input_of(
    ApiClient& api, const Globals& globals, Display& display, const std::stop_token& stop
) {
    if (globals.input.empty()) {
        return Error{
            ErrorKind::kInputRequired, "an input is required: give a path or URL with -i", ""
        };
    }
    if (is_url(globals.input)) return globals.input;
    Task task;
    task.kind = "upload";
    const auto told = [&](std::int64_t sent, std::int64_t size) {
        Progress progress;
        if (size > 0)
            progress.percent = 100.0 * static_cast<double>(sent) / static_cast<double>(size);
        display.progress(task, progress);
    };
    return api.upload(work::path_of(globals.input), told, stop);
}

/// The parts of an HLS output lie beside its playlist, in a folder whose name the playlist holds.
Result<> download_parts(
    ApiClient& api, const Job& job, const fs::path& beside, const std::stop_token& stop
) {
    const auto base = job.output->substr(0, job.output->rfind('/') + 1);
    std::string after;
    for (bool has_more = true; has_more;) {
        const auto path = fmt::format("/tasks/{}/parts?limit=100{}", job.tasks.back().id, after);
        const auto page = TRY(api.call("GET", path, nullptr, stop));
        if (!page.is_array()) break;
        for (const auto& part : page.get_array()) {
            const auto url = string_at(part, "url");
            if (!url.starts_with(base) || url.find("..") != std::string::npos) continue;
            const auto target = beside / url.substr(base.size());
            std::error_code code;
            fs::create_directories(target.parent_path(), code);
            TRY(api.download(url, target.string(), stop));
            after = "&after=" + string_at(part, "name");
        }
        has_more = page.get_array().size() == 100;
    }
    return {};
}

/// Hands the result back under the name that was asked for.
Result<> hand_back(
    ApiClient& api, const Globals& globals, const Job& job, const std::stop_token& stop
) {
    if (globals.output.empty() || is_url(globals.output) || !job.output) return {};
    fs::path target = globals.output;
    std::error_code code;
    const bool is_folder = globals.output.ends_with('/') || fs::is_directory(target, code);
    if (is_folder) {
        fs::create_directories(target, code);
        target /= job.output->substr(job.output->rfind('/') + 1);
    }
    if (job.kind == "adaptive_video") {
        TRY(download_parts(api, job, target.parent_path(), stop));
    }
    return api.download(*job.output, target.string(), stop);
}

}  // namespace

Result<Job> job_from(const json::value& value) {
    Job job;
    Reader reader;
    reader.read(value, job);
    if (reader.problems().empty()) return job;
    return Error{
        ErrorKind::kUnavailable,
        "the server's answer is not understood: " + reader.problems().front().message, ""
    };
}

Result<Job> follow_to_end(
    ApiClient& api, const std::string& job_id, Display& display, const std::stop_token& stop
) {
    Job latest;
    const auto event = [&](const std::string& name, const json::value& data) {
        if (name == "job") {
            if (auto job = job_from(data)) {
                latest = *std::move(job);
                display.changed(latest);
            }
            return;
        }
        Progress progress;
        auto facts = data.is_object() ? data.get_object() : json::object();
        const auto id = string_at(data, "task");
        facts.erase("task");
        Reader().read(facts, progress);
        for (const auto& task : latest.tasks) {
            if (task.id == id) display.progress(task, progress);
        }
    };
    int failures = 0;
    while (!stop.stop_requested()) {
        const auto followed = api.follow(job_id, event, stop);
        if (!followed && followed.error().kind == ErrorKind::kJobNotFound) return followed.error();
        // Whatever the stream said last, the job itself decides.
        const auto now = api.call("GET", "/jobs/" + job_id, nullptr, stop);
        if (!now && ++failures > 20) return now.error();
        if (now) {
            failures = 0;
            auto job = TRY(job_from(*now));
            if (is_final(job.status)) return job;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    const auto cancelled = TRY(api.call("POST", "/jobs/" + job_id + "/cancel", nullptr, {}));
    return job_from(cancelled);
}

int run_job_there(Context& context, const JobWords& words, const ServerAccess& server) {
    const auto stop = context.interrupt.token();
    Display display(context.globals);
    ApiClient api(server);
    const auto fail = [&](const Error& error) {
        display.finish(error);
        return exit_status_of(error);
    };
    auto input = input_of(api, context.globals, display, stop);
    if (!input) return fail(input.error());
    const auto body = body_of(context.globals, words, *std::move(input));
    if (!body) return fail(body.error());
    const auto made = api.call("POST", "/jobs", *body, stop);
    if (!made) return fail(made.error());
    if (context.globals.is_async) {
        display.print(*made);
        return 0;
    }
    const auto job = follow_to_end(api, string_at(*made, "id"), display, stop);
    if (!job) return fail(job.error());
    if (job->status == JobStatus::kSucceeded) {
        const auto handed = hand_back(api, context.globals, *job, stop);
        if (!handed) return fail(handed.error());
    }
    return display.finish(*job);
}

}  // namespace ittybit::cli
