// GET /workers: who is there to take jobs.

#include "api/handlers.h"

namespace ittybit::api {
namespace {

Result<Response> list(Service& service, const Request& /*request*/) {
    json::array workers;
    for (const auto& worker : TRY(service.workers.list(service.clock.now()))) {
        workers.push_back({
            {"id", worker.id},
            {"object", "worker"},
            {"seen_at", worker.seen_at},
            {"jobs", worker.jobs},
            {"pieces", worker.pieces},
        });
    }
    return json_response(200, std::move(workers));
}

}  // namespace

std::vector<Route> worker_routes() {
    return {
        {.method = "GET",
         .pattern = "/workers",
         .summary = "List who takes jobs: servers and workers",
         .handler = list,
         .answer_schema = "WorkerList"},
    };
}

}  // namespace ittybit::api
