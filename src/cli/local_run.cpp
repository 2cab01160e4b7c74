#include "cli/local_run.h"

#include <cstdlib>
#include <utility>

#include "base/text.h"
#include "cli/connections_file.h"
#include "cli/display.h"
#include "model/output_name.h"
#include "sandbox/workspace.h"
#include "work/local_job.h"

namespace ittybit::cli {
namespace {

constexpr std::size_t kLongestMetadata = 16384;

Error wrong(ErrorKind kind, std::string message) {
    return {kind, std::move(message), ""};
}

/// `-i` of a task may be the JSON that another task gave: then its address is meant.
Result<std::string> address_of(const std::string& input) {
    if (input.empty()) {
        return wrong(ErrorKind::kInputRequired, "an input is required: give a path or URL with -i");
    }
    if (!input.starts_with("{")) return input;
    const auto document = TRY(parse_json(input));
    const auto file = TRY(TaskInput::from_json(document));
    if (!file.url().empty()) return file.url();
    return wrong(ErrorKind::kInvalidInput, "the input file has no url");
}

bool is_s3(const std::string& url) {
    return to_lower(url.substr(0, 5)) == "s3://";
}

bool is_folder(const std::string& output) {
    std::error_code code;
    if (is_s3(output)) return false;
    return output.ends_with('/') || std::filesystem::is_directory(output, code);
}

Result<json::object> judge_metadata(const json::value& metadata) {
    if (metadata.is_null()) return json::object();
    if (!metadata.is_object())
        return wrong(ErrorKind::kInvalidRequest, "metadata must be an object");
    if (compact_json(metadata).size() <= kLongestMetadata) return metadata.get_object();
    return wrong(ErrorKind::kInvalidRequest, "metadata must be at most 16 KiB");
}

/// Where S3 is meant, and with which keys.
Result<> judge_places(const Globals& globals, work::LocalRequest& request) {
    if (is_s3(globals.output)) {
        TRY(check_s3_output(globals.output));
        request.output = globals.output;
    } else if (globals.output.find("://") != std::string::npos &&
               !globals.output.starts_with("file://")) {
        return wrong(ErrorKind::kInvalidOutput, "output must be a path or s3://bucket/key");
    }
    const bool writes_s3 = !request.output.empty() && !globals.is_explaining;
    if (!is_s3(request.input) && !writes_s3) return {};
    const auto environment = storage::process_environment();
    request.s3 = std::make_shared<work::LocalS3>(
        TRY(choose_account(globals.connection, environment)),
        environment("AWS_CA_BUNDLE").value_or("")
    );
    return {};
}

/// Everything that can be known to be wrong before any work is done.
Result<work::LocalRequest> judge_all(const Globals& globals, JobWords words) {
    const bool is_encode = is_job_kind(words.kind);
    work::LocalRequest request;
    request.kind = words.kind;
    request.input = TRY(address_of(globals.input));
    if (is_encode && !is_folder(globals.output)) {
        TRY(settle_format(words.kind, globals.output, words.options));
    }
    request.operation = TRY(judge_options(words.kind, words.options));
    TRY(judge_places(globals, request));
    request.options = std::move(words.options);
    request.metadata = TRY(judge_metadata(words.metadata));
    if (!words.webhook_url.empty()) {
        return wrong(
            ErrorKind::kInvalidWebhookUrl, "webhook_url needs a server; leave it out with --local"
        );
    }
    const bool makes_no_file =
        words.kind == "probe" || globals.is_explaining || !request.output.empty();
    if (makes_no_file) {
        std::error_code code;
        request.target.folder = std::filesystem::temp_directory_path(code);
        return request;
    }
    const auto extension =
        is_encode ? extension_of(request.operation) : extension_in(request.input);
    request.target =
        TRY(work::choose_target({words.kind, globals.output, request.input, extension}));
    return request;
}

int explain(
    Display& display,
    const work::LocalRequest& request,
    sandbox::Zygote& zygote,
    const std::stop_token& stop
) {
    const auto plan = work::explain_local_job(request, zygote, stop);
    if (!plan) return display.finish(plan.error());
    display.print(*plan);
    return 0;
}

work::LocalEvents events_for(Display& display) {
    work::LocalEvents events;
    events.changed = [&display](const Job& job) { display.changed(job); };
    events.progress = [&display](const Task& task, const Progress& progress) {
        display.progress(task, progress);
    };
    return events;
}

}  // namespace

Result<Operation> judge_options(std::string_view kind, const json::value& options) {
    const bool is_copy = kind == "import" || kind == "export";
    std::vector<OptionProblem> problems;
    auto operation = read_operation(is_copy ? "probe" : kind, options, problems);
    if (problems.empty()) return operation;
    std::vector<std::string> sentences;
    for (const auto& problem : problems) sentences.push_back(problem.message);
    return Error{problems.front().kind, join(sentences, "; "), problems.front().field};
}

sandbox::Zygote::Options zygote_options(const std::filesystem::path& scratch) {
    sandbox::Zygote::Options options;
    options.program = sandbox::media_program();
    options.scratch = scratch;
    if (const char* names = std::getenv("ITTYBIT_WITHOUT_LAYERS")) {
        options.left_out = split(names, ',');
    }
    return options;
}

int run_job_here(Context& context, JobWords words) {
    Display display(context.globals);
    const auto request = judge_all(context.globals, std::move(words));
    if (!request) return display.finish(request.error());
    sandbox::Zygote zygote(zygote_options(request->target.folder));
    if (auto started = zygote.start(); !started) return display.finish(started.error());
    sandbox::Workspace::remove_abandoned(request->target.folder);
    const auto stop = context.interrupt.token();
    if (context.globals.is_explaining) return explain(display, *request, zygote, stop);
    const SystemClock clock;
    return display.finish(
        work::run_local_job(*request, zygote, clock, events_for(display), stop), stop
    );
}

int run_task_here(Context& context, JobWords words) {
    Display display(context.globals);
    const auto request = judge_all(context.globals, std::move(words));
    if (!request) return display.finish(request.error());
    auto options = zygote_options(request->target.folder);
    options.keeps_spare = false;  // one child is all it takes
    sandbox::Zygote zygote(std::move(options));
    const auto stop = context.interrupt.token();
    if (context.globals.is_explaining && is_job_kind(request->kind)) {
        return explain(display, *request, zygote, stop);
    }
    const SystemClock clock;
    return display.finish(
        work::run_local_task(*request, zygote, clock, events_for(display), stop), stop
    );
}

}  // namespace ittybit::cli
