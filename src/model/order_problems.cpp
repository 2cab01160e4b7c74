#include "model/order_problems.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace ittybit {
namespace {

constexpr std::size_t kMostErrors = 100;  // told at once

}  // namespace

void OrderProblems::add(ErrorKind kind, std::string field, std::string message) {
    const bool is_told =
        std::ranges::find(problems_, field, &OptionProblem::field) != problems_.end();
    if (is_told || problems_.size() >= kMostErrors) return;
    problems_.push_back({kind, std::move(field), std::move(message)});
}

std::vector<OptionProblem> OrderProblems::ranked() && {
    std::ranges::stable_sort(problems_, {}, &OptionProblem::kind);
    return std::move(problems_);
}

std::string field_path(std::string_view at, std::string_view name) {
    return at.empty() ? std::string(name) : fmt::format("{}.{}", at, name);
}

ErrorKind kind_of_field(std::string_view field) {
    if (field == "output") return ErrorKind::kInvalidOutput;
    if (field == "connection") return ErrorKind::kConnectionRequired;
    if (field == "webhook_url") return ErrorKind::kInvalidWebhookUrl;
    return ErrorKind::kInvalidRequest;
}

}  // namespace ittybit
