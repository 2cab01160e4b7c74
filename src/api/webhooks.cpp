#include "api/webhooks.h"

#include <fmt/format.h>

#include "api/handlers.h"
#include "api/idempotency.h"
#include "base/fields_json.h"
#include "base/ids.h"

namespace ittybit::api {
namespace {

Result<json::object> delivery_json(Service& service, const store::Delivery& delivery) {
    json::array tries;
    for (const auto& attempt : TRY(service.outbox.attempts(delivery.id))) {
        tries.push_back({
            {"at", attempt.at},
            {"status", to_json(attempt.status)},
            {"error", to_json(attempt.error)},
            {"duration_ms", attempt.duration_ms},
        });
    }
    const bool is_of_task = delivery.type.starts_with("task.");
    return json::object{
        {"id", delivery.id},
        {"object", "delivery"},
        {"type", delivery.type},
        {"url", delivery.url},
        {"job", is_of_task ? json::value() : json::value(delivery.job_id)},
        {"task", is_of_task ? json::value(following_id(delivery.job_id, "task", 1)) : json::value()
        },
        {"status", delivery.status},
        {"attempts", std::move(tries)},
        {"next_attempt_at", to_json(delivery.next_at)},
        {"created_at", delivery.created_at},
        {"updated_at", delivery.updated_at},
    };
}

Result<json::array> deliveries_json(
    Service& service, const std::vector<store::Delivery>& deliveries
) {
    json::array items;
    for (const auto& delivery : deliveries) {
        items.push_back(TRY(delivery_json(service, delivery)));
    }
    return items;
}

Result<Response> list(Service& service, const Request& request) {
    const auto query = TRY(read_list_query(request, Filters::kDeliveries));
    const auto page = TRY(service.outbox.list(query));
    auto items = TRY(deliveries_json(service, page.items));
    return list_response(request, service, query, std::move(items), page.has_more, cursor_of(page));
}

Result<Response> list_of_job(Service& service, const Request& request) {
    return deliveries_of(service, TRY(find_job(service, request)).job.id);
}

Result<Response> resend(Service& service, const Request& request) {
    const auto id = TRY(find_job(service, request)).job.id;
    return resend_delivery(service, id, request.capture("delivery"));
}

}  // namespace

Result<Response> deliveries_of(Service& service, const std::string& job_id) {
    const auto deliveries = TRY(service.outbox.of_job(job_id));
    return json_response(200, TRY(deliveries_json(service, deliveries)));
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
         .pattern = "/webhooks",
         .summary = "List webhook deliveries of all jobs with every try, newest first",
         .handler = list,
         .answer_schema = "DeliveryList",
         .query = {"limit", "after", "before", "order", "status"},
         .errors = {ErrorKind::kInvalidRequest}},
        {.method = "GET",
         .pattern = "/jobs/{id}/webhooks",
         .summary = "List a job's webhook deliveries with every try",
         .handler = list_of_job,
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
