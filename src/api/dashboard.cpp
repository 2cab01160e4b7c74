// GET /: the dashboard, or where it was not built in a page that names the API.

#include "api/dashboard.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/coding.h"
#include "api/conditions.h"
#include "api/handlers.h"

namespace ittybit::api {
namespace {

constexpr std::string_view kPage = "index.html";

/// The page runs its own files, asks its own server, and is in nobody's frame. Media may come from
/// elsewhere only where our own links to it lead there.
std::string page_policy(const Service& service) {
    const auto* const elsewhere = service.settings.redirects_files ? " https: http:" : "";
    return fmt::format(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:{0}; "
        "media-src 'self' blob:{0}; connect-src 'self'{0}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'",
        elsewhere
    );
}

const DashboardFile* find_file(std::span<const DashboardFile> files, std::string_view name) {
    const auto found = std::ranges::find(files, name, &DashboardFile::name);
    return found == files.end() ? nullptr : &*found;
}

/// A form is told from the others by its tag too. Names of assets change with their bytes, so these
/// are kept for ever; the page is asked for each time.
Response file_response(const Request& request, const DashboardFile& file) {
    const auto accepted = request.header("Accept-Encoding");
    const std::string_view coding = takes_coding(accepted, "br")     ? "br"
                                    : takes_coding(accepted, "gzip") ? "gzip"
                                                                     : "";
    const auto etag = fmt::format("\"{}{}{}\"", file.digest, coding.empty() ? "" : "-", coding);
    Response response;
    response.with("ETag", etag).with("Vary", "Accept-Encoding");
    response.with(
        "Cache-Control", file.name == kPage ? "no-cache" : "public, max-age=31536000, immutable"
    );
    if (judge_conditions(request, {etag}) == Verdict::kUnchanged) {
        response.status = 304;
        return response;
    }
    response.body = coding == "br" ? file.brotli : coding == "gzip" ? file.gzip : file.plain;
    response.with("Content-Type", std::string(file.type));
    if (!coding.empty()) response.with("Content-Encoding", std::string(coding));
    return response;
}

std::string plain_page(const std::vector<Route>& routes) {
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

Result<Response> page(Service& service, const Request& request) {
    return front_page(service, request, dashboard_files());
}

Result<Response> asset(Service& /*service*/, const Request& request) {
    const auto name = request.capture("name");
    if (const auto* file = find_file(dashboard_files(), fmt::format("assets/{}", name))) {
        return file_response(request, *file);
    }
    return Error{
        ErrorKind::kRouteNotFound,
        fmt::format("the dashboard has no file {}: load the page anew", name), ""
    };
}

}  // namespace

Response front_page(
    const Service& service, const Request& request, std::span<const DashboardFile> files
) {
    if (const auto* file = find_file(files, kPage)) {
        auto response = file_response(request, *file);
        response.with("Content-Security-Policy", page_policy(service))
            .with("Referrer-Policy", "no-referrer")
            .with("Cross-Origin-Opener-Policy", "same-origin");
        return response;
    }
    static const std::string text = plain_page(all_routes());
    Response response;
    response.body = text;
    response.with("Content-Type", "text/html; charset=utf-8");
    return response;
}

std::vector<Route> dashboard_routes() {
    return {
        {.method = "GET",
         .pattern = "/",
         .summary = "The dashboard",
         .handler = page,
         .is_open = true,
         .answer_schema = "Page"},
        {.method = "GET",
         .pattern = "/assets/{name}",
         .summary = "A file of the dashboard",
         .handler = asset,
         .is_open = true,
         .answer_schema = "Bytes",
         .errors = {ErrorKind::kRouteNotFound}},
    };
}

}  // namespace ittybit::api
