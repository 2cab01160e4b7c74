#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/fields.h"
#include "base/result.h"
#include "net/url.h"
#include "storage/s3_keys.h"

namespace ittybit::storage {

/// How to reach an S3 service: a connection without its name. Holds secrets: never logged.
struct S3Account {
    std::string endpoint;  // "https://host[:port]"; empty: AWS S3 of the region
    std::string region = "us-east-1";
    std::string access_key_id;
    std::string secret_access_key;
    std::optional<std::string> session_token;
    std::optional<bool> path_style;  // by default only for an endpoint that is not AWS
    std::shared_ptr<RoleKeys>
        role;  // whose keys stand in for the three above, as long as they last

    static constexpr auto kFields = Fields{
        Field{&S3Account::endpoint, "endpoint", "URL of the S3 service; AWS S3 by default."},
        Field{&S3Account::region, "region", "Region the requests are signed for."},
        Field{&S3Account::access_key_id, "access_key_id", "Access key id."}.required(),
        Field{&S3Account::secret_access_key, "secret_access_key", "Its secret."}.required(),
        Field{&S3Account::session_token, "session_token", "Token of temporary keys."}.or_absent(),
        Field{
            &S3Account::path_style, "path_style",
            "Bucket in the path instead of the host name; by default for other endpoints than AWS."
        }
            .or_absent(),
    };

    /// Where requests for `bucket` go: scheme and authority, and the path in front of a key ("/" or
    /// "/bucket/"); without a bucket the service itself. Errors: `invalid_request` (a bad
    /// endpoint).
    Result<net::Url> bucket_url(const std::string& bucket) const;

    /// The same with keys to sign with now. Errors: those of RoleKeys.
    Result<S3Account> with_keys(const std::stop_token& stop) const;
};

/// The account of the usual AWS_* variables, a web identity, shared files (~/.aws/credentials and
/// config, or where AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE say; AWS_PROFILE) or the
/// container, in this order. Nothing when there are no keys anywhere. Errors:
/// `connection_required`, saying which half of a key is missing or which profile does not exist.
Result<std::optional<S3Account>> account_from_environment(const Environment& environment);

}  // namespace ittybit::storage
