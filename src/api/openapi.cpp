#include "api/openapi.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/fields_schema.h"
#include "base/text.h"
#include "model/connection.h"
#include "model/error_kinds.h"
#include "model/job.h"
#include "model/operation.h"

namespace ittybit::api {
namespace {

json::object reference(std::string_view name) {
    return {{"$ref", fmt::format("#/components/schemas/{}", name)}};
}

json::object text_schema(std::string_view description) {
    return {{"type", "string"}, {"description", description}};
}

json::object list_of(std::string_view name) {
    return {{"type", "array"}, {"items", reference(name)}};
}

/// Answers show every member, absent facts as null: an optional row may be null.
template <typename T>
json::object answer_schema() {
    auto schema = schema_of<T>();
    auto& properties = schema["properties"].get_object();
    json::array required;
    for_each_field<T>([&](const auto& field) {
        using Value = std::decay_t<decltype(std::declval<T>().*field.member)>;
        auto& property = properties[field.name].get_object();
        property.erase("default");
        if constexpr (kIsOptional<Value>) {
            auto description = property["description"];
            property.erase("description");
            json::object plain = std::move(property);
            property = {
                {"anyOf", json::array{std::move(plain), json::object{{"type", "null"}}}},
                {"description", std::move(description)}
            };
        }
        if (!field.is_left_out_when_empty) required.push_back(json::string(field.name));
    });
    schema["required"] = std::move(required);
    return schema;
}

json::object kind_of_job(std::string_view kind, bool is_task) {
    json::object properties{
        {"kind", {{"const", kind}}},
        {"input", is_task ? TaskInput::schema() : text_schema("An http://, https:// or s3:// URL.")
        },
        {"options", options_schema(kind)},
        {"connection", text_schema("Id or name of the connection for s3://.")},
        {"metadata", {{"type", "object"}, {"description", "Echoed; at most 16 KiB."}}},
        {"webhook_url", text_schema("Where to POST the finished object.")},
    };
    if (is_task) {
        json::array inputs = TaskInput::schema()["oneOf"].as_array();
        inputs.push_back(text_schema("A URL."));
        properties["input"] = {{"anyOf", std::move(inputs)}};
    } else {
        properties["output"] = text_schema(
            "s3://bucket/key, may hold {date}, {filename}, {kind}, {format}, {id}; managed storage "
            "when absent."
        );
    }
    return {
        {"type", "object"},
        {"title", kind},
        {"required", {"kind", "input"}},
        {"properties", std::move(properties)},
    };
}

/// One schema a kind, chosen by `kind`. An option may also stand at the top level.
json::object job_request_schema() {
    json::array kinds;
    for (const auto kind : kKinds) {
        if (is_job_kind(kind)) kinds.push_back(kind_of_job(kind, false));
    }
    return {{"oneOf", std::move(kinds)}, {"discriminator", {{"propertyName", "kind"}}}};
}

json::object task_request_schema() {
    json::array kinds;
    for (const auto kind : kKinds) kinds.push_back(kind_of_job(kind, true));
    auto import = kind_of_job("probe", true);
    import["title"] = "import";
    import["properties"].as_object()["kind"] = {{"const", "import"}};
    auto exported = import;
    exported["title"] = "export";
    exported["properties"].as_object()["kind"] = {{"const", "export"}};
    exported["properties"].as_object()["options"] = {
        {"type", "object"},
        {"required", json::array{"url"}},
        {"properties",
         {{"url", text_schema("s3://bucket/key")}, {"connection_id", text_schema("The connection.")}
         }},
    };
    kinds.push_back(std::move(import));
    kinds.push_back(std::move(exported));
    return {{"oneOf", std::move(kinds)}, {"discriminator", {{"propertyName", "kind"}}}};
}

json::object error_schema() {
    json::array kinds;
    for (const auto& row : kErrorKinds) {
        if (row.http_status != 0) kinds.push_back(json::string(row.name));
    }
    const json::object kind{{"type", "string"}, {"enum", std::move(kinds)}};
    return {
        {"type", "object"},
        {"required", {"kind", "message"}},
        {"properties",
         {{"kind", kind},
          {"message", text_schema("What to do about it.")},
          {"errors",
           {{"type", "array"},
            {"items",
             {{"type", "object"},
              {"required", {"kind", "field", "message"}},
              {"properties",
               {{"kind", kind},
                {"field", text_schema("The field at fault.")},
                {"message", text_schema("One sentence.")}}}}}}}}},
    };
}

json::object connection_schema(bool is_answer) {
    auto schema = schema_of<ConnectionRequest>();
    auto& properties = schema["properties"].get_object();
    properties["kind"].get_object().erase("default");
    if (!is_answer) return schema;
    properties.erase("secret_access_key");
    properties.erase("session_token");
    properties["path_style"] = {{"type", {"boolean", "null"}}};
    properties["id"] = text_schema("conn_…");
    properties["object"] = {{"const", "connection"}};
    properties["created_at"] = properties["updated_at"] = {{"type", "integer"}};
    schema["required"] = {"id", "kind", "name"};
    return schema;
}

json::object delivery_schema() {
    return {
        {"type", "object"},
        {"required", {"id", "object", "type", "url", "status", "attempts"}},
        {"properties",
         {{"id", text_schema("The webhook-id of every try.")},
          {"object", {{"const", "delivery"}}},
          {"type", text_schema("job.succeeded, job.failed or job.cancelled.")},
          {"url", text_schema("Where it goes.")},
          {"status", {{"type", "string"}, {"enum", {"pending", "delivered", "failed"}}}},
          {"attempts", {{"type", "array"}, {"items", {{"type", "object"}}}}},
          {"next_attempt_at", {{"type", {"integer", "null"}}}},
          {"created_at", {{"type", "integer"}}},
          {"updated_at", {{"type", "integer"}}}}},
    };
}

json::object all_schemas() {
    auto change = connection_schema(false);
    change.erase("required");
    return {
        {"JobRequest", job_request_schema()},
        {"TaskRequest", task_request_schema()},
        {"ConnectionRequest", connection_schema(false)},
        {"ConnectionChange", std::move(change)},
        {"Job", answer_schema<Job>()},
        {"JobList", list_of("Job")},
        {"Task", answer_schema<Task>()},
        {"TaskList", list_of("Task")},
        {"ExternalFile", answer_schema<ExternalFile>()},
        {"File", answer_schema<File>()},
        {"Part",
         {{"type", "object"},
          {"required", {"name", "url", "size"}},
          {"properties",
           {{"name", text_schema("Within its folder.")},
            {"url", text_schema("Where it is.")},
            {"size", {{"type", "integer"}}}}}}},
        {"PartList", list_of("Part")},
        {"Connection", connection_schema(true)},
        {"ConnectionList", list_of("Connection")},
        {"Delivery", delivery_schema()},
        {"DeliveryList", list_of("Delivery")},
        {"Health", {{"type", "object"}}},
        {"Document", {{"type", "object"}}},
        {"Error", error_schema()},
    };
}

/// The media type and schema of a body that is named so in the table of routes.
json::object content_of(std::string_view schema) {
    if (schema == "Bytes") return {{"application/octet-stream", json::object()}};
    if (schema == "Events") return {{"text/event-stream", {{"schema", {{"type", "string"}}}}}};
    if (schema == "Text") return {{"text/plain", {{"schema", {{"type", "string"}}}}}};
    if (schema == "Page") return {{"text/html", {{"schema", {{"type", "string"}}}}}};
    return {{"application/json", {{"schema", reference(schema)}}}};
}

/// The kinds that a route may answer with, by status.
std::map<int, std::vector<std::string>> failures_of(const Route& route) {
    std::set<std::string> kinds(route.errors.begin(), route.errors.end());
    kinds.insert({"internal_error", "unavailable", "invalid_request"});
    if (!route.is_open) kinds.insert({"token_missing", "token_invalid", "too_many_requests"});
    if (route.body == Body::kJson) {
        kinds.insert({"body_too_large", "unsupported_media_type", "invalid_json"});
    }
    std::map<int, std::vector<std::string>> failures;
    for (const auto& kind : kinds) failures[error_kind(kind).http_status].push_back(kind);
    if (route.pattern.starts_with("/files/")) failures[416] = {"invalid_request"};
    return failures;
}

json::object answers_of(const Route& route) {
    json::object answers;
    json::object success{{"description", route.summary}};
    if (!route.answer_schema.empty()) success["content"] = content_of(route.answer_schema);
    answers[fmt::format("{}", route.success)] = success;
    if (route.success == 201) {
        success["description"] = "The answer that the Idempotency-Key was given first";
        answers["200"] = success;
    }
    if (route.answer_schema == "Events")
        answers["204"] = {{"description", "Nothing more will come"}};
    if (route.pattern.starts_with("/files/")) {
        answers["206"] = {{"description", "A part"}, {"content", content_of("Bytes")}};
        answers["304"] = {{"description", "Unchanged"}};
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
        }
        parameters.push_back({{"name", name}, {"in", "query"}, {"schema", std::move(schema)}});
    }
    if (route.method == "POST") {
        parameters.push_back(
            {{"name", "Idempotency-Key"},
             {"in", "header"},
             {"schema", {{"type", "string"}, {"maxLength", 255}}}}
        );
    }
    return parameters;
}

std::string path_of(std::string_view pattern) {
    std::string path(pattern);
    const auto dots = path.find("...");
    if (dots != std::string::npos) path.erase(dots, 3);
    return path;
}

}  // namespace

json::object openapi_document(const std::vector<Route>& routes, std::string_view version) {
    json::object paths;
    for (const auto& route : routes) {
        json::object operation{{"summary", route.summary}, {"responses", answers_of(route)}};
        if (auto parameters = parameters_of(route); !parameters.empty()) {
            operation["parameters"] = std::move(parameters);
        }
        if (!route.request_schema.empty()) {
            operation["requestBody"] = {
                {"required", true}, {"content", content_of(route.request_schema)}
            };
        }
        if (route.is_open) operation["security"] = json::array();
        auto& path = paths[path_of(route.pattern)];
        if (!path.is_object()) path = json::object();
        path.get_object()[to_lower(route.method)] = std::move(operation);
    }
    const json::object finished{
        {"post",
         {{"summary", "A job has ended"},
          {"requestBody", {{"content", content_of("Job")}}},
          {"responses", {{"200", {{"description", "Any 2xx is taken as delivered"}}}}}}}
    };
    return {
        {"openapi", "3.1.0"},
        {"info",
         {{"title", "ittybit"},
          {"version", version},
          {"description", "Media processing: give it an input URL and a kind."}}},
        {"security", json::array{json::object{{"key", json::array()}}}},
        {"paths", std::move(paths)},
        {"webhooks", {{"jobEnded", finished}}},
        {"components",
         {{"schemas", all_schemas()},
          {"securitySchemes", {{"key", {{"type", "http"}, {"scheme", "bearer"}}}}}}},
    };
}

}  // namespace ittybit::api
