#pragma once

#include <string_view>

#include "api/beast.h"
#include "api/http.h"

namespace ittybit::api {

/// The request that the library read, as handlers see it.
Request request_from(const HeaderParser::value_type& message);

/// Whether a name that a client gave its request is fit for any log.
bool is_request_id(std::string_view name);

/// The trace id of a `traceparent` (W3C Trace Context 3.2); "" where it is none.
std::string_view trace_of(std::string_view parent);

}  // namespace ittybit::api
