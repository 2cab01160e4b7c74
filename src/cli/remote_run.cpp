#include "cli/remote_run.h"

#include <algorithm>
#include <optional>
#include <ranges>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "cli/follow.h"
#include "cli/hand_back.h"
#include "cli/typed_order.h"
#include "model/output_name.h"

namespace ittybit::cli {
namespace {

using Targets = std::vector<std::optional<work::Target>>;

/// A path that an option of an output names.
struct LocalOption {
    std::size_t output = 0;
    std::string name;
    std::string path;
};

/// Everything that this side can know to be wrong, before a byte is sent.
struct Judged {
    json::object body;  // what is sent, but for the address of a local input
    std::string local;  // the path of such an input
    std::vector<LocalOption> options;
    Targets targets;  // of each output
};

Error bad_output(std::string message) {
    return {ErrorKind::kInvalidOutput, std::move(message), "output"};
}

/// No server is told of paths here.
void forget_path(json::object& output) {
    if (output.contains("output") && !is_url(string_at(output, "output"))) output.erase("output");
}

void forget_paths(json::object& document) {
    forget_path(document);
    auto* outputs = document.if_contains("outputs");
    if (outputs == nullptr || !outputs->is_array()) return;
    for (auto& output : outputs->get_array()) forget_path(output.get_object());
}

std::vector<LocalOption> local_options(const Order& order) {
    std::vector<LocalOption> found;
    for (std::size_t i = 0; i < order.outputs.size(); ++i) {
        for (const auto& [name, url] : further_inputs(order.outputs[i].operation()))
            if (!is_url(url)) found.push_back({i, name, work::path_of(url)});
    }
    return found;
}

Result<Judged> judge(const Globals& globals, const json::object& document, bool is_task) {
    auto typed = TRY(read_typed(globals, document, is_task, Done::kThere));
    for (const auto& output : typed.order.outputs) {
        const auto& url = output.place.url;
        if (is_task && url && is_url(*url) && output.kind() != ExportOptions::kName) {
            return bad_output(
                "the server keeps what a task makes: -o is a file here, or export it with a task "
                "of its own"
            );
        }
        if (globals.is_async && url && !is_url(*url)) {
            return bad_output(
                "with --async nobody waits to hand back a file: give s3://bucket/key, or no "
                "--output"
            );
        }
    }
    Judged judged;
    judged.targets = TRY(choose_targets(typed, Done::kThere));
    judged.body = std::move(typed.document);
    forget_paths(judged.body);
    const auto input = typed.order.input.url();
    if (!is_url(input)) judged.local = work::path_of(input);
    judged.options = local_options(typed.order);
    return judged;
}

/// An option of an output, which stands among its options or beside them.
json::value& option_at(json::object& body, const LocalOption& option) {
    auto* const outputs = body.if_contains("outputs");
    auto& output = outputs != nullptr ? outputs->at(option.output).get_object() : body;
    auto* const options = output.if_contains("options");
    const auto path = split(option.name, '.');
    const bool is_inside =
        options != nullptr && options->is_object() && options->get_object().contains(path.front());
    auto* at = &(is_inside ? options->get_object() : output)[path.front()];
    for (const auto& step : path | std::views::drop(1)) {
        at = at->is_array() ? &at->get_array().at(std::stoul(step)) : &at->get_object()[step];
    }
    return *at;
}

/// How the server calls such an option in its errors.
std::string field_of(const json::object& body, const LocalOption& option) {
    const auto field = "options." + option.name;
    return body.contains("outputs") ? fmt::format("outputs.{}.{}", option.output, field) : field;
}

/// What the server alone can know to be wrong, before a file is sent to it.
Result<> judge_there(
    ApiClient& api, const std::string& route, Judged judged, const std::stop_token& stop
) {
    std::vector<std::string> unsent;
    if (!judged.local.empty()) {
        judged.body["input"] = kUnsent;
        unsent.emplace_back("input");
    }
    for (const LocalOption& option : judged.options) {
        option_at(judged.body, option) = kUnsent;
        unsent.push_back(field_of(judged.body, option));
    }
    return unsent.empty() ? Result<>() : api.judge(route, judged.body, unsent, stop);
}

/// Local files are sent ahead; their addresses there take the places of their paths.
Result<> upload_all(ApiClient& api, Judged& judged, Display& display, const std::stop_token& stop) {
    if (!judged.local.empty())
        judged.body["input"] = TRY(upload_input(api, judged.local, display, stop));
    for (const LocalOption& option : judged.options) {
        option_at(judged.body, option) = TRY(upload_input(api, option.path, display, stop));
    }
    return {};
}

/// The task that has what was made, of one of several outputs or of a job's only one; nothing where
/// the server tells of none.
const Task* last_task(const Job& job, const JobOutput* output) {
    if (!job.outputs) return job.tasks.empty() ? nullptr : &job.tasks.back();
    if (output == nullptr || output->tasks.empty()) return nullptr;
    const auto found = std::ranges::find(job.tasks, output->tasks.back(), &Task::id);
    return found == job.tasks.end() ? nullptr : &*found;
}

/// Gives what has ended well its places here, all that can be had. Errors: the first.
Result<> take_back(ApiClient& api, Job& job, const Targets& targets, const std::stop_token& stop) {
    Result<> first;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (!targets[i]) continue;
        auto* output = job.outputs && i < job.outputs->size() ? &(*job.outputs)[i] : nullptr;
        const auto* task = last_task(job, output);
        if (task == nullptr) {
            return Error{ErrorKind::kUnavailable, "the server does not tell of all outputs", ""};
        }
        if (task->status != TaskStatus::kSucceeded) continue;
        auto path = hand_back(api, *task, *targets[i], stop);
        if (path) {
            (output != nullptr ? output->output : job.output) = *std::move(path);
        } else if (first) {
            first = std::move(path).error();
        }
    }
    return first;
}

Result<> take_back(
    ApiClient& api, Task& task, const Targets& targets, const std::stop_token& stop
) {
    if (!targets.front() || task.status != TaskStatus::kSucceeded) return {};
    const auto path = TRY(hand_back(api, task, *targets.front(), stop));
    task.output->url = path;  // it has one, or nothing would have come back
    return {};
}

/// A job's or task's way over the server, to its end.
template <typename T>
Result<T> run(
    ApiClient& api, bool is_async, Judged judged, Display& display, const std::stop_token& stop
) {
    TRY(judge_there(api, std::string(kRoute<T>), judged, stop));
    TRY(upload_all(api, judged, display, stop));
    const auto made = TRY(api.call("POST", std::string(kRoute<T>), judged.body, stop));
    if (is_async) return read_answer<T>(made);
    const auto id = string_at(made, "id");
    auto latest = follow_to_end<T>(api, id, display, stop);
    const bool is_over = latest && is_final(latest->status);
    if (!is_over && stop.stop_requested()) {
        const auto cancel = fmt::format("{}/{}/cancel", kRoute<T>, id);
        return read_answer<T>(TRY(api.call("POST", cancel, nullptr, {})));
    }
    if (latest) TRY(take_back(api, *latest, judged.targets, stop));
    return latest;
}

template <typename T>
int run_and_show(
    Context& context, const json::object& document, const ServerAccess& server, bool is_task
) {
    const auto stop = context.interrupt.token();
    const bool is_async = context.globals.is_async;
    Display display(context.globals);
    ApiClient api(server);
    const auto fail = [&](const Error& error) {
        display.finish(error);
        return exit_status_of(error);
    };
    auto judged = judge(context.globals, document, is_task);
    if (!judged) return fail(judged.error());
    const auto ended = run<T>(api, is_async, *std::move(judged), display, stop);
    if (!ended) return fail(ended.error());
    if (!is_async) return display.finish(*ended, stop);
    display.print(to_json(*ended));
    return 0;
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

int run_there(
    Context& context, const json::object& document, bool is_task, const ServerAccess& server
) {
    return is_task ? run_and_show<Task>(context, document, server, is_task)
                   : run_and_show<Job>(context, document, server, is_task);
}

}  // namespace ittybit::cli
