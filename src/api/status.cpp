// How the server is, what it offers, and every route in one list.

#include <fmt/format.h>

#include "api/handlers.h"
#include "api/openapi.h"
#include "model/error_kinds.h"

namespace ittybit::api {
namespace {

Result<Response> health(Service& service, const Request& /*request*/) {
    // One look into the store: a server that cannot answer for its jobs is not alive.
    TRY(service.jobs.find_revision(""));
    return json_response(
        200, {{"status", "ok"},
              {"version", service.settings.version},
              {"sandbox", service.settings.sandbox}}
    );
}

Result<Response> metrics(Service& service, const Request& /*request*/) {
    const auto counts = TRY(service.jobs.counts());
    const auto age = service.clock.now() - counts.oldest_queued.value_or(service.clock.now());
    auto& metrics = service.metrics;
    metrics.set("ittybit_jobs_queued", "", static_cast<double>(counts.queued));
    metrics.set("ittybit_jobs_processing", "", static_cast<double>(counts.processing));
    metrics.set("ittybit_queue_oldest_seconds", "", static_cast<double>(age) / 1000);
    metrics.set("ittybit_build_info", fmt::format("version=\"{}\"", service.settings.version), 1);
    Response response;
    response.body = metrics.text();
    response.with("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    return response;
}

std::string front_page(const std::vector<Route>& routes) {
    std::string rows;
    for (const auto& route : routes) {
        rows += fmt::format(
            "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td></tr>\n", route.method,
            route.pattern, route.summary
        );
    }
    return fmt::format(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>ittybit</title>\n"
        "<style>body{{font:16px/1.5 system-ui;max-width:60rem;margin:3rem auto;padding:0 1rem}}"
        "td{{padding:.1rem 1rem .1rem 0}}</style>\n<h1>ittybit</h1>\n"
        "<p>A media processing service. Send <code>Authorization: Bearer &lt;key&gt;</code> with "
        "each request; the whole API is described in <a href=\"/openapi.json\">openapi.json</a>."
        "</p>\n<table>\n{}</table></html>\n",
        rows
    );
}

/// An answer that is the same every time.
Handler always(std::string type, std::string body) {
    return [type = std::move(type), body = std::move(body)](Request& /*request*/) {
        Response response;
        response.body = body;
        response.with("Content-Type", type);
        return Result<Response>(std::move(response));
    };
}

/// Counts what the handler answers.
Handler counted(Service& service, Handler handler) {
    return [&service, handler = std::move(handler)](Request& request) {
        auto result = handler(request);
        const int status = result ? result->status : error_kind(result.error().kind).http_status;
        service.metrics.add(
            "ittybit_http_requests_total", fmt::format("status=\"{}\"", status == 0 ? 500 : status)
        );
        return result;
    };
}

}  // namespace

std::vector<Route> status_routes(Service& service) {
    const auto with = [&service](auto function) -> Handler {
        return [&service, function](Request& request) { return function(service, request); };
    };
    return {
        {.method = "GET",
         .pattern = "/health",
         .summary = "Whether the server is well",
         .handler = with(health),
         .is_open = true,
         .answer_schema = "Health"},
        {.method = "GET",
         .pattern = "/metrics",
         .summary = "Prometheus metrics",
         .handler = with(metrics),
         .answer_schema = "Text"},
        {.method = "GET",
         .pattern = "/openapi.json",
         .summary = "This API as OpenAPI 3.1",
         .handler = {},
         .is_open = true,
         .answer_schema = "Document"},
        {.method = "GET",
         .pattern = "/",
         .summary = "A page that names the API",
         .handler = {},
         .is_open = true,
         .answer_schema = "Page"},
    };
}

std::vector<Route> all_routes(Service& service) {
    std::vector<Route> routes;
    for (auto* make :
         {job_routes, webhook_routes, task_routes, upload_routes, connection_routes, file_routes,
          status_routes}) {
        for (auto& route : make(service)) routes.push_back(std::move(route));
    }
    const auto document = pretty_json(openapi_document(routes, service.settings.version));
    const auto page = front_page(routes);
    for (auto& route : routes) {
        if (route.pattern == "/openapi.json") route.handler = always("application/json", document);
        if (route.pattern == "/") route.handler = always("text/html; charset=utf-8", page);
        route.handler = counted(service, std::move(route.handler));
    }
    return routes;
}

}  // namespace ittybit::api
