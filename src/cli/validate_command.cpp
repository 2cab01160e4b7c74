#include "cli/validate_command.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/presentable.h"
#include "base/text.h"
#include "cli/display.h"
#include "cli/local_run.h"
#include "manifest/report.h"
#include "model/output_name.h"
#include "work/target.h"
#include "work/validation.h"

namespace ittybit::cli {
namespace {

using manifest::Finding;
using manifest::Severity;

constexpr int kUnreadable = 2;

/// A text whose addresses of files in the manifest's folder begin there.
std::string shortened(std::string text, const std::string& folder) {
    for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder, at))
        text.erase(at, folder.size());
    return text;
}

std::string folder_of(const std::string& input) {
    std::error_code error;
    const bool is_web = ittybit::is_url(input) && !input.starts_with("file://");
    const auto address =
        is_web ? input : work::file_url(std::filesystem::canonical(work::path_of(input), error));
    const auto path = address.substr(0, address.find('?'));
    return path.substr(0, path.rfind('/') + 1);
}

/// "2 musts, 1 should, 0 notes"
std::string sums(const std::vector<Finding>& findings) {
    std::string text;
    for (const auto severity : {Severity::kMust, Severity::kShould, Severity::kNote}) {
        const auto number = manifest::count(findings, severity);
        text += fmt::format(
            "{}{} {}{}", text.empty() ? "" : ", ", number, name_of(severity), number == 1 ? "" : "s"
        );
    }
    return text;
}

std::string text_of(const Finding& finding) {
    std::string place = finding.file;
    if (finding.line) place += fmt::format(":{}", *finding.line);
    if (finding.byte) place += fmt::format(" at byte {}", *finding.byte);
    const auto more = finding.more > 0 ? fmt::format(", and {} times more", finding.more) : "";
    return fmt::format(
        "{:6} {}: {}{}\n       {} ({}{}{})\n", name_of(finding.severity), place, finding.message,
        more, finding.remedy, finding.source, finding.source.empty() ? "" : ", ", finding.rule
    );
}

void show(Display& display, const std::string& input, const std::vector<Finding>& findings) {
    if (display.is_for_people()) {
        std::string text;
        for (const auto& finding : findings) text += text_of(finding);
        display.print_text(text + fmt::format("{}: {}\n", input, sums(findings)));
        return;
    }
    json::array told;
    for (const auto& finding : findings) told.push_back(to_json(finding));
    display.print(json::object{
        {"input", input},
        {"musts", manifest::count(findings, Severity::kMust)},
        {"shoulds", manifest::count(findings, Severity::kShould)},
        {"notes", manifest::count(findings, Severity::kNote)},
        {"findings", std::move(told)},
    });
}

int run_validation(Context& context, const std::string& input, bool decodes) {
    Display display(context.globals);
    std::error_code error;
    work::ValidationRequest request{
        .input = input,
        .scratch = std::filesystem::temp_directory_path(error).string(),
        .decodes = decodes,
        .limits = {}
    };
    auto options = zygote_options(request.scratch);
    options.keeps_spare = false;
    sandbox::Zygote zygote(std::move(options));
    const Task task{};
    const auto tell = [&](const Progress& progress) {
        if (display.is_for_people()) display.progress(task, progress);
    };
    auto findings = work::validate(request, zygote, tell, context.interrupt.token());
    if (!findings) {
        const int status = display.finish(findings.error());
        return status == 1 ? kUnreadable : status;
    }
    const auto folder = folder_of(input);
    for (auto& finding : *findings) {
        finding.file = presentable(percent_decode(shortened(finding.file, folder)));
        finding.message = presentable(shortened(finding.message, folder));
    }
    std::ranges::stable_sort(*findings, {}, &Finding::severity);
    show(display, input, *findings);
    return manifest::count(*findings, Severity::kMust) > 0 ? 1 : 0;
}

Action declare(CLI::App& app) {
    struct Typed {
        std::string input;
        bool leaves_coded = false;
    };
    const auto typed = std::make_shared<Typed>();
    app.add_option("stream", typed->input, "A playlist or MPD: a path or URL.")
        ->required()
        ->type_name("PATH|URL");
    app.add_flag(
        "--no-decode", typed->leaves_coded, "Quick: looks at what is said, and decodes nothing."
    );
    return [typed](Context& context) {
        return run_validation(context, typed->input, !typed->leaves_coded);
    };
}

}  // namespace

Command validate_command() {
    return {
        "validate",
        "Checks a stream by the rules of HLS, CMAF and DASH.",
        declare,
        Takes::kFormOnly,
        {},
        {"ittybit validate stream/master.m3u8",
         "ittybit validate https://host/live.m3u8 --json | jq '.findings[].rule'"},
    };
}

}  // namespace ittybit::cli
