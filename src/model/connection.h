#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/fields_json.h"

namespace ittybit {

enum class ConnectionKind { kS3 };
constexpr auto names(ConnectionKind) {
    return std::array{Name{ConnectionKind::kS3, "s3", "an S3 bucket's service"}};
}

/// What a user says of a storage connection. Some of it is secret: see secrets_of.
struct ConnectionRequest {
    ConnectionKind kind = ConnectionKind::kS3;
    std::string name;
    std::string endpoint;
    std::string region = "us-east-1";
    std::string access_key_id;
    std::string secret_access_key;
    std::optional<std::string> session_token;
    std::optional<bool> path_style;
    bool is_default = false;

    static constexpr auto kFields = Fields{
        Field{&ConnectionRequest::kind, "kind", "s3."}.required(),
        Field{&ConnectionRequest::name, "name", "What jobs call it."}.required(),
        Field{&ConnectionRequest::endpoint, "endpoint", "URL of the service; AWS S3 by default."},
        Field{&ConnectionRequest::region, "region", "Region the requests are signed for."},
        Field{&ConnectionRequest::access_key_id, "access_key_id", "Access key id."}.required(),
        Field{&ConnectionRequest::secret_access_key, "secret_access_key", "Never returned."}
            .required(),
        Field{
            &ConnectionRequest::session_token, "session_token",
            "Never returned; an empty string takes it away."
        },
        Field{&ConnectionRequest::path_style, "path_style", "Bucket in the path, not the host."},
        Field{&ConnectionRequest::is_default, "is_default", "Used where a job names none."},
    };
};

/// What may be shown and what may not: two halves of the same.
json::object settings_of(const ConnectionRequest& connection);
json::object secrets_of(const ConnectionRequest& connection);

/// What no single row can say.
std::vector<Problem> check(const ConnectionRequest& connection);

}  // namespace ittybit
