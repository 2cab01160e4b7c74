#pragma once

#include <vector>

#include "api/http.h"
#include "api/service.h"
#include "base/json.h"
#include "store/records.h"

namespace ittybit::api {

/// What a document orders, as POST /jobs and POST /tasks make it. Where there are errors, `record`
/// means nothing.
struct JobRequest {
    store::JobRecord record;
    std::vector<FieldError> errors;
};

/// Judges a job (SPEC: POST /jobs) with the connections and addresses that this service knows.
Result<JobRequest> read_job(const json::value& document, Service& service);

/// The same of a standalone task (SPEC: Standalone tasks).
Result<JobRequest> read_task(const json::value& document, Service& service);

}  // namespace ittybit::api
