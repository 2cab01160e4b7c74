#pragma once

#include <stop_token>
#include <string>

#include "base/json.h"
#include "net/client.h"
#include "storage/s3_account.h"

namespace ittybit::work {

/// Tries a connection: writes, reads and deletes a small object in `bucket`, or, where none is
/// named, in the only one there is. `{object: "connection_test", ok, kind, bucket, message}`: the
/// kind of error, and what is wrong and what to do.
json::object try_connection(
    net::Client& client,
    const storage::S3Account& account,
    const std::string& bucket,
    const std::stop_token& stop
);

}  // namespace ittybit::work
