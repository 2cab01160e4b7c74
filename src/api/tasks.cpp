// Standalone tasks, and the parts of any task's output.

#include <fmt/format.h>

#include "api/creating.h"
#include "api/events.h"
#include "api/handlers.h"

namespace ittybit::api {
namespace {

Result<store::JobStore::TaskRecord> find_task(Service& service, const Request& request) {
    const std::string id(request.capture("id"));
    auto found = TRY(service.jobs.find_task(id));
    if (found) return *std::move(found);
    return Error{ErrorKind::kTaskNotFound, fmt::format("there is no task {}", id), "id"};
}

Result<JobRequest> read_new(Service& service, const Request& request) {
    const auto body = TRY(read_json_body(request));
    return read_task(body, service.connections, service.clock.now());
}

Result<Response> list(Service& service, const Request& request) {
    const auto query = TRY(read_list_query(request, Filters::kTasks));
    const auto page = TRY(service.jobs.list_tasks(query));
    json::array items;
    for (const auto& task : page.items) items.push_back(task_json(task, true));
    return list_response(request, service, query, std::move(items), page.has_more, cursor_of(page));
}

Result<Response> show(Service& service, const Request& request) {
    const auto found = TRY(find_task(service, request));
    return json_response(200, task_json(found.task));
}

/// The folder that a many-part output's files are in: that of its main playlist.
std::string folder_of(const Task& task) {
    const auto url = task.output && task.output->url ? *task.output->url : "";
    return url.substr(0, url.rfind('/') + 1);
}

Result<Response> parts(Service& service, const Request& request) {
    const auto found = TRY(find_task(service, request));
    auto query = TRY(read_list_query(request, Filters::kNone));
    if (!request.query_value("order")) query.is_descending = false;  // as they are named
    const auto page = TRY(service.jobs.list_parts(found.task.id, query));
    const auto folder = folder_of(found.task);
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
         .body = Body::kJson,
         .success = 201,
         .request_schema = "TaskRequest",
         .answer_schema = "Task",
         .errors =
             {ErrorKind::kInputRequired, ErrorKind::kInvalidInput, ErrorKind::kKindRequired,
              ErrorKind::kInvalidKind, ErrorKind::kInvalidFormat, ErrorKind::kInvalidCodec,
              ErrorKind::kInvalidOptions, ErrorKind::kInvalidOutput, ErrorKind::kConnectionRequired,
              ErrorKind::kInvalidWebhookUrl, ErrorKind::kIdempotencyKeyReused}},
        {.method = "GET",
         .pattern = "/tasks",
         .summary = "List standalone tasks, newest first",
         .handler = list,
         .answer_schema = "TaskList",
         .query =
             {"limit", "after", "before", "order", "kind", "status", "input", "error",
              "created_after", "created_before", "metadata.NAME"},
         .errors = {ErrorKind::kInvalidRequest}},
        {.method = "GET",
         .pattern = "/tasks/{id}",
         .summary = "Show a task, standalone or of a job",
         .handler = show,
         .answer_schema = "Task",
         .errors = {ErrorKind::kTaskNotFound}},
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
