// S3 credentials of users. A secret goes in and never comes out again.

#include <algorithm>

#include <fmt/format.h>

#include "api/handlers.h"
#include "api/idempotency.h"
#include "base/fields_json.h"
#include "base/ids.h"
#include "model/connection.h"
#include "net/address_policy.h"
#include "work/places.h"
#include "work/try_connection.h"

namespace ittybit::api {
namespace {

json::object connection_json(const store::ConnectionRecord& record) {
    json::object out{
        {"id", record.id}, {"object", "connection"}, {"kind", "s3"}, {"name", record.name}
    };
    for (const auto& member : record.settings) out[member.key()] = member.value();
    out["is_default"] = record.is_default;
    out["created_at"] = record.created_at;
    out["updated_at"] = record.updated_at;
    return out;
}

Result<store::ConnectionRecord> find_connection(Service& service, const Request& request) {
    const std::string id(request.capture("id"));
    auto record = TRY(service.connections.find(id));
    if (record) return *std::move(record);
    return Error{
        ErrorKind::kConnectionNotFound,
        fmt::format("there is no connection {}: see GET /connections", id), "id"
    };
}

/// Puts what was read into the record: plain settings beside, secrets sealed.
Result<void> fill(
    Service& service, store::ConnectionRecord& record, const ConnectionRequest& wanted
) {
    record.name = wanted.name;
    record.is_default = wanted.is_default;
    record.settings = settings_of(wanted);
    record.secret =
        TRY(service.secrets.seal(compact_json(secrets_of(wanted)), "connections." + record.id));
    return {};
}

/// An endpoint that is no address of a service, or one that may not be reached.
std::optional<FieldError> check_endpoint(const Service& service, const std::string& endpoint) {
    if (endpoint.empty()) return std::nullopt;
    const auto url = net::Url::parse(endpoint);
    const auto allowed =
        url ? net::check_literal(*url, service.client.settings().policy) : Result<>(url.error());
    if (allowed) return std::nullopt;
    return FieldError{
        ErrorKind::kInvalidRequest, "endpoint", fmt::format("endpoint: {}", allowed.error().message)
    };
}

std::vector<FieldError> read(
    const Service& service, const json::value& body, ConnectionRequest& out
) {
    Reader reader;
    reader.read(body, out);
    auto errors = errors_of(reader.problems().empty() ? check(out) : reader.problems());
    if (!errors.empty()) return errors;
    if (auto error = check_endpoint(service, out.endpoint)) errors.push_back(*std::move(error));
    return errors;
}

Result<Response> create(Service& service, const Request& request) {
    const auto body = TRY(read_json_body(request));
    ConnectionRequest wanted;
    auto errors = read(service, body, wanted);
    if (!errors.empty()) return error_response(std::move(errors));
    const auto now = service.clock.now();
    store::ConnectionRecord record;
    record.id = make_id("conn", now);
    record.created_at = record.updated_at = now;
    TRY(fill(service, record, wanted));
    TRY(service.connections.add(record));
    auto response = json_response(201, connection_json(record));
    response.with("Location", "/connections/" + record.id);
    return response;
}

/// What is given, over what there is. The secrets go to nowhere but where they were given for, and
/// a session token belongs to its secret: a new endpoint keeps neither, a new secret no token.
Result<json::object> merged(
    Service& service, const store::ConnectionRecord& record, const json::object& given
) {
    const auto is_given = [&](std::string_view name) {
        const auto* value = given.if_contains(name);
        return value != nullptr && !value->is_null();
    };
    json::object merged = record.settings;
    const bool moves =
        is_given("endpoint") && given.at("endpoint") != record.settings.at("endpoint");
    if (moves && !is_given("secret_access_key")) {
        return Error{
            ErrorKind::kInvalidRequest,
            "secret_access_key must be given again with a new endpoint, and session_token where "
            "there is one",
            "secret_access_key"
        };
    }
    const auto secret = TRY(service.secrets.unseal(record.secret, "connections." + record.id));
    if (!is_given("secret_access_key")) {
        const auto secrets = TRY(parse_json(secret));
        for (const auto& member : secrets.as_object()) merged[member.key()] = member.value();
    }
    merged["kind"] = "s3";
    merged["name"] = record.name;
    merged["is_default"] = record.is_default;
    for (const auto& member : given) {
        if (!member.value().is_null()) merged[member.key()] = member.value();
    }
    return merged;
}

/// What is given changes; all else stays as others have made it.
Result<Response> change(Service& service, const Request& request) {
    constexpr int kMostTries = 10;
    const auto body = TRY(read_json_body(request));
    if (!body.is_object()) {
        return Error{ErrorKind::kInvalidRequest, "the body must be a JSON object", ""};
    }
    for (int i = 0; i < kMostTries; ++i) {
        const auto before = TRY(find_connection(service, request));
        auto record = before;
        ConnectionRequest wanted;
        auto errors = read(service, TRY(merged(service, record, body.get_object())), wanted);
        if (!errors.empty()) return error_response(std::move(errors));
        TRY(fill(service, record, wanted));
        record.updated_at = std::max(service.clock.now(), before.updated_at + 1);
        if (TRY(service.connections.update(record, before)))
            return json_response(200, connection_json(record));
    }
    return Error{ErrorKind::kUnavailable, "the connection changes all the time: try again", "id"};
}

Result<Response> list(Service& service, const Request& request) {
    const auto query = TRY(read_list_query(request, Filters::kNone));
    const auto page = TRY(service.connections.list(query));
    json::array items;
    for (const auto& record : page.items) items.push_back(connection_json(record));
    return list_response(request, service, query, std::move(items), page.has_more, cursor_of(page));
}

Result<Response> show(Service& service, const Request& request) {
    return json_response(200, connection_json(TRY(find_connection(service, request))));
}

Result<Response> remove(Service& service, const Request& request) {
    const auto record = TRY(find_connection(service, request));
    TRY(service.connections.remove(record.id));
    return no_content();
}

/// Writes, reads and deletes a small object, by the service's own connection.
Result<Response> test(Service& service, const Request& request) {
    const auto record = TRY(find_connection(service, request));
    std::string bucket;
    if (!request.body.empty()) {
        const auto body = TRY(read_json_body(request));
        const bool is_object = body.is_object();
        bucket = string_at(body, "bucket");
        const std::size_t known = bucket.empty() ? 0 : 1;
        if (!is_object || body.get_object().size() != known) {
            return Error{
                ErrorKind::kInvalidRequest, "the body may hold the name of a bucket", "bucket"
            };
        }
    }
    const auto account = TRY(work::account_of(service.connections, service.secrets, record.id));
    return json_response(200, work::try_connection(service.client, account, bucket, {}));
}

}  // namespace

std::vector<Route> connection_routes() {
    return {
        {.method = "POST",
         .pattern = "/connections",
         .summary = "Add an S3 connection",
         .handler = idempotent(create),
         .body = Body::kJson,
         .scope = Scope::kAdmin,
         .success = 201,
         .request_schema = "ConnectionRequest",
         .answer_schema = "Connection",
         .errors =
             {ErrorKind::kInvalidRequest, ErrorKind::kConnectionExists,
              ErrorKind::kIdempotencyKeyReused}},
        {.method = "GET",
         .pattern = "/connections",
         .summary = "List connections",
         .handler = list,
         .scope = Scope::kAdmin,
         .answer_schema = "ConnectionList",
         .query = {"limit", "after", "before", "order"},
         .errors = {ErrorKind::kInvalidRequest}},
        {.method = "GET",
         .pattern = "/connections/{id}",
         .summary = "Show a connection",
         .handler = show,
         .scope = Scope::kAdmin,
         .answer_schema = "Connection",
         .errors = {ErrorKind::kConnectionNotFound}},
        {.method = "PATCH",
         .pattern = "/connections/{id}",
         .summary = "Change a connection",
         .handler = change,
         .body = Body::kJson,
         .scope = Scope::kAdmin,
         .request_schema = "ConnectionChange",
         .answer_schema = "Connection",
         .errors =
             {ErrorKind::kInvalidRequest, ErrorKind::kConnectionNotFound,
              ErrorKind::kConnectionExists}},
        {.method = "POST",
         .pattern = "/connections/{id}/test",
         .summary = "Write, read and delete a small object, and say what is wrong",
         .handler = test,
         .body = Body::kJson,
         .scope = Scope::kAdmin,
         .request_schema = "ConnectionTestRequest",
         .answer_schema = "ConnectionTest",
         .errors = {ErrorKind::kInvalidRequest, ErrorKind::kConnectionNotFound}},
        {.method = "DELETE",
         .pattern = "/connections/{id}",
         .summary = "Delete a connection",
         .handler = remove,
         .scope = Scope::kAdmin,
         .success = 204,
         .errors = {ErrorKind::kConnectionNotFound}},
    };
}

}  // namespace ittybit::api
