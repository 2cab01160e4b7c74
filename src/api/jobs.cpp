// POST /jobs and all that is done with a job.

#include <fmt/format.h>

#include "api/creating.h"
#include "api/events.h"
#include "api/handlers.h"
#include "api/idempotency.h"
#include "api/orders.h"
#include "base/fields_json.h"
#include "base/log.h"
#include "work/explain.h"
#include "work/stream_key.h"

namespace ittybit::api {
namespace {

Result<JobRequest> read_new(Service& service, const Request& request) {
    const auto body = TRY(read_json_body(request));
    return read_job(body, service);
}

/// The job of the path, whose order is known. Errors: `job_not_found`; `invalid_request` where the
/// database holds a damaged one.
Result<store::JobRecord> find_whole_job(Service& service, const Request& request) {
    auto record = TRY(find_job(service, request));
    if (record.broken.empty()) return record;
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format(
            "the database holds a broken {} of this job, so that nobody knows what it was: "
            "send it anew",
            record.broken
        ),
        "id"
    };
}

Result<JobRequest> read_retry(Service& service, const Request& request) {
    auto earlier = TRY(find_whole_job(service, request));
    TRY(work::unseal_keys(earlier.order, earlier.job.id, service.secrets));
    return read_job(document_of(earlier.order), service);
}

Result<Response> list(Service& service, const Request& request) {
    const auto query = TRY(read_list_query(request, Filters::kJobs));
    const auto page = TRY(service.jobs.list_jobs(query));
    json::array items;
    for (const auto& job : page.items) items.push_back(job_json(service, job, true));
    return list_response(request, service, query, std::move(items), page.has_more, cursor_of(page));
}

/// Whether the plans are asked for, and not the job. Errors: `invalid_request`.
Result<bool> wants_plans(const Request& request) {
    const auto value = request.query_value("explain").value_or("false");
    if (value == "true" || value == "false") return value == "true";
    return Error{ErrorKind::kInvalidRequest, "explain must be true or false", "explain"};
}

Result<Response> explain(Service& service, const Order& order) {
    if (service.explainer == nullptr)
        return Error{ErrorKind::kUnavailable, "this server explains nothing", "explain"};
    return json_response(200, to_json(TRY(service.explainer->explain(order))));
}

Result<Response> show(Service& service, const Request& request) {
    if (TRY(wants_plans(request)))
        return explain(service, TRY(find_whole_job(service, request)).order);
    return json_response(200, job_json(service, TRY(find_job(service, request)).job));
}

Result<Response> explain_new(Service& service, const Request& request) {
    auto wanted = TRY(read_new(service, request));
    if (!wanted.errors.empty()) return error_response(std::move(wanted.errors));
    return explain(service, wanted.record.order);
}

/// Makes a job, or tells what it would do.
PromptHandler creating_or_explaining() {
    return [create = creating(read_new)](Service& service, Request& request, const Reply& reply) {
        const auto is_explaining = wants_plans(request);
        if (!is_explaining) return reply(is_explaining.error());
        if (*is_explaining) return reply(explain_new(service, request));
        create(service, request, reply);
    };
}

bool waits(const Request& request) {
    return request.query_value("explain") || looks_something_up(request);
}

Result<Response> events(Service& service, const Request& request) {
    return events_response(service, request, TRY(find_job(service, request)));
}

Result<Response> cancel(Service& service, const Request& request) {
    const auto id = TRY(find_job(service, request)).job.id;
    const auto record = TRY(service.jobs.cancel(id, service.clock.now()));
    log::info("job cancelled", {{"job", id}, {"status", "cancelled"}});
    return json_response(200, job_json(service, record.job));
}

Result<Response> remove(Service& service, const Request& request) {
    const auto id = TRY(find_job(service, request)).job.id;
    TRY(service.jobs.remove(id, service.clock.now()));
    log::info("job deleted", {{"job", id}});
    return no_content();
}

}  // namespace

Result<store::JobRecord> find_job(Service& service, const Request& request) {
    const std::string id(request.capture("id"));
    auto record = TRY(service.jobs.find_job(id));
    if (record && !record->is_task) return *std::move(record);
    return Error{
        ErrorKind::kJobNotFound, fmt::format("there is no job {}: see GET /jobs", id), "id"
    };
}

std::vector<Route> job_routes() {
    return {
        {.method = "POST",
         .pattern = "/jobs",
         .summary = "Create a job",
         .prompt = creating_or_explaining(),
         .waits = waits,
         .body = Body::kJson,
         .success = 201,
         .request_schema = "JobRequest",
         .answer_schema = "Job",
         .query = {"explain"},
         .errors = errors_of_orders()},
        {.method = "GET",
         .pattern = "/jobs",
         .summary = "List jobs, newest first",
         .handler = list,
         .answer_schema = "JobList",
         .query = query_of_lists(),
         .errors = {ErrorKind::kInvalidRequest}},
        {.method = "GET",
         .pattern = "/jobs/{id}",
         .summary = "Show a job with its tasks",
         .handler = show,
         .answer_schema = "Job",
         .query = {"explain"},
         .errors = {ErrorKind::kJobNotFound}},
        {.method = "GET",
         .pattern = "/jobs/{id}/events",
         .summary = "Follow a job by Server-Sent Events",
         .handler = events,
         .answer_schema = "Events",
         .errors = {ErrorKind::kJobNotFound}},
        {.method = "POST",
         .pattern = "/jobs/{id}/cancel",
         .summary = "Cancel a job",
         .handler = idempotent(cancel),
         .body = Body::kJson,
         .answer_schema = "Job",
         .errors =
             {ErrorKind::kJobNotFound, ErrorKind::kJobFinished, ErrorKind::kIdempotencyKeyReused}},
        {.method = "POST",
         .pattern = "/jobs/{id}/retry",
         .summary = "Make a new job with the same request",
         .prompt = creating(read_retry),
         .waits = [](const Request&) { return true; },
         .body = Body::kJson,
         .success = 201,
         .answer_schema = "Job",
         .errors = {ErrorKind::kJobNotFound, ErrorKind::kIdempotencyKeyReused}},
        {.method = "DELETE",
         .pattern = "/jobs/{id}",
         .summary = "Delete a job and its managed files; a running one is cancelled first",
         .handler = remove,
         .success = 204,
         .errors = {ErrorKind::kJobNotFound}},
    };
}

}  // namespace ittybit::api
