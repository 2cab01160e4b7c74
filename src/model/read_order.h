#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/order.h"

namespace ittybit {

/// What whoever reads an order must know of where it is asked for.
struct OrderRules {
    bool is_task = false;        // one standalone task: probe, import and export too, no `output`
    bool takes_outputs = false;  // several in place of the one
    bool takes_paths = false;    // input and output may be paths of this machine, a task's too
    bool takes_webhook = true;

    /// Whether something can be fetched from an http(s) or s3 URL, as far as its text tells.
    std::function<Result<>(const std::string& url)> check_url;
    /// The connection that is meant by an id or a name, or the one to take where none is named;
    /// nothing when there is none.
    std::function<Result<std::optional<std::string>>(const std::optional<std::string>& name)>
        find_connection;
};

/// What a document asks for, and every problem with it at once, ranked by kind; where there is one,
/// `order` means nothing. Fields are dotted paths.
struct OrderReading {
    Order order;
    std::vector<OptionProblem> problems;
};

/// Reads and judges what was asked for (SPEC: POST /jobs, Standalone tasks): the one place where
/// that is done, for the API and for both modes of the command line. Errors: those of
/// find_connection.
Result<OrderReading> read_order(const json::value& document, const OrderRules& rules);

/// Ranked problems as one error: the kind of the first, every sentence. There must be one.
Error error_of(const std::vector<OptionProblem>& problems);

}  // namespace ittybit
