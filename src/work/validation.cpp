#include "work/validation.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/fields_json.h"
#include "work/run_operation.h"
#include "work/stream_copy.h"

namespace ittybit::work {
namespace {

constexpr std::size_t kLargestReport = 64U << 20U;

/// What the child wrote, which is as little to be trusted as the media that it read.
Result<std::vector<manifest::Finding>> read_findings(const Outcome& outcome) {
    const auto file = TRY(outcome.workspace.open_file(outcome.files.front().name));
    FileSource source(file.get());
    const auto size = std::min<std::size_t>(source.size().value_or(0), kLargestReport);
    const auto text = TRY(read_text(source, 0, size));
    auto read = decode_line<manifest::Findings>(text);
    const Error broken{ErrorKind::kTaskCrashed, "the media process left a broken report", ""};
    if (!read) return broken;
    for (auto& finding : read->findings) {
        const auto* rule = std::ranges::find(manifest::kRules, finding.rule, &manifest::Rule::id);
        if (rule == manifest::kRules.end()) return broken;
        finding.severity = rule->severity;
        finding.source = rule->source;
        finding.remedy = rule->remedy;
    }
    return std::move(read->findings);
}

}  // namespace

Result<std::vector<manifest::Finding>> validate(
    const ValidationRequest& request,
    sandbox::Zygote& zygote,
    const std::function<void(const Progress&)>& progress,
    const std::stop_token& stop
) {
    const auto origin = TRY(open_stream(request.input));
    manifest::Report report;
    const auto copy =
        TRY(copy_stream(*origin, request.scratch, request.limits.input_bytes, report, stop));
    Assignment assignment;
    assignment.kind = kValidateKind;
    assignment.options = to_json(ValidateOptions{
        .index_offset = copy.index_offset, .index_size = copy.index_size, .decodes = request.decodes
    });
    assignment.limits = request.limits;
    const std::vector<OperationInput> inputs = {
        {.descriptor = copy.file.reader(), .size = copy.size}
    };
    const auto outcome =
        TRY(run_assignment(zygote, assignment, inputs, {.progress = progress}, stop));
    report.append(TRY(read_findings(outcome)));
    return report.findings();
}

}  // namespace ittybit::work
