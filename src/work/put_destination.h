#pragma once

#include <memory>
#include <stop_token>
#include <string_view>

#include "net/client.h"
#include "work/destination.h"

namespace ittybit::work {

/// A web address that takes the result by one PUT, such as a presigned one of an object store. It
/// gets whole files alone: nothing is sent before the result is made, and when that fails in
/// passing, all of it is sent again. Errors: `invalid_input` (no address); of publish() and copy()
/// `upload_failed`, `input_blocked` (the fetch guard), `cancelled`.
Result<std::unique_ptr<Destination>> put_destination(
    net::Client& client, std::string_view url, std::stop_token stop
);

}  // namespace ittybit::work
