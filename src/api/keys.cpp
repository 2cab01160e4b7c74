// API keys. Who has one that may do everything may make others and revoke them.

#include <fmt/format.h>

#include "api/handlers.h"
#include "base/fields_json.h"
#include "base/log.h"
#include "store/api_key.h"

namespace ittybit::api {
namespace {

constexpr std::size_t kMostKeys = 1000;

/// All that a key may do, by name.
json::array scopes_of(Scope greatest) {
    json::array scopes;
    for (const auto& row : names(Scope())) {
        if (row.value <= greatest) scopes.push_back(json::string(row.name));
    }
    return scopes;
}

json::object key_json(const store::KeyRecord& key) {
    return {
        {"id", key.id},
        {"object", "key"},
        {"name", key.name},
        {"hint", key.hint},
        {"scopes", scopes_of(key.scope)},
        {"expires_at", to_json(key.expires_at)},
        {"rate_limit", to_json(key.rate_limit)},
        {"max_running", to_json(key.max_running)},
        {"last_used_at", to_json(key.last_used_at)},
        {"created_at", key.created_at},
    };
}

/// Its answer is not remembered for an Idempotency-Key: that would keep the key.
Result<Response> create(Service& service, const Request& request) {
    const auto body = TRY(read_json_body(request));
    KeyRequest wanted;
    Reader reader;
    reader.read(body, wanted);
    if (!reader.problems().empty()) return error_response(errors_of(reader.problems()));
    if (TRY(service.keys.list()).size() >= kMostKeys) {
        return Error{
            ErrorKind::kInvalidRequest,
            fmt::format("there are {} keys already: revoke some that nobody uses", kMostKeys), ""
        };
    }
    const auto made = TRY(store::make_key(wanted, service.clock.now()));
    TRY(service.keys.add(made.record));
    log::info("an API key was made", {{"key", made.record.id}, {"name", wanted.name}});
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
    return no_content();
}

}  // namespace

std::vector<Route> key_routes() {
    return {
        {.method = "POST",
         .pattern = "/keys",
         .summary = "Make an API key, shown only now",
         .handler = create,
         .body = Body::kJson,
         .scope = Scope::kAdmin,
         .success = 201,
         .request_schema = "KeyRequest",
         .answer_schema = "NewKey",
         .errors = {ErrorKind::kInvalidRequest}},
        {.method = "GET",
         .pattern = "/keys",
         .summary = "List API keys",
         .handler = list,
         .scope = Scope::kAdmin,
         .answer_schema = "KeyList"},
        {.method = "DELETE",
         .pattern = "/keys/{id}",
         .summary = "Revoke an API key",
         .handler = revoke,
         .scope = Scope::kAdmin,
         .success = 204,
         .errors = {ErrorKind::kInvalidRequest, ErrorKind::kRouteNotFound}},
    };
}

}  // namespace ittybit::api
