// API keys. Who has one may make others and revoke them.

#include <fmt/format.h>

#include "api/handlers.h"
#include "base/log.h"
#include "base/text.h"
#include "store/api_key.h"

namespace ittybit::api {
namespace {

constexpr std::size_t kLongestName = 100;  // bytes
constexpr std::size_t kMostKeys = 1000;

json::object key_json(const store::KeyRecord& key) {
    return {
        {"id", key.id},
        {"object", "key"},
        {"name", key.name},
        {"hint", key.hint},
        {"created_at", key.created_at},
    };
}

Result<std::string> read_name(const json::value& body) {
    const auto name = string_at(body, "name");
    const bool is_alone = body.is_object() && body.get_object().size() == 1;
    if (is_alone && !name.empty() && name.size() <= kLongestName) return name;
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format("the body must hold a name of 1 to {} bytes, and nothing else", kLongestName),
        "name"
    };
}

/// Its answer is not remembered for an Idempotency-Key: that would keep the key.
Result<Response> create(Service& service, const Request& request) {
    const auto body = TRY(read_json_body(request));
    const auto name = TRY(read_name(body));
    if (TRY(service.keys.list()).size() >= kMostKeys) {
        return Error{
            ErrorKind::kInvalidRequest,
            fmt::format("there are {} keys already: revoke some that nobody uses", kMostKeys), ""
        };
    }
    const auto made = store::make_key(name, service.clock.now());
    TRY(service.keys.add(made.record));
    log::info("an API key was made", {{"key", made.record.id}, {"name", name}});
    auto key = key_json(made.record);
    key["key"] = made.text;
    auto response = json_response(201, key);
    response.with("Location", fmt::format("{}/keys/{}", base_path(service), made.record.id));
    response.with("Cache-Control", "no-store");
    return response;
}

Result<Response> list(Service& service, const Request& /*request*/) {
    json::array keys;
    for (const auto& key : TRY(service.keys.list())) keys.push_back(key_json(key));
    return json_response(200, std::move(keys));
}

Result<Response> revoke(Service& service, const Request& request) {
    const std::string id(request.capture("id"));
    if (!TRY(service.keys.revoke(id))) {
        return Error{
            ErrorKind::kRouteNotFound, fmt::format("there is no key {}: see GET /keys", id), "id"
        };
    }
    log::info("an API key was revoked", {{"key", id}});
    Response response;
    response.status = 204;
    return response;
}

}  // namespace

std::vector<Route> key_routes() {
    return {
        {.method = "POST",
         .pattern = "/keys",
         .summary = "Make an API key, shown only now",
         .handler = create,
         .body = Body::kJson,
         .success = 201,
         .request_schema = "KeyRequest",
         .answer_schema = "NewKey",
         .errors = {ErrorKind::kInvalidRequest}},
        {.method = "GET",
         .pattern = "/keys",
         .summary = "List API keys",
         .handler = list,
         .answer_schema = "KeyList"},
        {.method = "DELETE",
         .pattern = "/keys/{id}",
         .summary = "Revoke an API key",
         .handler = revoke,
         .success = 204,
         .errors = {ErrorKind::kInvalidRequest, ErrorKind::kRouteNotFound}},
    };
}

}  // namespace ittybit::api
