#include "api/webhooks.h"

#include <fmt/format.h>

#include "api/handlers.h"
#include "api/idempotency.h"

namespace ittybit::api {
namespace {

Result<void> check_job(Service& service, const std::string& id) {
    const auto record = TRY(service.jobs.find_job(id));
    if (record && !record->is_task) return {};
    return Error{
        ErrorKind::kJobNotFound, fmt::format("there is no job {}: see GET /jobs", id), "id"
    };
}

template <typename T>
json::value or_null(const std::optional<T>& value) {
    if (!value) return nullptr;
    return json::value_from(*value);
}

Result<json::object> delivery_json(Service& service, const store::Delivery& delivery) {
    json::array tries;
    for (const auto& attempt : TRY(service.outbox.attempts(delivery.id))) {
        tries.push_back({
            {"at", attempt.at},
            {"status", or_null(attempt.status)},
            {"error", or_null(attempt.error)},
            {"duration_ms", attempt.duration_ms},
        });
    }
    return json::object{
        {"id", delivery.id},
        {"object", "delivery"},
        {"type", delivery.type},
        {"url", delivery.url},
        {"status", delivery.status},
        {"attempts", std::move(tries)},
        {"next_attempt_at", or_null(delivery.next_at)},
        {"created_at", delivery.created_at},
        {"updated_at", delivery.updated_at},
    };
}

Result<Response> list(Service& service, const Request& request) {
    const std::string id(request.capture("id"));
    TRY(check_job(service, id));
    return deliveries_of(service, id);
}

Result<Response> resend(Service& service, const Request& request) {
    const std::string id(request.capture("id"));
    TRY(check_job(service, id));
    return resend_delivery(service, id, request.capture("delivery"));
}

}  // namespace

Result<Response> deliveries_of(Service& service, const std::string& job_id) {
    json::array items;
    for (const auto& delivery : TRY(service.outbox.of_job(job_id))) {
        items.push_back(TRY(delivery_json(service, delivery)));
    }
    return json_response(200, std::move(items));
}

Result<Response> resend_delivery(
    Service& service, const std::string& job_id, std::string_view delivery
) {
    const std::string wanted(delivery);
    if (TRY(service.outbox.resend(job_id, wanted, service.clock.now()))) {
        for (const auto& known : TRY(service.outbox.of_job(job_id))) {
            if (known.id == wanted) return json_response(200, TRY(delivery_json(service, known)));
        }
    }
    return Error{
        ErrorKind::kDeliveryNotFound,
        fmt::format("there is no webhook delivery {}: see GET /jobs/{{id}}/webhooks", wanted),
        "delivery"
    };
}

std::vector<Route> webhook_routes() {
    return {
        {.method = "GET",
         .pattern = "/jobs/{id}/webhooks",
         .summary = "List a job's webhook deliveries with every try",
         .handler = list,
         .answer_schema = "DeliveryList",
         .errors = {ErrorKind::kJobNotFound}},
        {.method = "POST",
         .pattern = "/jobs/{id}/webhooks/{delivery}/resend",
         .summary = "Try a delivery once more",
         .handler = idempotent(resend),
         .body = Body::kJson,
         .scope = Scope::kAdmin,
         .answer_schema = "Delivery",
         .errors =
             {ErrorKind::kJobNotFound, ErrorKind::kDeliveryNotFound,
              ErrorKind::kIdempotencyKeyReused}},
    };
}

}  // namespace ittybit::api
