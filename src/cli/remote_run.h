#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/display.h"

namespace ittybit::cli {

/// Has a server do what a document asks for, a job or one task: local input uploaded, followed,
/// local output downloaded; an interrupt cancels it. Gives the exit status.
int run_there(
    Context& context, const json::object& document, bool is_task, const ServerAccess& server
);

/// Stands in a request for the address of a file that is yet to be sent, for ApiClient::judge: no
/// server takes it.
constexpr std::string_view kUnsent = "file:";

/// Sends a local input to the server and shows how far it is. Gives its URL there.
Result<std::string> upload_input(
    ApiClient& api, const std::string& input, Display& display, const std::stop_token& stop
);

}  // namespace ittybit::cli
