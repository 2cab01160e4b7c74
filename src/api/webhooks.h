#pragma once

#include <string>
#include <string_view>

#include "api/http.h"
#include "api/service.h"

namespace ittybit::api {

/// The log of the webhook deliveries of a job, or of the one behind a standalone task.
Result<Response> deliveries_of(Service& service, const std::string& job_id);

/// Makes one of them due now. Errors: `delivery_not_found`.
Result<Response> resend_delivery(
    Service& service, const std::string& job_id, std::string_view delivery
);

}  // namespace ittybit::api
