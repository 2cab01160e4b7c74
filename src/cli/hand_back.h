#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"
#include "cli/client.h"
#include "model/job.h"
#include "work/target.h"

namespace ittybit::cli {

/// Fetches what a finished task on the server has made, with all its parts, and gives it its name
/// here. Gives its file:// URL. Errors: those of ApiClient::download and work::publish.
Result<std::string> hand_back(
    ApiClient& api, const Task& task, work::Target target, const std::stop_token& stop
);

}  // namespace ittybit::cli
