#include "api/router.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"

namespace ittybit::api {
namespace {

constexpr std::size_t kShown = 200;  // of a path, in a message

using Captures = std::vector<std::pair<std::string, std::string>>;

std::optional<Captures> match(std::string_view pattern, const std::vector<std::string>& pieces) {
    const auto wanted = split(pattern, '/');
    Captures captures;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (i >= pieces.size()) return std::nullopt;
        const auto& word = wanted[i];
        if (!word.starts_with('{')) {
            if (word != percent_decoded(pieces[i])) return std::nullopt;
            continue;
        }
        const auto name = word.substr(1, word.size() - 2);
        if (!name.ends_with("...")) {
            if (pieces[i].empty()) return std::nullopt;
            captures.emplace_back(name, percent_decoded(pieces[i]));
            continue;
        }
        const std::vector<std::string> rest(
            pieces.begin() + static_cast<std::ptrdiff_t>(i), pieces.end()
        );
        captures.emplace_back(name.substr(0, name.size() - 3), percent_decoded(join(rest, "/")));
        return captures;
    }
    if (pieces.size() != wanted.size()) return std::nullopt;
    return captures;
}

bool is_named(std::string_view name, std::string_view known) {
    constexpr std::string_view kAny = "NAME";
    if (!known.ends_with(kAny)) return name == known;
    return name.starts_with(known.substr(0, known.size() - kAny.size()));
}

}  // namespace

Scope scope_of(const Route& route) {
    return route.scope.value_or(route.method == "GET" ? Scope::kRead : Scope::kCreate);
}

Result<> check_query(const Route& route, const Request& request) {
    std::vector<std::string_view> seen;
    for (const auto& [name, value] : request.query) {
        const auto wrong = [&name = name](std::string sentence) {
            return Error{ErrorKind::kInvalidRequest, std::move(sentence), name};
        };
        const bool is_known = std::ranges::any_of(route.query, [&name = name](auto known) {
            return is_named(name, known);
        });
        if (!is_known) {
            return wrong(fmt::format(
                "{} is no parameter here{}", valid_utf8(name.substr(0, kShown)),
                suggestion(name, route.query)
            ));
        }
        if (std::ranges::find(seen, name) != seen.end()) {
            return wrong(fmt::format("{} is given twice", valid_utf8(name.substr(0, kShown))));
        }
        seen.push_back(name);
    }
    return {};
}

Result<const Route*> Router::find(Request& request) const {
    const auto pieces = split(request.path, '/');
    // Both sides a view: a string here would be a copy that dies with this line.
    const std::string_view asked = request.method;
    std::vector<std::string> allowed;
    for (const auto& route : routes_) {
        auto captures = match(route.pattern, pieces);
        if (!captures) continue;
        if (route.method == asked || (asked == "HEAD" && route.method == "GET")) {
            request.captures = std::move(*captures);
            return &route;
        }
        if (route.method != "OPTIONS") allowed.emplace_back(route.method);
        if (route.method == "GET") allowed.emplace_back("HEAD");
    }
    if (allowed.empty()) {
        return Error{
            ErrorKind::kRouteNotFound,
            fmt::format(
                "there is nothing at {}: see /openapi.json for what there is",
                valid_utf8(request.path.substr(0, kShown))
            ),
            ""
        };
    }
    allowed.emplace_back("OPTIONS");
    return Error{
        ErrorKind::kMethodNotAllowed,
        fmt::format("{} is not allowed here; allowed are {}", request.method, join(allowed)),
        join(allowed)
    };
}

}  // namespace ittybit::api
