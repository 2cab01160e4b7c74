#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/order_problems.h"
#include "model/read_order.h"

namespace ittybit {

/// Reads and judges one output: what lies at `at` in the document of an order, or all of it where
/// that is "". A connection that is named in the options of the latter is the order's.
OrderedOutput read_output(
    const json::object& given,
    const std::string& at,
    const OrderRules& rules,
    std::optional<std::string>& order_connection,
    OrderProblems& problems
);

/// Whether what lies at `at` may have a member because it is an output. What belongs to a plain
/// order as a whole is no member of its output.
bool is_output_field(std::string_view name, std::string_view at, const OrderRules& rules);

/// Whether it belongs to the order as a whole.
bool is_order_field(std::string_view name);

/// Of a member that what lies at `at` may not have: "widht is not a field here", and what is.
std::string not_a_field(std::string_view name, std::string_view at, const OrderRules& rules);

/// The member, unless it is absent or null.
const json::value* member(const json::object& object, std::string_view name);

/// Whether bytes can be had from there, for the input or an option.
Result<> check_address(const std::string& url, std::string_view field, const OrderRules& rules);

}  // namespace ittybit
