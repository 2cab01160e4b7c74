// How the server is, what it offers, and every route in one list.

#include <filesystem>

#include <fmt/format.h>

#include "api/handlers.h"
#include "api/openapi.h"
#include "base/text.h"

namespace ittybit::api {
namespace {

Result<Response> health(Service& service, const Request& /*request*/) {
    const auto findings = service.health.look();
    if (!findings.problems.empty())
        return Error{ErrorKind::kUnavailable, join(findings.problems, "; "), ""};
    TRY(service.jobs.find_revision(""));
    return json_response(
        200, {{"status", "ok"},
              {"version", service.settings.version},
              {"build", service.settings.build},
              {"sandbox", service.settings.sandbox}}
    );
}

/// Whether requests can be sent here: jobs may wait although nobody works on them.
Result<Response> ready(Service& service, const Request& /*request*/) {
    const auto findings = service.health.look();
    if (!findings.database.empty()) return Error{ErrorKind::kUnavailable, findings.database, ""};
    TRY(service.jobs.find_revision(""));
    return json_response(200, {{"status", "ready"}});
}

/// What is not counted when it happens but looked at when somebody asks.
Result<void> look_around(Service& service) {
    const auto counts = TRY(service.jobs.counts());
    const auto now = service.clock.now();
    const auto age_of = [&](UnixMillis since) {
        return static_cast<double>(std::max<UnixMillis>(now - since, 0)) / 1000;
    };
    auto& metrics = service.metrics;
    metrics.set("ittybit_jobs_queued", "", static_cast<double>(counts.queued));
    metrics.set("ittybit_jobs_processing", "", static_cast<double>(counts.processing));
    metrics.set("ittybit_queue_oldest_seconds", "", age_of(counts.oldest_queued.value_or(now)));
    for (const auto* name : {"ittybit_queue_depth", "ittybit_queue_age_seconds"}) {
        metrics.clear(name);
        metrics.set(name, "priority=\"0\"", 0);
    }
    for (const auto& [priority, queued] : TRY(service.jobs.queued())) {
        const auto label = fmt::format("priority=\"{}\"", priority);
        metrics.set("ittybit_queue_depth", label, static_cast<double>(queued.count));
        metrics.set("ittybit_queue_age_seconds", label, age_of(queued.oldest));
    }
    metrics.set("ittybit_webhooks_pending", "", static_cast<double>(TRY(service.outbox.pending())));
    metrics.set("ittybit_build_info", fmt::format("version=\"{}\"", service.settings.version), 1);
    std::error_code code;
    const auto space = std::filesystem::space(service.settings.scratch, code);
    if (!code) {
        metrics.set("ittybit_scratch_free_bytes", "", static_cast<double>(space.available));
    }
    for (const auto& layer : service.settings.sandbox) {
        const bool stands = layer.value() != false && layer.value() != 0;
        metrics.set(
            "ittybit_sandbox_layer", fmt::format("layer=\"{}\"", std::string_view(layer.key())),
            stands ? 1 : 0
        );
    }
    return {};
}

Result<Response> metrics(Service& service, const Request& /*request*/) {
    TRY(look_around(service));
    Response response;
    response.body = service.metrics.text();
    response.with("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    return response;
}

Result<Response> document(Service& service, const Request& /*request*/) {
    static const std::string text =
        pretty_json(openapi_document(all_routes(), service.settings.version));
    Response response;
    response.body = text;
    response.with("Content-Type", "application/json");
    return response;
}

}  // namespace

std::vector<Route> status_routes() {
    return {
        {.method = "GET",
         .pattern = "/health",
         .summary = "Whether the server is well",
         .handler = health,
         .is_open = true,
         .answer_schema = "Health",
         .errors = {ErrorKind::kUnavailable}},
        {.method = "GET",
         .pattern = "/ready",
         .summary = "Whether requests can be sent to the server",
         .handler = ready,
         .is_open = true,
         .answer_schema = "Ready",
         .errors = {ErrorKind::kUnavailable}},
        {.method = "GET",
         .pattern = "/metrics",
         .summary = "Prometheus metrics",
         .handler = metrics,
         .answer_schema = "Text"},
        {.method = "GET",
         .pattern = "/openapi.json",
         .summary = "This API as OpenAPI 3.1",
         .handler = document,
         .is_open = true,
         .answer_schema = "Document"},
    };
}

std::vector<Route> all_routes() {
    std::vector<Route> routes;
    for (auto* make :
         {jobs_events_routes, job_routes, webhook_routes, task_routes, upload_routes,
          resumable_routes, connection_routes, key_routes, stored_file_routes, file_routes,
          worker_routes, status_routes, dashboard_routes}) {
        for (auto& route : make()) routes.push_back(std::move(route));
    }
    return routes;
}

}  // namespace ittybit::api
