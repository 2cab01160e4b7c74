#include "api/schemas.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/fields_schema.h"
#include "base/text.h"
#include "model/api_key.h"
#include "model/connection.h"
#include "model/error_kinds.h"
#include "model/order.h"
#include "sandbox/layers.h"
#include "store/records.h"

namespace ittybit::api {
namespace {

/// The values that are components of their own, and so are referred to.
template <typename T>
inline constexpr std::string_view kComponent;
template <>
inline constexpr std::string_view kComponent<Task> = "Task";
template <>
inline constexpr std::string_view kComponent<File> = "File";
template <>
inline constexpr std::string_view kComponent<ExternalFile> = "ExternalFile";
template <>
inline constexpr std::string_view kComponent<Failure> = "Failure";
template <>
inline constexpr std::string_view kComponent<JobOutput> = "JobOutput";

json::object text_schema(std::string_view description) {
    return {{"type", "string"}, {"description", description}};
}

json::object list_of(json::object items) {
    return {{"type", "array"}, {"items", std::move(items)}};
}

json::object or_null(json::object schema) {
    return {{"anyOf", json::array{std::move(schema), json::object{{"type", "null"}}}}};
}

json::object time_schema() {
    return {{"type", "integer"}, {"description", "Unix milliseconds."}};
}

json::array names_of(const json::object& properties) {
    json::array names;
    for (const auto& property : properties) names.push_back(json::string(property.key()));
    return names;
}

/// An object all of whose members are always there.
json::object object_of(json::object properties) {
    auto required = names_of(properties);
    return {
        {"type", "object"}, {"required", std::move(required)}, {"properties", std::move(properties)}
    };
}

template <Described T>
json::object answer_object();

/// What to_json writes, where schema_of says what Reader reads.
template <typename T>
json::object answer_schema() {
    if constexpr (!kComponent<T>.empty()) {
        return schema_reference(kComponent<T>);
    } else if constexpr (std::is_same_v<T, TaskInput>) {
        return {{"oneOf", json::array{schema_reference("ExternalFile"), schema_reference("File")}}};
    } else if constexpr (kIsOptional<T>) {
        return or_null(answer_schema<typename T::value_type>());
    } else if constexpr (kIsList<T>) {
        return list_of(answer_schema<typename T::value_type>());
    } else if constexpr (Described<T>) {
        return answer_object<T>();
    } else {
        return schema_of<T>();
    }
}

/// Answers show every member, absent facts as null, unless the row says that it is left out.
template <Described T>
json::object answer_object() {
    json::object properties;
    json::array required;
    for_each_field<T>([&](const auto& field) {
        using Value = std::decay_t<decltype(std::declval<T>().*field.member)>;
        json::object property;
        if constexpr (kIsOptional<Value>) {
            property = field.is_left_out_when_empty ? answer_schema<typename Value::value_type>()
                                                    : answer_schema<Value>();
        } else {
            property = answer_schema<Value>();
        }
        property["description"] = field.help;
        // What tells one kind of object from another.
        if (field.name == "object") property["const"] = to_json(T{}.*field.member);
        properties[field.name] = std::move(property);
        if (!field.is_left_out_when_empty) required.push_back(json::string(field.name));
    });
    return {
        {"type", "object"},
        {"required", std::move(required)},
        {"properties", std::move(properties)},
    };
}

/// What a client may leave out. Generators of types take a member with a `default` for one that is
/// always there, so that the description tells it instead.
json::object without_defaults(json::object schema) {
    for (auto& property : schema["properties"].get_object()) {
        auto& facts = property.value().get_object();
        const auto* value = facts.if_contains("default");
        if (value == nullptr) continue;
        facts["description"] =
            fmt::format("{} Default: {}.", string_at(facts, "description"), compact_json(*value));
        facts.erase("default");
    }
    return schema;
}

/// "AdaptiveVideo" of "adaptive_video".
std::string capitalised(std::string_view kind) {
    std::string name;
    for (const auto& word : split(kind, '_')) {
        name += static_cast<char>(word.front() - 'a' + 'A');
        name += word.substr(1);
    }
    return name;
}

using Requests = std::vector<std::pair<std::string_view, json::object>>;  // by kind

/// `TaskRequest` and the like: one of the `VideoTaskRequest`s, by its kind. All go into `schemas`.
void add_choice(
    json::object& schemas, const std::string& name, const std::string& suffix, Requests kinds
) {
    json::array choices;
    json::object mapping;
    for (auto& [kind, request] : kinds) {
        const auto named = capitalised(kind) + suffix;
        auto reference = schema_reference(named);
        mapping[kind] = reference["$ref"];
        choices.push_back(std::move(reference));
        schemas[named] = std::move(request);
    }
    schemas[name] = {
        {"oneOf", std::move(choices)},
        {"discriminator", {{"propertyName", "kind"}, {"mapping", std::move(mapping)}}},
    };
}

json::object options_reference(std::string_view kind) {
    return schema_reference(capitalised(kind) + "Options");
}

void add_options(json::object& schemas) {
    for (const auto& kind : work_kinds()) {
        schemas[capitalised(kind) + "Options"] = without_defaults(work_schema(kind));
    }
}

/// What a job and a task are asked for with, but for what is to be made.
json::object order_request() {
    auto schema = without_defaults(schema_of<Order>());
    auto& properties = schema["properties"].get_object();
    for (const auto* name : {"kind", "outputs"}) properties.erase(name);
    properties["input"] = text_schema("An http://, https:// or s3:// URL.");
    schema["required"] = json::array{"input"};
    return schema;
}

/// Adds to `request` what is to be made: a kind with its options.
json::object with_work(json::object request, std::string_view kind) {
    auto& properties = request["properties"].get_object();
    properties["kind"] = {{"type", "string"}, {"const", kind}};
    properties["options"] = options_reference(kind);
    auto& required = request["required"];
    if (!required.is_array()) required = json::array();
    required.get_array().push_back("kind");
    if (work_schema(kind).contains("required")) required.get_array().push_back("options");
    request.erase("additionalProperties");
    request["description"] = "An option may also stand beside `options`.";
    return request;
}

/// A job of one output, or of several.
void add_job_requests(json::object& schemas) {
    const auto place = schema_of<OutputPlace>();
    Requests jobs;
    Requests outputs;
    for (const auto kind : kKinds) {
        if (!is_job_kind(kind)) continue;
        auto job = with_work(order_request(), kind);
        job["properties"].get_object()["output"] = place.at("properties").at("output");
        jobs.emplace_back(kind, std::move(job));
        outputs.emplace_back(kind, with_work(place, kind));
    }
    add_choice(schemas, "SingleJobRequest", "JobRequest", std::move(jobs));
    add_choice(schemas, "OutputRequest", "OutputRequest", std::move(outputs));
    auto several = order_request();
    several["required"] = {"input", "outputs"};
    several["properties"].get_object()["outputs"] = {
        {"type", "array"},
        {"minItems", 1},
        {"maxItems", kMostOutputs},
        {"items", schema_reference("OutputRequest")},
        {"description", "What to make of the one input."},
    };
    schemas["MultiJobRequest"] = std::move(several);
    schemas["JobRequest"] = {
        {"oneOf",
         json::array{schema_reference("SingleJobRequest"), schema_reference("MultiJobRequest")}},
    };
}

void add_task_requests(json::object& schemas) {
    const json::object input{
        {"anyOf",
         json::array{
             text_schema("A URL."), schema_reference("FileReference"), schema_reference("File")
         }}
    };
    const auto kinds = work_kinds();
    Requests tasks;
    for (const auto& kind : kinds) {
        auto task = with_work(order_request(), kind);
        task["properties"].get_object()["input"] = input;
        tasks.emplace_back(kind, std::move(task));
    }
    add_choice(schemas, "TaskRequest", "TaskRequest", std::move(tasks));
}

json::object file_reference_schema() {
    return {
        {"type", "object"},
        {"description", "An external_file, or a file that an earlier task gave."},
        {"required", json::array{"url"}},
        {"additionalProperties", true},
        {"properties", {{"url", text_schema("Where it is.")}}},
    };
}

json::object error_schema() {
    json::array kinds;
    for (const auto& row : kErrorRows) {
        if (row.http_status != 0) kinds.push_back(json::string(name_of(row.kind)));
    }
    const json::object kind{{"type", "string"}, {"enum", std::move(kinds)}};
    auto problem = object_of({
        {"kind", kind},
        {"field", text_schema("The field at fault.")},
        {"message", text_schema("One sentence.")},
    });
    return {
        {"type", "object"},
        {"required", {"kind", "message"}},
        {"properties",
         {{"kind", kind},
          {"message", text_schema("What to do about it.")},
          {"errors", list_of(std::move(problem))}}},
    };
}

json::object file_schema() {
    auto schema = answer_object<File>();
    auto& required = schema["required"].get_array();
    required.erase(std::ranges::find(required, json::value("streams")));
    schema["properties"].get_object()["streams"].get_object()["description"] =
        "The tracks inside; left out in lists.";
    return schema;
}

json::object connection_request_schema(bool is_change) {
    auto schema = without_defaults(schema_of<ConnectionRequest>());
    if (is_change) schema.erase("required");  // what is not given stays
    return schema;
}

json::object connection_schema() {
    auto schema = answer_object<ConnectionRequest>();
    auto& properties = schema["properties"].get_object();
    for (const auto* secret : {"secret_access_key", "session_token"}) properties.erase(secret);
    properties["id"] = text_schema("conn_…");
    properties["object"] = {{"const", "connection"}};
    for (const auto* time : {"created_at", "updated_at"}) properties[time] = time_schema();
    schema["required"] = names_of(properties);
    return schema;
}

json::object delivery_schema() {
    auto attempt = object_of({
        {"at", time_schema()},
        {"status", {{"type", {"integer", "null"}}, {"description", "HTTP status, if any."}}},
        {"error", {{"type", {"string", "null"}}, {"description", "What went wrong."}}},
        {"duration_ms", {{"type", "integer"}}},
    });
    json::array statuses(std::begin(store::kDeliveryStatuses), std::end(store::kDeliveryStatuses));
    return object_of({
        {"id", text_schema("The webhook-id of every try.")},
        {"object", {{"const", "delivery"}}},
        {"type",
         text_schema(
             "job.succeeded, job.failed or job.cancelled; of a task task.succeeded and so on."
         )},
        {"url", text_schema("Where it goes.")},
        {"job", {{"type", {"string", "null"}}, {"description", "Whose end it tells."}}},
        {"task", {{"type", {"string", "null"}}, {"description", "The standalone task, instead."}}},
        {"status", {{"type", "string"}, {"enum", std::move(statuses)}}},
        {"attempts", list_of(std::move(attempt))},
        {"next_attempt_at", {{"type", {"integer", "null"}}}},
        {"created_at", time_schema()},
        {"updated_at", time_schema()},
    });
}

json::object part_schema() {
    return object_of({
        {"name", text_schema("Within its folder; the cursor of the list.")},
        {"url", text_schema("Where it is.")},
        {"size", {{"type", "integer"}, {"description", "Bytes."}}},
    });
}

json::object stored_file_schema() {
    return object_of({
        {"id", text_schema("What is behind /files/ in its address.")},
        {"object", {{"const", "stored_file"}}},
        {"role", {{"type", "string"}, {"enum", {"output", "upload", "import"}}}},
        {"name", text_schema("Of an output of many files, the main one.")},
        {"size", or_null({{"type", "integer"}, {"description", "Bytes, of all its parts."}})},
        {"type", text_schema("As it is served.")},
        {"url", text_schema("Where it is.")},
        {"job", or_null(text_schema("The job that made it."))},
        {"task", or_null(text_schema("The standalone task that made it."))},
        {"created_at", time_schema()},
    });
}

json::object health_schema() {
    return object_of({
        {"status", {{"const", "ok"}}},
        {"version", text_schema("Of ittybit.")},
        {"build", text_schema("Of both executables.")},
        {"sandbox", answer_object<sandbox::Layers>()},
    });
}

json::object worker_schema() {
    return object_of({
        {"id", text_schema("As its log has it, in `listening` and `working`. New after each start.")
        },
        {"object", {{"const", "worker"}}},
        {"seen_at", time_schema()},
        {"jobs", {{"type", "integer"}, {"description", "That it works on."}}},
        {"pieces",
         {{"type", "integer"}, {"description", "Of encodes that many share, of its own too."}}},
    });
}

/// An API key without itself; a new one with it.
json::object key_schema(bool is_new) {
    json::object properties{
        {"id", text_schema("key_…")},
        {"object", {{"const", "key"}}},
        {"name", text_schema("Whose it is, or what for.")},
        {"hint", text_schema("How the key begins.")},
        {"scopes", list_of(schema_of<Scope>())},
        {"expires_at", or_null(time_schema())},
        {"rate_limit", or_null({{"type", "integer"}, {"description", "Requests a minute."}})},
        {"max_running", or_null({{"type", "integer"}, {"description", "Jobs at once."}})},
        {"last_used_at", or_null(time_schema())},
        {"created_at", time_schema()},
    };
    if (is_new) properties["key"] = text_schema("The key itself: shown now and never again.");
    return object_of(std::move(properties));
}

json::object upload_token_schema() {
    return object_of({
        {"object", {{"const", "upload_token"}}},
        {"token", text_schema("The token itself: shown now and never again.")},
        {"url", text_schema("Where the bytes are sent, with the token in it.")},
        {"max_bytes", {{"type", "integer"}}},
        {"expires_at", time_schema()},
    });
}

/// What trying a connection came to.
json::object connection_test_schema() {
    return object_of({
        {"object", {{"const", "connection_test"}}},
        {"ok", {{"type", "boolean"}}},
        {"kind",
         {{"type", {"string", "null"}},
          {"description", "The kind of error; unavailable: out of reach."}}},
        {"bucket", {{"type", {"string", "null"}}}},
        {"message", text_schema("What was done, or what is wrong and what to do.")},
    });
}

/// The body of a webhook.
json::object announcement_schema(std::string_view what, std::string_view component) {
    json::array types;
    for (const auto status : {JobStatus::kSucceeded, JobStatus::kFailed, JobStatus::kCancelled}) {
        types.push_back(json::string(fmt::format("{}.{}", what, name_of(status))));
    }
    json::object type{{"type", "string"}, {"enum", std::move(types)}};
    auto typed = object_of(json::object{{"type", std::move(type)}});
    return {{"allOf", json::array{schema_reference(component), std::move(typed)}}};
}

}  // namespace

json::object schema_reference(std::string_view name) {
    return {{"$ref", fmt::format("#/components/schemas/{}", name)}};
}

json::object component_schemas() {
    json::object schemas{
        {"FileReference", file_reference_schema()},
        {"ConnectionRequest", connection_request_schema(false)},
        {"ConnectionChange", connection_request_schema(true)},
        {"Job", answer_object<Job>()},
        {"JobOutput", answer_object<JobOutput>()},
        {"Task", answer_object<Task>()},
        {"ExternalFile", answer_object<ExternalFile>()},
        {"File", file_schema()},
        {"Failure", answer_object<Failure>()},
        {"Part", part_schema()},
        {"StoredFile", stored_file_schema()},
        {"ConnectionTestRequest",
         {{"type", "object"},
          {"properties", {{"bucket", text_schema("Where to try; the only one by default.")}}}}},
        {"ConnectionTest", connection_test_schema()},
        {"Connection", connection_schema()},
        {"Worker", worker_schema()},
        {"Key", key_schema(false)},
        {"NewKey", key_schema(true)},
        {"KeyRequest", schema_of<KeyRequest>()},
        {"UploadTokenRequest", schema_of<UploadTokenRequest>()},
        {"UploadToken", upload_token_schema()},
        {"Delivery", delivery_schema()},
        {"JobEnded", announcement_schema("job", "Job")},
        {"TaskEnded", announcement_schema("task", "Task")},
        {"Health", health_schema()},
        {"Ready", object_of(json::object{{"status", {{"const", "ready"}}}})},
        {"Document", {{"type", "object"}, {"additionalProperties", true}}},
        {"Error", error_schema()},
    };
    add_options(schemas);
    add_job_requests(schemas);
    add_task_requests(schemas);
    for (const auto* name :
         {"Job", "Task", "Part", "StoredFile", "Connection", "Key", "Delivery", "Worker"}) {
        schemas[std::string(name) + "List"] = list_of(schema_reference(name));
    }
    return schemas;
}

}  // namespace ittybit::api
