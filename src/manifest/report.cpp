#include "manifest/report.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/presentable.h"

namespace ittybit::manifest {
namespace {

constexpr std::int64_t kPlaces = 3;        // of one rule in one file
constexpr std::size_t kFindings = 10'000;  // in all
constexpr std::size_t kLongest = 400;      // bytes of a message

}  // namespace

void Report::add(const Rule& rule, const Place& place, std::string message) {
    std::int64_t known = 0;
    for (auto& finding : findings_) {
        if (finding.rule != rule.id || finding.file != place.file) continue;
        if (++known < kPlaces) continue;
        ++finding.more;
        return;
    }
    if (findings_.size() >= kFindings) return;
    findings_.push_back({
        .rule = std::string(rule.id),
        .severity = rule.severity,
        .source = std::string(rule.source),
        .file = place.file,
        .line = place.line,
        .byte = place.byte,
        .message = presentable(message, kLongest),
        .remedy = std::string(rule.remedy),
    });
}

void Report::append(std::vector<Finding> findings) {
    std::ranges::move(findings, std::back_inserter(findings_));
}

std::int64_t count(const std::vector<Finding>& findings, Severity severity) {
    std::int64_t sum = 0;
    for (const auto& finding : findings)
        if (finding.severity == severity) sum += 1 + finding.more;
    return sum;
}

}  // namespace ittybit::manifest
