#include "storage/s3_keys.h"

#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "net/client.h"
#include "storage/s3_bucket.h"

namespace ittybit::storage {
namespace {

constexpr UnixMillis kRenewBefore = 5 * 60 * 1000;

Error no_keys(std::string message) {
    return {ErrorKind::kConnectionRequired, std::move(message), ""};
}

Error not_now(std::string message) {
    return {ErrorKind::kUnavailable, std::move(message), ""};
}

/// "2009-10-12T17:50:30Z"
UnixMillis read_time(const std::string& text) {
    std::tm utc = {};
    if (::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc) == nullptr) return 0;
    return ::timegm(&utc) * 1000;
}

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
}

/// The operator's own configuration names these services: they may be anywhere.
std::shared_ptr<net::Client> make_client() {
    return std::make_shared<net::Client>(
        net::Client::Settings{.policy = net::AddressPolicy::typed_by_user()}
    );
}

struct WebIdentity {
    net::Url service;
    std::string token_file;
    std::string role;
    std::string name;
};

Result<TemporaryKeys> ask_sts(
    net::Client& client, const WebIdentity& identity, const std::stop_token& stop
) {
    const auto token = read_file(identity.token_file);  // anew each time: it is replaced
    if (token.empty()) return no_keys("AWS_WEB_IDENTITY_TOKEN_FILE cannot be read");
    net::Request request;
    request.method = "POST";
    request.url = identity.service;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    request.body = canonical_query({
        {"Action", "AssumeRoleWithWebIdentity"},
        {"Version", "2011-06-15"},
        {"RoleArn", identity.role},
        {"RoleSessionName", identity.name},
        {"WebIdentityToken", token},
    });
    const auto answer = TRY(client.send(request, stop));
    TemporaryKeys keys{
        xml_text(answer.body, "AccessKeyId"), xml_text(answer.body, "SecretAccessKey"),
        xml_text(answer.body, "SessionToken"), read_time(xml_text(answer.body, "Expiration"))
    };
    if (answer.status == 200 && !keys.secret_access_key.empty()) return keys;
    auto words = "STS gave no keys for AWS_ROLE_ARN: " + net::status_in_words(answer.status) + " " +
                 xml_text(answer.body, "Message").substr(0, 200);
    return answer.status >= 500 ? not_now(std::move(words)) : no_keys(std::move(words));
}

struct Container {
    net::Url service;
    std::string token;
    std::string token_file;
};

Result<TemporaryKeys> ask_container(
    net::Client& client, const Container& container, const std::stop_token& stop
) {
    net::Request request;
    request.url = container.service;
    const auto token =
        container.token_file.empty() ? container.token : read_file(container.token_file);
    if (!token.empty()) request.headers.push_back({"Authorization", token});
    const auto answer = TRY(client.send(request, stop));
    if (answer.status != 200) {
        return not_now(
            "the container's credentials service answered " + net::status_in_words(answer.status)
        );
    }
    const auto document = TRY(parse_json(answer.body));
    TemporaryKeys keys{
        string_at(document, "AccessKeyId"), string_at(document, "SecretAccessKey"),
        string_at(document, "Token"), read_time(string_at(document, "Expiration"))
    };
    if (!keys.secret_access_key.empty()) return keys;
    return not_now("the container's credentials service gave no keys");
}

/// Keys come over plain HTTP from this machine or the container's own service only.
bool is_trusted(const net::Url& url) {
    constexpr std::array<std::string_view, 3> kServices = {
        "169.254.170.2", "169.254.170.23", "fd00:ec2::23"
    };
    if (url.scheme() == "https") return true;
    if (std::ranges::find(kServices, url.host()) != kServices.end()) return true;
    return url.host() == "localhost" || net::classify(url.host()) == net::AddressClass::kLoopback;
}

Result<std::optional<Container>> find_container(const Environment& environment) {
    const auto value = [&](const char* name) { return environment(name).value_or(""); };
    auto text = value("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const auto relative = value("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    if (!relative.empty()) text = "http://169.254.170.2" + relative;
    if (text.empty()) return std::optional<Container>();
    auto url = net::Url::parse(text);
    if (!url || url->is_s3() || !is_trusted(*url)) {
        return no_keys(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https://, or http:// on this machine"
        );
    }
    return std::optional(Container{
        *std::move(url), value("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
        value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    });
}

Result<std::optional<WebIdentity>> find_identity(
    const Environment& environment, const std::string& region
) {
    const auto value = [&](const char* name) { return environment(name).value_or(""); };
    WebIdentity identity;
    identity.token_file = value("AWS_WEB_IDENTITY_TOKEN_FILE");
    identity.role = value("AWS_ROLE_ARN");
    if (identity.token_file.empty()) return std::optional<WebIdentity>();
    if (identity.role.empty()) {
        return no_keys("AWS_WEB_IDENTITY_TOKEN_FILE is set but no AWS_ROLE_ARN");
    }
    identity.name = value("AWS_ROLE_SESSION_NAME");
    if (identity.name.empty()) identity.name = "ittybit";
    auto endpoint = value("AWS_ENDPOINT_URL_STS");
    if (endpoint.empty()) endpoint = aws_url("sts", region) + "/";
    identity.service = TRY(net::Url::parse(endpoint));
    return std::optional(std::move(identity));
}

}  // namespace

std::string aws_url(std::string_view service, const std::string& region) {
    const auto* const country = region.starts_with("cn-") ? ".cn" : "";
    return fmt::format("https://{}.{}.amazonaws.com{}", service, region, country);
}

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* const value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
    };
}

Result<TemporaryKeys> RoleKeys::now(const std::stop_token& stop) {
    const MutexLock lock(mutex_);
    const auto now = SystemClock().now();
    if (keys_ && keys_->end - now > kRenewBefore) return *keys_;
    auto fresh = renew_(stop);
    const bool is_good_still = keys_ && keys_->end > now;
    if (fresh) keys_ = *fresh;
    return fresh || !is_good_still ? fresh : Result<TemporaryKeys>(*keys_);
}

Result<std::shared_ptr<RoleKeys>> role_keys_from_environment(
    const Environment& environment, const std::string& region
) {
    if (auto identity = TRY(find_identity(environment, region))) {
        return std::make_shared<RoleKeys>([client = make_client(),
                                           identity = *identity](const std::stop_token& stop) {
            return ask_sts(*client, identity, stop);
        });
    }
    if (auto container = TRY(find_container(environment))) {
        return std::make_shared<RoleKeys>([client = make_client(),
                                           container = *container](const std::stop_token& stop) {
            return ask_container(*client, container, stop);
        });
    }
    return std::shared_ptr<RoleKeys>();
}

}  // namespace ittybit::storage
