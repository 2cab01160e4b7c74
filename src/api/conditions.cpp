#include "api/conditions.h"

#include <optional>
#include <string_view>

namespace ittybit::api {
namespace {

enum class Comparison { kStrong, kWeak };

/// Whether a list of entity tags names this one, or any by `*` (RFC 9110 8.8.3.2).
bool names_tag(std::string_view list, std::string_view etag, Comparison comparison) {
    constexpr std::string_view kBetween = " \t,";
    if (list == "*") return true;
    while (!list.empty()) {
        list.remove_prefix(std::min(list.find_first_not_of(kBetween), list.size()));
        const bool is_weak = list.starts_with("W/");
        if (is_weak) list.remove_prefix(2);
        if (!list.starts_with('"')) return false;
        const auto end = list.find('"', 1);
        if (end == std::string_view::npos) return false;
        const bool counts = !is_weak || comparison == Comparison::kWeak;
        if (counts && list.substr(0, end + 1) == etag) return true;
        list.remove_prefix(end + 1);
    }
    return false;
}

std::optional<std::time_t> date_in(const Request& request, std::string_view name) {
    const auto* header = request.find_header(name);
    return header != nullptr ? read_http_date(header->value) : std::nullopt;
}

}  // namespace

Verdict judge_conditions(const Request& request, const Validators& file) {
    if (const auto* match = request.find_header("If-Match")) {
        if (!names_tag(match->value, file.etag, Comparison::kStrong)) return Verdict::kFailed;
    } else if (const auto date = date_in(request, "If-Unmodified-Since")) {
        if (file.modified > *date) return Verdict::kFailed;
    }
    if (const auto* none = request.find_header("If-None-Match")) {
        const bool is_known = names_tag(none->value, file.etag, Comparison::kWeak);
        return is_known ? Verdict::kUnchanged : Verdict::kGo;
    }
    const auto date = date_in(request, "If-Modified-Since");
    return date && file.modified <= *date ? Verdict::kUnchanged : Verdict::kGo;
}

bool may_give_range(const Request& request, const Validators& file) {
    const auto* header = request.find_header("If-Range");
    if (header == nullptr) return true;
    const std::string_view value = header->value;
    if (value.starts_with('"')) return value == file.etag;
    return read_http_date(header->value) == file.modified;
}

}  // namespace ittybit::api
