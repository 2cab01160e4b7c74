#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/client.h"
#include "storage/s3_account.h"

namespace ittybit::storage {

/// Names and values as they are, not encoded.
using Query = std::vector<std::pair<std::string, std::string>>;

/// The query string that is both sent and signed: encoded once, then sorted.
std::string canonical_query(const Query& query);

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

/// What AWS Signature Version 4 is made over (docs.aws.amazon.com/AmazonS3/latest/API/
/// sig-v4-header-based-auth.html).
struct Signable {
    std::string method;
    std::string host;  // as in the Host header
    std::string path;  // percent-encoded once, as sent
    Query query;
    net::Headers headers;      // those that are sent besides; the x-amz-* and range are signed
    std::string payload_hash;  // hexadecimal SHA-256 of the body, or kUnsignedPayload
};

/// `request.headers` and the three or four that make it a signed request.
net::Headers sign(const Signable& request, const S3Account& account, UnixMillis now);

/// The query string of a URL that is its own permission for `lasts_s` seconds, at most a week.
std::string presign_query(
    Signable request, const S3Account& account, UnixMillis now, std::int64_t lasts_s
);

}  // namespace ittybit::storage
