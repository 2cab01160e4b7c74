#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/client.h"
#include "storage/origin.h"
#include "storage/retries.h"
#include "storage/s3_account.h"
#include "storage/storage.h"

namespace ittybit::storage {

/// How an S3 service is talked to.
struct S3Tuning {
    Retries retries = {.tries = 10};       // some twenty seconds: a service that says SlowDown
    int parallel = 4;                      // parts of one upload on their way at once
    std::int64_t smallest_part = 8 << 20;  // bytes, at least 5 MiB
    std::int64_t unknown_part = 16 << 20;  // of an upload of unknown length
    net::Patience patience = {};
    bool is_trial = false;  // what fails in passing stays `unavailable`: nothing was to be moved
};

/// The objects of `bucket` whose keys begin with `prefix` ("" or "some/where/"); keys given to the
/// Storage come behind it. `client` outlives it. Makes no request yet.
/// Messages say what to do: wrong key id, wrong secret, expired token, wrong region, missing
/// bucket, denied, wrong clock each have their own.
std::unique_ptr<Storage> open_s3(
    net::Client& client,
    S3Account account,
    std::string bucket,
    std::string prefix = "",
    S3Tuning tuning = {}
);

/// An object as an input, read by range requests.
std::unique_ptr<Origin> s3_origin(
    net::Client& client, S3Account account, std::string bucket, std::string key
);

/// The names of the account's buckets, as far as its keys may see them.
Result<std::vector<std::string>> list_buckets(
    net::Client& client, const S3Account& account, const std::stop_token& stop
);

/// Writes, reads and deletes a small object: what `connections test` does. The error says what is
/// wrong with the connection.
Result<> test_s3(
    net::Client& client,
    const S3Account& account,
    const std::string& bucket,
    const std::stop_token& stop
);

}  // namespace ittybit::storage
