#include "api/http.h"

#include <algorithm>
#include <array>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "model/error_kinds.h"

namespace ittybit::api {
namespace {

/// A kind that only ends jobs is ours to answer for when a request runs into it.
int status_of(ErrorKind kind) {
    const int status = error_row(kind).http_status;
    if (status != 0) return status;
    return kind == ErrorKind::kDiskFull ? 503 : 500;
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
    const auto* found = find_header(name);
    return found != nullptr ? std::string_view(found->value) : "";
}

const Header* Request::find_header(std::string_view name) const {
    const auto found = std::ranges::find_if(headers, [&](const auto& header) {
        return is_same_word(header.name, name);
    });
    return found == headers.end() ? nullptr : &*found;
}

std::string_view Response::header(std::string_view name) const {
    const auto found = std::ranges::find(headers, name, &Header::name);
    return found != headers.end() ? std::string_view(found->value) : "";
}

std::string_view Request::capture(std::string_view name) const {
    for (const auto& [key, value] : captures) {
        if (key == name) return value;
    }
    return "";
}

std::optional<std::string> Request::query_value(std::string_view name) const {
    for (const auto& [key, value] : query) {
        if (key == name) return value;
    }
    return std::nullopt;
}

Response no_content() {
    Response response;
    response.status = 204;
    return response;
}

Response json_response(int status, const json::value& value) {
    Response response;
    response.status = status;
    response.body = compact_json(value);
    response.with("Content-Type", "application/json");
    return response;
}

std::vector<FieldError> errors_of(const std::vector<Problem>& problems) {
    std::vector<FieldError> errors;
    for (const auto& problem : problems)
        errors.push_back({ErrorKind::kInvalidRequest, problem.where, problem.message});
    return errors;
}

Response error_response(const Error& error, int retry_after_s) {
    const int status = status_of(error.kind);
    if (status == 500) {
        const auto id = random_hex(64);
        log::error(
            "request failed",
            {{"id", id}, {"kind", std::string(name_of(error.kind))}, {"error", error.message}}
        );
        return json_response(
            500, {{"kind", "internal_error"},
                  {"message", fmt::format("something broke on our side; in the log it is {}", id)}}
        );
    }
    const auto kind = status == 503 ? ErrorKind::kUnavailable : error.kind;
    auto response = json_response(status, {{"kind", name_of(kind)}, {"message", error.message}});
    if (status == 401) response.with("WWW-Authenticate", "Bearer");
    if (status == 429 || status == 503) {
        response.with("Retry-After", fmt::format("{}", retry_after_s));
    }
    return response;
}

Response refusal(int status, const Error& error) {
    return json_response(status, {{"kind", name_of(error.kind)}, {"message", error.message}});
}

Response error_response(std::vector<FieldError> errors) {
    std::ranges::stable_sort(errors, {}, &FieldError::kind);
    std::vector<std::string> sentences;
    json::array list;
    for (const auto& error : errors) {
        sentences.push_back(error.message);
        list.push_back(
            {{"kind", name_of(error.kind)}, {"field", error.field}, {"message", error.message}}
        );
    }
    const auto& first = errors.front();
    return json_response(
        status_of(first.kind), {{"kind", name_of(first.kind)},
                                {"message", join(sentences, "; ")},
                                {"errors", std::move(list)}}
    );
}

std::string percent_decoded(std::string_view text, bool is_query) {
    std::string words(text);
    if (is_query) std::ranges::replace(words, '+', ' ');
    return valid_utf8(percent_decode(words));
}

std::string http_date(std::time_t seconds) {
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(seconds));
}

std::optional<std::time_t> read_http_date(const std::string& text) {
    constexpr std::array kForms = {
        "%a, %d %b %Y %H:%M:%S GMT",  // IMF-fixdate
        "%A, %d-%b-%y %H:%M:%S GMT",  // RFC 850
        "%a %b %e %H:%M:%S %Y",       // asctime
    };
    for (const auto* form : kForms) {
        std::tm time{};
        const char* end = ::strptime(text.c_str(), form, &time);
        if (end != nullptr && *end == '\0') return ::timegm(&time);
    }
    return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> read_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> pairs;
    if (query.empty()) return pairs;
    for (const auto& piece : split(query, '&')) {
        if (piece.empty()) continue;
        const auto equals = piece.find('=');
        const auto value = equals == std::string::npos ? std::string() : piece.substr(equals + 1);
        pairs.emplace_back(
            percent_decoded(piece.substr(0, equals), true), percent_decoded(value, true)
        );
    }
    return pairs;
}

Response preflight() {
    auto response = no_content();
    response.with("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE, OPTIONS")
        .with(
            "Access-Control-Allow-Headers",
            "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Range, If-Range, "
            "If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, X-Request-Id"
        )
        .with("Access-Control-Max-Age", "86400");
    return response;
}

}  // namespace ittybit::api
