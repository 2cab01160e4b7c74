#include "cli/jobs_command.h"

#include <algorithm>
#include <ctime>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/client.h"
#include "cli/display.h"
#include "cli/follow.h"
#include "cli/help.h"
#include "cli/lists.h"
#include "cli/remote_commands.h"
#include "cli/remote_run.h"
#include "cli/typed_order.h"
#include "model/output_name.h"

namespace ittybit::cli {
namespace {

constexpr std::string_view kDefaultLimit = "10";

const std::vector<Verb> kVerbs = {
    {"list", "The newest jobs; also what jobs alone does."},
    {"ID", "Show a job; also: show ID."},
    {"create", "Make one from --body; a local path in its input is uploaded."},
    {"watch ID", "Follow one to its end. Leaving does not cancel it."},
    {"cancel ID…", "Stop it."},
    {"retry ID…", "Make a new one of the same request."},
    {"delete ID…", "Remove it and its stored files."},
    {"webhooks ID", "What was sent to its webhook_url."},
    {"resend ID DELIVERY", "Send that once more."},
};

/// What was typed behind `jobs`.
struct JobsWords {
    std::vector<std::string> words;
    std::string body;
    Filters filters;
};

Error wrong_words(const std::string& verb) {
    std::vector<std::string> known;
    for (const auto& row : kVerbs) known.emplace_back(row.words);
    return {
        ErrorKind::kInvalidRequest,
        fmt::format("jobs {} is nothing: it is one of {}", verb, join(known, ", ")), ""
    };
}

Result<int> list_jobs(
    ApiClient& api, Display& display, const JobsWords& typed, const std::stop_token& stop
) {
    const auto jobs = TRY(api.call("GET", list_path("/jobs", typed.filters), nullptr, stop));
    if (!display.is_for_people() || !jobs.is_array()) {
        display.print(jobs);
        return 0;
    }
    const auto& all = jobs.get_array();
    display.print_text(job_table(all, columns_of(STDOUT_FILENO), std::time(nullptr)));
    if (fmt::format("{}", all.size()) == typed.filters.at("limit")) {
        display.note(fmt::format("more: ittybit jobs list --after {}", string_at(all.back(), "id"))
        );
    }
    return 0;
}

Result<int> create_job(
    ApiClient& api, Display& display, const JobsWords& typed, const std::stop_token& stop
) {
    auto body = TRY(read_body(typed.body, stop));
    const auto input = string_at(body, "input");
    if (!input.empty() && !is_url(input)) {
        body["input"] = kUnsent;
        TRY(api.judge("/jobs", body, {"input"}, stop));
        body["input"] = TRY(upload_input(api, input, display, stop));
    }
    display.print(TRY(api.call("POST", "/jobs", body, stop)));
    return 0;
}

Result<int> watch(
    ApiClient& api, Display& display, const std::string& id, const std::stop_token& stop
) {
    display.show_all_tasks();
    const auto job = TRY(follow_to_end<Job>(api, id, display, stop));
    if (is_final(job.status)) return display.finish(job, stop);
    return Error{ErrorKind::kCancelled, "no longer watched; the job goes on", ""};
}

/// One verb for each of several ids.
Result<int> change_each(
    ApiClient& api,
    Display& display,
    const std::vector<std::string>& words,
    const std::stop_token& stop
) {
    const auto& verb = words.front();
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto path = "/jobs/" + words[i];
        if (verb == "delete") {
            TRY(api.call("DELETE", path, nullptr, stop));
        } else {
            display.print(TRY(api.call("POST", fmt::format("{}/{}", path, verb), nullptr, stop)));
        }
    }
    return 0;
}

Result<int> show(
    ApiClient& api, Display& display, const std::string& path, const std::stop_token& stop
) {
    display.print(TRY(api.call("GET", path, nullptr, stop)));
    return 0;
}

Result<int> on_jobs(
    ApiClient& api, Display& display, const JobsWords& typed, const std::stop_token& stop
) {
    const auto& words = typed.words;
    const auto count = words.size();
    if (count == 0 || (words[0] == "list" && count == 1)) {
        return list_jobs(api, display, typed, stop);
    }
    const auto& verb = words[0];
    if (verb == "create" && count == 1) return create_job(api, display, typed, stop);
    if (verb.starts_with("job_") && count == 1) return show(api, display, "/jobs/" + verb, stop);
    if (count == 1) return wrong_words(verb);
    const auto path = "/jobs/" + words[1];
    if (verb == "cancel" || verb == "retry" || verb == "delete") {
        return change_each(api, display, words, stop);
    }
    if (verb == "show" && count == 2) return show(api, display, path, stop);
    if (verb == "watch" && count == 2) return watch(api, display, words[1], stop);
    if (verb == "webhooks" && count == 2) return show(api, display, path + "/webhooks", stop);
    if (verb == "resend" && count == 3) {
        const auto resend = fmt::format("{}/webhooks/{}/resend", path, words[2]);
        display.print(TRY(api.call("POST", resend, nullptr, stop)));
        return 0;
    }
    return wrong_words(verb);
}

Action declare_jobs(CLI::App& app) {
    const auto typed = std::make_shared<JobsWords>();
    typed->filters["limit"] = kDefaultLimit;
    app.add_option("words", typed->words, "");
    app.add_option("--body", typed->body, "With create: the request; - reads standard input.")
        ->type_name("JSON");
    const auto add_filter = [&](const std::string& name, const char* type, const char* help) {
        app.add_option("--" + name, typed->filters[name], help)->type_name(type);
    };
    add_filter(
        "kind", "video|audio|image|animation|adaptive_video|multi", "With list: of these kinds."
    );
    add_filter(
        "status", "queued|processing|succeeded|failed|cancelled", "With list: in these states."
    );
    add_filter("limit", "N", "With list: so many, at most 100; 10 by default.");
    add_filter("after", "ID", "With list: older than this job.");
    add_filter("before", "ID", "With list: newer than this job.");
    return [typed](Context& context) {
        return with_server(context, [&](ApiClient& api, Display& display) {
            return on_jobs(api, display, *typed, context.interrupt.token());
        });
    };
}

}  // namespace

std::string job_table(const json::array& jobs, int columns, std::int64_t now) {
    std::string text;
    for (const auto& job : jobs) {
        const auto kind = string_at(job, "kind");
        const auto line = fmt::format(
            "{:<30}  {:<10}  {:<9}  {:<6}  ", string_at(job, "id"), string_at(job, "status"),
            kind == "adaptive_video" ? "adaptive" : kind, created_text(job, now)
        );
        text += line + end_of(string_at(job, "input"), room_behind(line, columns)) + "\n";
    }
    return text;
}

Command jobs_command() {
    return {
        "jobs",
        "The server's jobs: list, show, create, watch, cancel, retry, delete.",
        declare_jobs,
        Takes::kFormOnly,
        kVerbs,
        {"ittybit jobs list --status failed,cancelled --limit 50",
         "ittybit jobs create --body '{\"kind\":\"image\",\"input\":\"a.mov\"}'",
         "ittybit jobs watch job_01h455vb4pex5vsknk084sn02q"}
    };
}

}  // namespace ittybit::cli
