// Standalone tasks, and the parts of any task's output.

#include <algorithm>

#include <fmt/format.h>

#include "api/creating.h"
#include "api/events.h"
#include "api/handlers.h"
#include "api/idempotency.h"
#include "api/orders.h"
#include "api/webhooks.h"
#include "base/log.h"

namespace ittybit::api {
namespace {

Result<store::JobStore::TaskRecord> find_task(Service& service, const Request& request) {
    const std::string id(request.capture("id"));
    auto found = TRY(service.jobs.find_task(id));
    if (found) return *std::move(found);
    return Error{
        ErrorKind::kTaskNotFound, fmt::format("there is no task {}: see GET /tasks", id), "id"
    };
}

Result<JobRequest> read_new(Service& service, const Request& request) {
    const auto body = TRY(read_json_body(request));
    return read_task(body, service);
}

Result<Response> list(Service& service, const Request& request) {
    const auto query = TRY(read_list_query(request, Filters::kTasks));
    const auto page = TRY(service.jobs.list_tasks(query));
    json::array items;
    for (const auto& task : page.items) items.push_back(task_json(service, task, true));
    return list_response(request, service, query, std::move(items), page.has_more, cursor_of(page));
}

Result<Response> show(Service& service, const Request& request) {
    const auto found = TRY(find_task(service, request));
    return json_response(200, task_json(service, found.task));
}

/// The job behind a standalone task, which is what can be followed and ended. Errors:
/// `task_not_found`, `invalid_request` (a job's task).
Result<store::JobRecord> find_standalone(Service& service, const Request& request) {
    const auto found = TRY(find_task(service, request));
    if (!found.is_standalone) {
        return Error{
            ErrorKind::kInvalidRequest,
            fmt::format("task {} belongs to {}: use that", found.task.id, found.job_id), "id"
        };
    }
    auto record = TRY(service.jobs.find_job(found.job_id));
    if (record && !record->job.tasks.empty()) return *std::move(record);
    return Error{
        ErrorKind::kTaskNotFound, fmt::format("there is no task {}: see GET /tasks", found.task.id),
        "id"
    };
}

Result<Response> events(Service& service, const Request& request) {
    return events_response(service, request, TRY(find_standalone(service, request)));
}

Result<Response> cancel(Service& service, const Request& request) {
    const auto id = TRY(find_standalone(service, request)).job.id;
    const auto record = TRY(service.jobs.cancel(id, service.clock.now()));
    const auto& task = record.job.tasks.front();
    log::info("task cancelled", {{"job", id}, {"task", task.id}, {"status", "cancelled"}});
    return json_response(200, task_json(service, task));
}

Result<Response> remove(Service& service, const Request& request) {
    const auto id = TRY(find_standalone(service, request)).job.id;
    TRY(service.jobs.remove(id, service.clock.now()));
    log::info("task deleted", {{"job", id}});
    return no_content();
}

Result<Response> webhooks(Service& service, const Request& request) {
    return deliveries_of(service, TRY(find_standalone(service, request)).job.id);
}

Result<Response> resend(Service& service, const Request& request) {
    const auto id = TRY(find_standalone(service, request)).job.id;
    return resend_delivery(service, id, request.capture("delivery"));
}

/// The folder that a many-part output's files are in: that of its main playlist.
std::string folder_of(const Service& service, const Task& task) {
    const auto stored = task.output && task.output->url ? *task.output->url : "";
    const auto url = service.settings.links.renewed(stored, service.clock.now());
    return url.substr(0, url.rfind('/') + 1);
}

/// What an encode of a job makes the export behind it publishes; else the task itself.
Result<Task> publisher_of(Service& service, const store::JobStore::TaskRecord& found) {
    if (found.is_standalone || found.task.kind == "export") return found.task;
    const auto record = TRY(service.jobs.find_job(found.job_id));
    if (!record) return found.task;
    const auto& tasks = record->job.tasks;
    auto next = std::ranges::find(tasks, found.task.id, &Task::id);
    if (next != tasks.end()) ++next;
    return next != tasks.end() && next->kind == "export" ? *next : found.task;
}

Result<Response> parts(Service& service, const Request& request) {
    const auto found = TRY(find_task(service, request));
    const auto task = TRY(publisher_of(service, found));
    auto query = TRY(read_list_query(request, Filters::kNone));
    if (!request.query_value("order")) query.is_descending = false;  // as they are named
    const auto page = TRY(service.jobs.list_parts(task.id, query));
    const auto folder = folder_of(service, task);
    json::array items;
    for (const auto& part : page.items) {
        items.push_back({{"name", part.name}, {"url", folder + part.name}, {"size", part.size}});
    }
    return list_response(
        request, service, query, std::move(items), page.has_more,
        page.items.empty() ? "" : page.items.back().name
    );
}

}  // namespace

std::vector<Route> task_routes() {
    return {
        {.method = "POST",
         .pattern = "/tasks",
         .summary = "Create a standalone task",
         .prompt = creating(read_new),
         .waits = looks_something_up,
         .body = Body::kJson,
         .success = 201,
         .request_schema = "TaskRequest",
         .answer_schema = "Task",
         .errors = errors_of_orders()},
        {.method = "GET",
         .pattern = "/tasks",
         .summary = "List standalone tasks, newest first",
         .handler = list,
         .answer_schema = "TaskList",
         .query = query_of_lists(),
         .errors = {ErrorKind::kInvalidRequest}},
        {.method = "GET",
         .pattern = "/tasks/{id}",
         .summary = "Show a task, standalone or of a job",
         .handler = show,
         .answer_schema = "Task",
         .errors = {ErrorKind::kTaskNotFound}},
        {.method = "GET",
         .pattern = "/tasks/{id}/events",
         .summary = "Follow a standalone task by Server-Sent Events",
         .handler = events,
         .answer_schema = "Events",
         .errors = {ErrorKind::kTaskNotFound, ErrorKind::kInvalidRequest}},
        {.method = "POST",
         .pattern = "/tasks/{id}/cancel",
         .summary = "Cancel a standalone task",
         .handler = idempotent(cancel),
         .body = Body::kJson,
         .answer_schema = "Task",
         .errors =
             {ErrorKind::kTaskNotFound, ErrorKind::kJobFinished, ErrorKind::kIdempotencyKeyReused}},
        {.method = "DELETE",
         .pattern = "/tasks/{id}",
         .summary = "Delete a standalone task and its files; a running one is cancelled first",
         .handler = remove,
         .success = 204,
         .errors = {ErrorKind::kTaskNotFound}},
        {.method = "GET",
         .pattern = "/tasks/{id}/webhooks",
         .summary = "List a standalone task's webhook deliveries with every try",
         .handler = webhooks,
         .answer_schema = "DeliveryList",
         .errors = {ErrorKind::kTaskNotFound}},
        {.method = "POST",
         .pattern = "/tasks/{id}/webhooks/{delivery}/resend",
         .summary = "Try a standalone task's delivery once more",
         .handler = idempotent(resend),
         .body = Body::kJson,
         .scope = Scope::kAdmin,
         .answer_schema = "Delivery",
         .errors =
             {ErrorKind::kTaskNotFound, ErrorKind::kDeliveryNotFound,
              ErrorKind::kIdempotencyKeyReused}},
        {.method = "GET",
         .pattern = "/tasks/{id}/parts",
         .summary = "List the files of a many-part output",
         .handler = parts,
         .answer_schema = "PartList",
         .query = {"limit", "after", "before", "order"},
         .errors = {ErrorKind::kTaskNotFound, ErrorKind::kInvalidRequest}},
    };
}

}  // namespace ittybit::api
