#pragma once

#include "api/router.h"
#include "api/service.h"

namespace ittybit::api {

/// The key of a request, if it has one. Errors: `invalid_request` (a key over 255 characters).
Result<std::optional<store::IdempotencyKey>> idempotency_key(const Request& request);

/// The answer that was given before, as a response; addresses of files hold from now on.
Response replay(const Service& service, const store::Answer& answer);

/// A POST handler that gives one key one effect: a second request with it waits for the first, and
/// gets its answer. Only a 2xx is remembered.
Handler idempotent(Handler handler);

}  // namespace ittybit::api
