#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "cli/follow.h"
#include "cli/hand_back.h"
#include "cli/remote_run.h"
#include "model/operation.h"
#include "model/output_name.h"

namespace ittybit::cli {
namespace {

/// What a task is told to read: an address, or what an earlier task gave.
struct Read {
    json::value input;
    std::string local;  // a path that must be uploaded instead
};

Result<Read> read_input(const std::string& typed) {
    if (typed.empty()) {
        return Error{
            ErrorKind::kInputRequired, "an input is required: give a path or URL with -i", ""
        };
    }
    if (!typed.starts_with("{")) {
        if (work::is_url(typed)) return Read{json::value(typed), ""};
        return Read{{}, typed};
    }
    auto document = TRY(parse_json(typed));
    const auto url = TRY(TaskInput::from_json(document)).url();
    if (url.empty()) return Error{ErrorKind::kInvalidInput, "the input file has no url", "input"};
    if (!work::is_url(url)) return Read{{}, url};
    return Read{std::move(document), ""};
}

/// A task on the server before anything is sent.
struct Judged {
    json::object body;
    Read read;
    std::optional<work::Target> target;
};

Result<Judged> judge(const Globals& globals, const JobWords& words) {
    Judged judged;
    judged.read = TRY(read_input(globals.input));
    auto options = words.options;
    const bool is_s3 = work::is_url(globals.output);
    if (words.kind == "export") {
        TRY(check_s3_output(globals.output));
        options["url"] = globals.output;
    } else if (is_s3) {
        return Error{
            ErrorKind::kInvalidOutput,
            "the server keeps what a task makes: -o is a file here, or export it with a task of "
            "its own",
            "output"
        };
    }
    std::string extension(extension_in(globals.input));
    if (is_job_kind(words.kind)) {
        if (!globals.output.ends_with('/')) {
            TRY(settle_format(words.kind, globals.output, options));
        }
        extension = extension_of(TRY(judge_options(words.kind, options)));
    }
    if (words.kind != "probe") {
        judged.target = TRY(target_here(globals, words.kind, extension));
    }
    judged.body = {{"kind", words.kind}, {"options", std::move(options)}};
    if (!globals.connection.empty()) judged.body["connection"] = globals.connection;
    return judged;
}

Result<Task> run_there(
    ApiClient& api,
    const Globals& globals,
    Judged judged,
    Display& display,
    const std::stop_token& stop
) {
    auto& [body, read, target] = judged;
    if (!read.local.empty()) read.input = TRY(upload_input(api, read.local, display, stop));
    body["input"] = std::move(read.input);
    const auto made = TRY(api.call("POST", "/tasks", body, stop));
    if (globals.is_async) return task_from(made);
    const auto id = string_at(made, "id");
    auto task = TRY(follow_task(api, id, display, stop));
    if (!is_final(task.status)) {  // interrupted
        static_cast<void>(api.call("POST", fmt::format("/tasks/{}/cancel", id), nullptr, {}));
        task.status = TaskStatus::kCancelled;
    }
    if (task.status == TaskStatus::kSucceeded && target) {
        task.output->url = TRY(hand_back(api, task, *std::move(target), stop));
    }
    return task;
}

}  // namespace

int run_task_there(Context& context, const JobWords& words, const ServerAccess& server) {
    const auto stop = context.interrupt.token();
    Display display(context.globals);
    ApiClient api(server);
    const auto fail = [&](const Error& error) {
        display.finish(error);
        return exit_status_of(error);
    };
    auto judged = judge(context.globals, words);
    if (!judged) return fail(judged.error());
    const auto task = run_there(api, context.globals, *std::move(judged), display, stop);
    if (!task) return fail(task.error());
    if (!context.globals.is_async) return display.finish(*task, stop);
    display.print(to_json(*task));
    return 0;
}

}  // namespace ittybit::cli
