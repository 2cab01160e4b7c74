#pragma once

#include "api/orders.h"
#include "api/router.h"
#include "api/service.h"

namespace ittybit::api {

/// What a request wants to be made. Looks up what it must, and waits for nothing else.
using ReadRequest = Result<JobRequest> (*)(Service&, const Request&);

/// A handler that stores the job or standalone task that `read` gives, and answers 201 with it once
/// that is durable. One Idempotency-Key makes one: later requests get the answer of the first.
PromptHandler creating(ReadRequest read);

/// How a request to make one can be refused.
std::vector<ErrorKind> errors_of_orders();

/// Whether a request to make a job looks anything up in the database: an Idempotency-Key, or a
/// connection.
bool looks_something_up(const Request& request);

/// Counts the jobs that wait, where that is worth knowing: so that no request has to.
void count_waiting(Service& service);

}  // namespace ittybit::api
