#include "cli/remote_run.h"

#include <optional>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "cli/follow.h"
#include "cli/hand_back.h"
#include "model/operation.h"
#include "model/output_name.h"
#include "work/target.h"

namespace ittybit::cli {
namespace {

/// The body of POST /jobs. A local output's extension decides the format like a remote one's.
Result<json::object> body_of(const Globals& globals, const JobWords& words, std::string input) {
    json::object options = words.options;
    json::object body{{"kind", words.kind}, {"input", std::move(input)}};
    if (work::is_url(globals.output)) {
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

/// Everything that this side can know to be wrong, before a byte is sent.
struct Judged {
    json::object body;  // of POST /jobs, but for the address of a local input
    std::optional<work::Target> target;
};

Result<Judged> judge(const Globals& globals, const JobWords& words) {
    if (globals.input.empty()) {
        return Error{
            ErrorKind::kInputRequired, "an input is required: give a path or URL with -i", ""
        };
    }
    Judged judged;
    judged.body = TRY(body_of(globals, words, globals.input));
    auto options = judged.body.at("options").as_object();
    if (work::is_url(globals.output)) {
        TRY(check_s3_output(globals.output));
        TRY(settle_format(words.kind, globals.output, options));
    } else if (globals.is_async && !globals.output.empty()) {
        return Error{
            ErrorKind::kInvalidOutput,
            "with --async nobody waits to hand back a file: give s3://bucket/key, or no --output",
            "output"
        };
    }
    const auto operation = TRY(judge_options(words.kind, options));
    judged.target = TRY(target_here(globals, words.kind, extension_of(operation)));
    return judged;
}

/// A job's way over the server, to its end. `judged` is spent.
Result<Job> run_there(
    ApiClient& api,
    const Globals& globals,
    Judged judged,
    Display& display,
    const std::stop_token& stop
) {
    if (!work::is_url(globals.input)) {
        judged.body["input"] = TRY(upload_input(api, globals.input, display, stop));
    }
    const auto made = TRY(api.call("POST", "/jobs", judged.body, stop));
    if (globals.is_async) return job_from(made);
    const auto id = string_at(made, "id");
    auto job = TRY(follow_to_end(api, id, display, stop));
    if (!is_final(job.status)) {  // interrupted
        return job_from(TRY(api.call("POST", fmt::format("/jobs/{}/cancel", id), nullptr, {})));
    }
    if (job.status == JobStatus::kSucceeded && judged.target) {
        job.output = TRY(hand_back(api, job.tasks.back(), *std::move(judged.target), stop));
    }
    return job;
}

}  // namespace

Result<std::string> upload_input(
    ApiClient& api, const std::string& input, Display& display, const std::stop_token& stop
) {
    Task task;
    task.kind = "upload";
    const auto told = [&](std::int64_t sent, std::int64_t size) {
        Progress progress;
        if (size > 0) {
            progress.percent = 100.0 * static_cast<double>(sent) / static_cast<double>(size);
        }
        display.progress(task, progress);
    };
    return api.upload(work::path_of(input), told, stop);
}

Result<std::optional<work::Target>> target_here(
    const Globals& globals, std::string_view kind, std::string_view extension
) {
    if (globals.output.empty() || work::is_url(globals.output)) {
        return std::optional<work::Target>();
    }
    return std::optional(TRY(work::choose_target({kind, globals.output, globals.input, extension}))
    );
}

int run_job_there(Context& context, const JobWords& words, const ServerAccess& server) {
    const auto stop = context.interrupt.token();
    Display display(context.globals);
    ApiClient api(server);
    const auto fail = [&](const Error& error) {
        display.finish(error);
        return exit_status_of(error);
    };
    auto judged = judge(context.globals, words);
    if (!judged) return fail(judged.error());
    const auto job = run_there(api, context.globals, *std::move(judged), display, stop);
    if (!job) return fail(job.error());
    if (!context.globals.is_async) return display.finish(*job, stop);
    display.print(to_json(*job));
    return 0;
}

}  // namespace ittybit::cli
