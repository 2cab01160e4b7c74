#include "cli/local_run.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/connections_file.h"
#include "cli/display.h"
#include "cli/typed_order.h"
#include "model/output_name.h"
#include "sandbox/workspace.h"
#include "work/local_job.h"

namespace ittybit::cli {
namespace {

/// The keys of every connection that is needed, by its name. A plan writes nothing.
Result<> find_accounts(work::LocalRequest& request, bool is_explaining) {
    const auto& order = request.order;
    std::set<std::string> names;
    if (is_s3(order.input.url())) names.insert(order.connection.value_or(""));
    for (const auto& output : order.outputs) {
        const bool is_written = output.place.url && is_s3(*output.place.url) && !is_explaining;
        if (is_written) names.insert(order.connection_of(output).value_or(""));
        for (const auto& further : further_inputs(output.operation()))
            if (is_s3(further.url)) names.insert(order.connection.value_or(""));
    }
    const auto environment = storage::process_environment();
    for (const auto& name : names) {
        request.s3[name] = std::make_shared<work::LocalS3>(
            TRY(choose_account(name, environment)), environment("AWS_CA_BUNDLE").value_or("")
        );
    }
    return {};
}

/// Everything that can be known to be wrong before any work is done.
Result<work::LocalRequest> judge(
    const Globals& globals, const json::object& document, bool is_task
) {
    auto typed = TRY(read_typed(globals, document, is_task, Done::kHere));
    const auto kind = typed.order.outputs.front().kind();
    if (globals.is_explaining && !is_job_kind(kind) && kind != "probe") {
        return Error{ErrorKind::kInvalidRequest, fmt::format("{} has no plan", kind), ""};
    }
    work::LocalRequest request;
    request.is_task = is_task;
    std::error_code code;
    request.scratch = std::filesystem::temp_directory_path(code);
    if (!globals.is_explaining) request.targets = TRY(choose_targets(typed, Done::kHere));
    const auto first =
        std::ranges::find_if(request.targets, &std::optional<work::Target>::has_value);
    // What leaves encrypted never lies in the clear where it goes to.
    const bool is_secret = std::ranges::any_of(typed.order.outputs, [](const auto& output) {
        const auto operation = output.operation();
        return encryption_of(operation) != nullptr;
    });
    if (first != request.targets.end() && !is_secret) request.scratch = (*first)->folder;
    request.order = std::move(typed.order);
    TRY(find_accounts(request, globals.is_explaining));
    return request;
}

work::LocalEvents events_for(Display& display, bool is_task) {
    work::LocalEvents events;
    if (!is_task) events.changed = [&display](const Job& job) { display.changed(job); };
    events.progress = [&display](const Task& task, const Progress& progress) {
        display.progress(task, progress);
    };
    return events;
}

}  // namespace

sandbox::Zygote::Options zygote_options(const std::filesystem::path& scratch) {
    sandbox::Zygote::Options options;
    options.program = sandbox::media_program();
    options.scratch = scratch;
    if (const char* names = std::getenv("ITTYBIT_WITHOUT_LAYERS")) {
        options.left_out = split(names, ',');
    }
    return options;
}

int run_here(Context& context, const json::object& document, bool is_task) {
    Display display(context.globals);
    const auto request = judge(context.globals, document, is_task);
    if (!request) return display.finish(request.error());
    auto options = zygote_options(request->scratch);
    options.keeps_spare = !is_task;  // one child is all it takes
    sandbox::Zygote zygote(std::move(options));
    if (auto started = zygote.start(); !started) return display.finish(started.error());
    sandbox::Workspace::remove_abandoned(request->scratch);
    const auto stop = context.interrupt.token();
    if (context.globals.is_explaining && request->order.kind != "probe") {
        const auto plan = work::explain_here(*request, zygote, stop);
        if (!plan) return display.finish(plan.error());
        display.print(*plan);
        return 0;
    }
    const SystemClock clock;
    const auto job = work::run_here(*request, zygote, clock, events_for(display, is_task), stop);
    return is_task ? display.finish(job.tasks.front(), stop) : display.finish(job, stop);
}

}  // namespace ittybit::cli
