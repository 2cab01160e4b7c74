#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/thread_safety.h"

namespace ittybit::storage {

/// The value of an environment variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

/// The address of a service of AWS: "https://s3.eu-west-1.amazonaws.com".
std::string aws_url(std::string_view service, const std::string& region);

/// Keys of a role, for some hours.
struct TemporaryKeys {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token;
    UnixMillis end = 0;
};

/// Keeps temporary keys and gets new ones some minutes before they end. Thread-safe.
class RoleKeys {
public:
    using Renew = std::function<Result<TemporaryKeys>(const std::stop_token& stop)>;
    explicit RoleKeys(Renew renew) : renew_(std::move(renew)) {}

    /// Errors: `unavailable` and `connection_required`, from whoever gives the keys.
    Result<TemporaryKeys> now(const std::stop_token& stop);

private:
    const Renew renew_;
    Mutex mutex_;
    std::optional<TemporaryKeys> keys_ GUARDED_BY(mutex_);
};

/// How a role's keys are got, where the environment says it: with a web identity's token
/// (AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN) from STS, or from the container's own service
/// (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI). Nothing where it says neither.
/// Errors: `connection_required`.
Result<std::shared_ptr<RoleKeys>> role_keys_from_environment(
    const Environment& environment, const std::string& region
);

}  // namespace ittybit::storage
