#include "api/openapi.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "api/schemas.h"
#include "base/text.h"
#include "model/error_kinds.h"

namespace ittybit::api {
namespace {

/// The media type and schema of a body that is named so in the table of routes.
json::object content_of(std::string_view schema) {
    if (schema == "Bytes") return {{"application/octet-stream", json::object()}};
    if (schema == "UploadBytes") return {{"application/offset+octet-stream", json::object()}};
    if (schema == "Events") return {{"text/event-stream", {{"schema", {{"type", "string"}}}}}};
    if (schema == "Text") return {{"text/plain", {{"schema", {{"type", "string"}}}}}};
    if (schema == "Page") return {{"text/html", {{"schema", {{"type", "string"}}}}}};
    return {{"application/json", {{"schema", schema_reference(schema)}}}};
}

/// Events of one thing end, and go on behind the last one that was seen; those of all do neither.
bool has_end(const Route& route) {
    return route.answer_schema == "Events" && route.pattern.find('{') != std::string_view::npos;
}

/// By its headers, whose answers have no body (tus 1.0.0).
bool speaks_tus(const Route& route) {
    return route.pattern.starts_with("/uploads/resumable") && !route.is_open;
}

/// A new key or token is told once: its answer is kept for nobody. A test tells how things are now.
bool is_remembered(const Route& route) {
    constexpr std::array<std::string_view, 3> kKept = {"NewKey", "UploadToken", "ConnectionTest"};
    const bool is_kept = std::ranges::find(kKept, route.answer_schema) != kKept.end();
    return route.method == "POST" && !is_kept;
}

/// A managed file itself.
bool gives_bytes(const Route& route) {
    return route.pattern.starts_with("/files/") && route.answer_schema == "Bytes";
}

int status_of(ErrorKind kind) {
    return kind == ErrorKind::kDiskFull ? 507 : error_row(kind).http_status;
}

/// The words of the kinds that a route may answer with, by status.
std::map<int, std::vector<std::string>> failures_of(const Route& route) {
    std::set<ErrorKind> kinds(route.errors.begin(), route.errors.end());
    kinds.insert({ErrorKind::kInternalError, ErrorKind::kUnavailable, ErrorKind::kInvalidRequest});
    if (!route.is_open)
        kinds.insert(
            {ErrorKind::kTokenMissing, ErrorKind::kTokenInvalid, ErrorKind::kTooManyRequests}
        );
    if (route.body == Body::kJson) {
        kinds.insert(
            {ErrorKind::kBodyTooLarge, ErrorKind::kUnsupportedMediaType, ErrorKind::kInvalidJson}
        );
    }
    std::map<int, std::vector<std::string>> failures;
    for (const auto kind : kinds) failures[status_of(kind)].emplace_back(name_of(kind));
    if (!route.is_open && scope_of(route) != Scope::kRead) {
        failures[403] = {std::string(name_of(ErrorKind::kTokenInvalid))};
    }
    if (gives_bytes(route)) {
        failures[403] = {std::string(name_of(ErrorKind::kTokenInvalid))};
        failures[412] = failures[416] = {"invalid_request"};
    }
    if (speaks_tus(route)) failures[412] = {"invalid_request"};  // another version
    if (speaks_tus(route) && route.method != "DELETE") failures[423] = {"unavailable"};  // joined
    if (speaks_tus(route) && route.method == "PATCH") failures[409] = {"invalid_request"};
    if (route.pattern == "/files/{id}") failures[409] = {"invalid_request"};  // it is in use
    failures[414] = {"invalid_request"};                                      // a long address
    failures[431] = {"invalid_request"};                                      // a large header
    return failures;
}

/// The headers of an answer that went well.
json::object headers_of(const Route& route) {
    const json::object text{{"schema", {{"type", "string"}}}};
    const json::object whole{{"schema", {{"type", "integer"}}}};
    const json::object truth{{"schema", {{"type", "string"}, {"enum", {"true", "false"}}}}};
    if (speaks_tus(route) && route.method != "DELETE") {
        json::object headers{{"Upload-Offset", whole}, {"Upload-Expires", text}};
        if (route.method == "POST") headers["Location"] = text;
        if (route.method == "HEAD") headers["Upload-Length"] = whole;
        return headers;
    }
    if (route.success == 201) return {{"Location", text}};
    if (std::ranges::find(route.query, "after") != route.query.end()) {
        return {{"Link", text}, {"Has-More", truth}, {"Limit", whole}};
    }
    if (gives_bytes(route)) return {{"ETag", text}, {"Last-Modified", text}};
    return {};
}

json::object answers_of(const Route& route) {
    json::object answers;
    json::object success{{"description", route.summary}};
    if (!route.answer_schema.empty()) success["content"] = content_of(route.answer_schema);
    if (auto headers = headers_of(route); !headers.empty()) {
        success["headers"] = std::move(headers);
    }
    answers[fmt::format("{}", route.success)] = success;
    if (route.success == 201 && is_remembered(route) && !speaks_tus(route)) {
        success["description"] = "The answer that the Idempotency-Key was given first";
        answers["200"] = success;
    }
    if (has_end(route)) answers["204"] = {{"description", "Nothing more will come"}};
    if (gives_bytes(route)) {
        answers["206"] = {{"description", "A part"}, {"content", content_of("Bytes")}};
        answers["304"] = {{"description", "Unchanged"}};
        answers["307"] = {
            {"description", "Where the storage gives it, with --redirect-files"},
            {"headers", {{"Location", {{"schema", {{"type", "string"}}}}}}}
        };
    }
    for (const auto& [status, kinds] : failures_of(route)) {
        answers[fmt::format("{}", status)] = {
            {"description", join(kinds)}, {"content", content_of("Error")}
        };
    }
    return answers;
}

json::array parameters_of(const Route& route) {
    json::array parameters;
    for (const auto& piece : split(route.pattern, '/')) {
        if (!piece.starts_with('{')) continue;
        auto name = piece.substr(1, piece.size() - 2);
        if (name.ends_with("...")) name.resize(name.size() - 3);
        parameters.push_back(
            {{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}}
        );
    }
    for (const auto name : route.query) {
        json::object schema{{"type", "string"}};
        if (name == "limit") {
            schema = {{"type", "integer"}, {"minimum", 1}, {"maximum", 100}, {"default", 20}};
        } else if (name == "order") {
            schema["enum"] = {"asc", "desc"};
        } else if (name == "role") {
            schema["enum"] = {"output", "upload", "import"};
        } else if (name == "explain") {
            schema = {
                {"type", "boolean"},
                {"default", false},
                // No other answer of the operation: who takes a job should not have to tell it
                // from plans, whose fields are no promise.
                {"description",
                 "Makes nothing: the answer is 200 and an explanation instead of a job, with the "
                 "plan of each output. A plan's fields may change from version to version."},
            };
        }
        parameters.push_back({{"name", name}, {"in", "query"}, {"schema", std::move(schema)}});
    }
    const auto add_header = [&](std::string_view name, json::object schema) {
        parameters.push_back({{"name", name}, {"in", "header"}, {"schema", std::move(schema)}});
    };
    if (is_remembered(route)) {
        add_header("Idempotency-Key", {{"type", "string"}, {"maxLength", 255}});
    }
    if (speaks_tus(route)) {
        const json::object whole{{"type", "integer"}, {"minimum", 0}};
        add_header("Tus-Resumable", {{"type", "string"}, {"const", "1.0.0"}});
        if (route.method == "POST") {
            add_header("Upload-Length", whole);
            add_header("Upload-Metadata", {{"type", "string"}});
        }
        if (route.method == "PATCH") add_header("Upload-Offset", whole);
    }
    if (has_end(route)) add_header("Last-Event-ID", {{"type", "string"}});
    if (gives_bytes(route)) {
        for (const auto* name :
             {"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since",
              "If-Unmodified-Since"}) {
            add_header(name, {{"type", "string"}});
        }
    }
    return parameters;
}

std::string capitalised(std::string word) {
    word.front() = static_cast<char>(word.front() - 'a' + 'A');
    return word;
}

/// The verb of what is neither a list nor an action.
std::string verb_of(const Route& route) {
    if (route.method == "POST") return "create";
    if (route.method == "PATCH") return "change";
    if (route.method == "DELETE") return "delete";
    return route.answer_schema.ends_with("List") ? "list" : "get";
}

/// `createJob`, `listJobs`, `getJobEvents`, `resendJobWebhook`: how generated clients name the
/// call. What stands before a {name} is one of many; a POST's last word behind one is what is done.
std::string operation_id(const Route& route) {
    if (route.pattern == "/") return "getFrontPage";
    std::vector<std::string> nouns;
    const auto make_one = [&] {
        if (nouns.back().ends_with('s')) nouns.back().pop_back();
    };
    for (const auto& piece : split(route.pattern.substr(1), '/')) {
        if (piece.starts_with('{')) {
            make_one();
        } else {
            nouns.push_back(piece.substr(0, piece.find('.')));
        }
    }
    std::string id = verb_of(route);
    if (route.method == "POST" && route.pattern.find('{') != std::string::npos) {
        id = nouns.back();
        nouns.pop_back();
    } else if (route.method == "POST") {
        for (auto& noun : nouns) {
            if (noun.ends_with('s')) noun.pop_back();
        }
    }
    for (auto& noun : nouns) id += capitalised(std::move(noun));
    return id;
}

/// The key that is wanted, and the scope it must have.
json::array security_of(const Route& route) {
    if (route.is_open) return {};
    json::array ways{json::object{{"key", json::array{json::string(name_of(scope_of(route)))}}}};
    if (route.takes_upload_tokens) {
        ways.push_back(json::object{{"uploadToken", json::array()}});
    }
    return ways;
}

json::object security_schemes() {
    return {
        {"key",
         {{"type", "http"},
          {"scheme", "bearer"},
          {"description",
           "An API key. An operation names the scope that it must have: read, create or admin, of "
           "which each includes those before it."}}},
        {"uploadToken",
         {{"type", "apiKey"},
          {"in", "query"},
          {"name", "token"},
          {"description", "A token for one upload; it may also be sent as a key is."}}},
    };
}

std::string path_of(std::string_view pattern) {
    std::string path(pattern);
    const auto dots = path.find("...");
    if (dots != std::string::npos) path.erase(dots, 3);
    return path;
}

json::object ended(std::string_view summary, std::string_view schema) {
    return {
        {"post",
         {{"operationId", fmt::format("receive{}", schema)},
          {"summary", summary},
          {"security", json::array()},  // a signature stands for a key
          {"requestBody", {{"required", true}, {"content", content_of(schema)}}},
          {"responses", {{"200", {{"description", "Any 2xx is taken as delivered"}}}}}}}
    };
}

}  // namespace

json::object openapi_document(const std::vector<Route>& routes, std::string_view version) {
    json::object paths;
    for (const auto& route : routes) {
        if (route.method == "OPTIONS") continue;
        json::object operation{
            {"operationId", operation_id(route)},
            {"summary", route.summary},
            {"responses", answers_of(route)}
        };
        if (auto parameters = parameters_of(route); !parameters.empty()) {
            operation["parameters"] = std::move(parameters);
        }
        if (!route.request_schema.empty()) {
            operation["requestBody"] = {
                {"required", true}, {"content", content_of(route.request_schema)}
            };
        }
        operation["security"] = security_of(route);
        auto& path = paths[path_of(route.pattern)];
        if (!path.is_object()) path = json::object();
        path.get_object()[to_lower(route.method)] = std::move(operation);
    }
    return {
        {"openapi", "3.1.0"},
        {"info",
         {{"title", "ittybit"},
          {"version", version},
          {"description",
           "Media processing: give it an input URL and a kind. Whatever GET answers, "
           "HEAD answers too."},
          {"license", {{"name", "GPL-3.0-or-later"}, {"identifier", "GPL-3.0-or-later"}}}}},
        {"servers", json::array{json::object{{"url", "/"}}}},
        {"paths", std::move(paths)},
        {"webhooks",
         {{"jobEnded", ended("A job has ended", "JobEnded")},
          {"taskEnded", ended("A standalone task has ended", "TaskEnded")}}},
        {"components", {{"schemas", component_schemas()}, {"securitySchemes", security_schemes()}}},
    };
}

}  // namespace ittybit::api
