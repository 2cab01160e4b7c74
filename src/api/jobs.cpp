// POST /jobs and all that is done with a job.

#include <charconv>

#include <fmt/format.h>

#include "api/events.h"
#include "api/handlers.h"
#include "api/idempotency.h"
#include "api/job_request.h"
#include "base/log.h"

namespace ittybit::api {
namespace {

Error no_such_job(std::string_view id) {
    return {"job_not_found", fmt::format("there is no job {}", id), "id"};
}

Result<store::JobRecord> find_job(Service& service, const Request& request) {
    const std::string id(request.capture("id"));
    auto record = TRY(service.jobs.find_job(id));
    if (!record || record->is_task) return no_such_job(id);
    return *std::move(record);
}

}  // namespace

/// How many wait is looked at once a second, not at every request.
Result<> check_room(Service& service) {
    static std::mutex mutex;
    static UnixMillis counted_at = 0;
    static std::int64_t queued = 0;
    const std::lock_guard lock(mutex);
    const auto now = service.clock.now();
    if (now - counted_at >= 1000) {
        queued = TRY(service.jobs.counts()).queued;
        counted_at = now;
    }
    if (queued++ < service.settings.most_queued) return {};
    return Error{"too_many_requests", "too many jobs are waiting already: try again later", ""};
}

namespace {

void note_created(Service& service, const Job& job) {
    log::info("job queued", {{"job", job.id}, {"kind", job.kind}, {"status", "queued"}});
    service.metrics.add("ittybit_jobs_created_total", fmt::format("kind=\"{}\"", job.kind));
}

Result<Response> store_job(
    Service& service, const Request& request, const store::JobRecord& record
) {
    TRY(check_room(service));
    const auto key = TRY(idempotency_key(request));
    store::Answer answer;
    answer.body = compact_json(job_json(record.job));
    answer.location = fmt::format("/jobs/{}", record.job.id);
    const auto created = TRY(service.jobs.create(record, key, answer));
    if (created.is_replayed) return replay(created.answer);
    note_created(service, record.job);
    Response response;
    response.status = 201;
    response.body = std::move(answer.body);
    response.with("Content-Type", "application/json").with("Location", answer.location);
    return response;
}

Result<Response> create(Service& service, const Request& request) {
    const auto body = TRY(read_json_body(request));
    auto job = TRY(read_job(body, service.connections, service.clock.now()));
    if (!job.errors.empty()) return error_response(std::move(job.errors));
    return store_job(service, request, job.record);
}

Result<Response> retry(Service& service, const Request& request) {
    const auto earlier = TRY(find_job(service, request));
    return store_job(service, request, same_again(earlier, service.clock.now()));
}

Result<Response> list(Service& service, const Request& request) {
    const auto query = TRY(read_list_query(request, Filters::kJobs));
    const auto page = TRY(service.jobs.list_jobs(query));
    json::array items;
    for (const auto& job : page.items) items.push_back(job_json(job, true));
    return list_response(
        request, service, query, std::move(items), page.has_more,
        page.items.empty() ? "" : page.items.back().id
    );
}

Result<Response> show(Service& service, const Request& request) {
    const auto record = TRY(find_job(service, request));
    return json_response(200, job_json(record.job));
}

Result<Response> events(Service& service, const Request& request) {
    const auto record = TRY(find_job(service, request));
    std::int64_t seen = 0;
    const auto last = request.header("Last-Event-ID");
    std::from_chars(last.data(), last.data() + last.size(), seen);
    Response response;
    if (is_final(record.job.status) && seen >= record.revision) {
        response.status = 204;  // tells EventSource not to come back
        return response;
    }
    response.with("Content-Type", "text/event-stream").with("Cache-Control", "no-store");
    response.events = follow_job(service, record.job.id, seen);
    return response;
}

Result<Response> cancel(Service& service, const Request& request) {
    const std::string id(request.capture("id"));
    const auto record = TRY(service.jobs.cancel(id, service.clock.now()));
    log::info("job cancelled", {{"job", id}, {"status", "cancelled"}});
    return json_response(200, job_json(record.job));
}

Result<Response> remove(Service& service, const Request& request) {
    const std::string id(request.capture("id"));
    TRY(service.jobs.remove(id, service.clock.now()));
    log::info("job deleted", {{"job", id}});
    Response response;
    response.status = 204;
    return response;
}

}  // namespace

std::vector<Route> job_routes() {
    return {
        {.method = "POST",
         .pattern = "/jobs",
         .summary = "Create a job",
         .handler = idempotent(create),
         .body = Body::kJson,
         .success = 201,
         .request_schema = "JobRequest",
         .answer_schema = "Job",
         .errors =
             {"input_required", "invalid_input", "kind_required", "invalid_kind", "invalid_format",
              "invalid_codec", "invalid_options", "invalid_output", "connection_required",
              "invalid_webhook_url", "idempotency_key_reused"}},
        {.method = "GET",
         .pattern = "/jobs",
         .summary = "List jobs, newest first",
         .handler = list,
         .answer_schema = "JobList",
         .query = {"limit", "after", "before", "order", "kind", "status", "input"},
         .errors = {"invalid_request"}},
        {.method = "GET",
         .pattern = "/jobs/{id}",
         .summary = "Show a job with its tasks",
         .handler = show,
         .answer_schema = "Job",
         .errors = {"job_not_found"}},
        {.method = "GET",
         .pattern = "/jobs/{id}/events",
         .summary = "Follow a job by Server-Sent Events",
         .handler = events,
         .answer_schema = "Events",
         .errors = {"job_not_found"}},
        {.method = "POST",
         .pattern = "/jobs/{id}/cancel",
         .summary = "Cancel a job",
         .handler = idempotent(cancel),
         .body = Body::kJson,
         .answer_schema = "Job",
         .errors = {"job_not_found", "job_finished", "idempotency_key_reused"}},
        {.method = "POST",
         .pattern = "/jobs/{id}/retry",
         .summary = "Make a new job with the same request",
         .handler = idempotent(retry),
         .body = Body::kJson,
         .success = 201,
         .answer_schema = "Job",
         .errors = {"job_not_found", "idempotency_key_reused"}},
        {.method = "DELETE",
         .pattern = "/jobs/{id}",
         .summary = "Delete a job and its managed files; a running one is cancelled first",
         .handler = remove,
         .success = 204,
         .errors = {"job_not_found"}},
    };
}

}  // namespace ittybit::api
