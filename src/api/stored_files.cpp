// GET /files and DELETE /files/{id}: what is stored, and its end.

#include <utility>

#include "api/handlers.h"
#include "base/fields_json.h"
#include "base/ids.h"
#include "base/log.h"
#include "model/content_type.h"
#include "work/managed.h"

namespace ittybit::api {
namespace {

json::object file_json(
    const Service& service, const store::FileRecord& file, const std::string& base
) {
    json::value job;
    json::value task;
    if (file.job_id && file.is_of_task) task = following_id(*file.job_id, "task", 1);
    if (file.job_id && !file.is_of_task) job = *file.job_id;
    return {
        {"id", file.id},
        {"object", "stored_file"},
        {"role", file.role},
        {"name", file.name},
        {"size", to_json(file.size)},
        {"type", content_type_of(file.name)},
        {"url", service.settings.links.url(base, {file.id, file.name}, service.clock.now())},
        {"job", std::move(job)},
        {"task", std::move(task)},
        {"created_at", file.created_at},
    };
}

Result<Response> list(Service& service, const Request& request) {
    const auto query = TRY(read_list_query(request, Filters::kFiles));
    const auto page = TRY(service.files.list(query));
    const auto base = base_url(service, request);
    json::array items;
    for (const auto& file : page.items) items.push_back(file_json(service, file, base));
    return list_response(request, service, query, std::move(items), page.has_more, page.cursor);
}

Result<Response> remove(Service& service, const Request& request) {
    const std::string id(request.capture("id"));
    using Erased = store::FileTable::Erased;
    const auto erased = TRY(service.files.erase(id));
    if (erased == Erased::kNone) {
        return Error{
            ErrorKind::kFileNotFound, "there is no file with this id: see GET /files", "id"
        };
    }
    if (erased == Erased::kInUse) {
        return refusal(
            409,
            Error{
                ErrorKind::kInvalidRequest,
                "a job that has not ended uses this file: cancel it, or wait for its end", "id"
            }
        );
    }
    log::info("file deleted", {{"file", id}});
    return no_content();
}

}  // namespace

std::vector<Route> stored_file_routes() {
    return {
        {.method = "GET",
         .pattern = "/files",
         .summary = "List stored files, newest first: outputs, uploads and imports",
         .handler = list,
         .answer_schema = "StoredFileList",
         .query =
             {"limit", "after", "before", "order", "job", "role", "created_after", "created_before"
             },
         .errors = {ErrorKind::kInvalidRequest}},
        {.method = "DELETE",
         .pattern = "/files/{id}",
         .summary = "Delete a stored file with all its parts; what made it stays",
         .handler = remove,
         .success = 204,
         .errors = {ErrorKind::kFileNotFound}},
    };
}

}  // namespace ittybit::api
