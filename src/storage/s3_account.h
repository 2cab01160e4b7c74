#pragma once

#include <functional>
#include <optional>
#include <string>
#include <tuple>

#include "base/fields.h"
#include "base/result.h"
#include "net/url.h"

namespace ittybit::storage {

/// How to reach an S3 service: a connection without its name. Holds secrets: never logged.
struct S3Account {
    std::string endpoint;  // "https://host[:port]"; empty: AWS S3 of the region
    std::string region = "us-east-1";
    std::string access_key_id;
    std::string secret_access_key;
    std::optional<std::string> session_token;
    std::optional<bool> path_style;  // by default only for an endpoint that is not AWS

    static constexpr auto kFields = std::tuple{
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
    /// "/bucket/"). Errors: `invalid_request` (a bad endpoint).
    Result<net::Url> bucket_url(const std::string& bucket) const;
};

/// The value of an environment variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

/// The account of the usual AWS_* variables and shared files (~/.aws/credentials and config, or
/// where AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE say; AWS_PROFILE). Nothing when there are
/// no keys anywhere. Errors: `connection_required`, saying which half of a key is missing or which
/// profile does not exist.
Result<std::optional<S3Account>> account_from_environment(const Environment& environment);

}  // namespace ittybit::storage
