#include "storage/s3_account.h"

#include <fstream>
#include <map>

#include "base/text.h"

namespace ittybit::storage {
namespace {

/// "section" → "key" → value, of an AWS shared file. A nested block's keys are "block.key".
using Profile = std::map<std::string, std::string>;
using Profiles = std::map<std::string, Profile>;

Profiles read_profiles(const std::string& path) {
    std::ifstream file(path);
    Profiles profiles;
    std::string section;
    std::string block;
    for (std::string line; std::getline(file, line);) {
        const auto text = trimmed(line, " \t\r");
        if (text.empty() || text[0] == '#' || text[0] == ';') continue;
        if (text[0] == '[') {
            section = trimmed(text.substr(1, text.find(']') - 1));
            if (section.starts_with("profile ")) section = trimmed(section.substr(8));
            profiles[section];
            continue;
        }
        const auto equals = text.find('=');
        if (equals == std::string::npos) continue;
        const auto key = to_lower(trimmed(text.substr(0, equals)));
        const auto value = trimmed(text.substr(equals + 1));
        const bool is_nested = line[0] == ' ' || line[0] == '\t';
        if (!is_nested) block = value.empty() ? key + "." : "";
        profiles[section][(is_nested ? block : "") + key] = value;
    }
    return profiles;
}

Error no_account(std::string message) {
    return {ErrorKind::kConnectionRequired, std::move(message), ""};
}

/// Looks names up in the environment, then in the profile.
class Lookup {
public:
    Lookup(const Environment& environment, Profile profile)
        : environment_(environment), profile_(std::move(profile)) {}

    std::string variable(const std::string& name) const { return environment_(name).value_or(""); }
    std::string setting(const std::string& name) const {
        const auto found = profile_.find(name);
        return found == profile_.end() ? "" : found->second;
    }
    std::string first(const std::vector<std::string>& variables, const std::string& key) const {
        for (const auto& name : variables) {
            if (const auto value = variable(name); !value.empty()) return value;
        }
        return setting(key);
    }

private:
    const Environment& environment_;
    Profile profile_;
};

Result<Profile> chosen_profile(const Environment& environment) {
    const auto home = environment("HOME").value_or("") + "/.aws/";
    const auto asked = environment("AWS_PROFILE").value_or("");
    const auto name = asked.empty() ? "default" : asked;
    auto config = read_profiles(environment("AWS_CONFIG_FILE").value_or(home + "config"));
    auto keys =
        read_profiles(environment("AWS_SHARED_CREDENTIALS_FILE").value_or(home + "credentials"));
    if (!asked.empty() && !config.contains(name) && !keys.contains(name))
        return no_account("AWS_PROFILE names \"" + asked + "\", which is in no AWS file");
    Profile profile = keys[name];  // wins where both have a key
    profile.merge(config[name]);
    return profile;
}

void choose_keys(const Lookup& look, S3Account& account) {
    const bool is_by_variable = !look.variable("AWS_ACCESS_KEY_ID").empty() ||
                                !look.variable("AWS_SECRET_ACCESS_KEY").empty();
    const auto key = [&](const std::string& variable, const std::string& setting) {
        return is_by_variable ? look.variable(variable) : look.setting(setting);
    };
    account.access_key_id = key("AWS_ACCESS_KEY_ID", "aws_access_key_id");
    account.secret_access_key = key("AWS_SECRET_ACCESS_KEY", "aws_secret_access_key");
    const auto token = key("AWS_SESSION_TOKEN", "aws_session_token");
    if (!token.empty()) account.session_token = token;
}

void choose_place(const Lookup& look, S3Account& account) {
    const auto region = look.first({"AWS_REGION", "AWS_DEFAULT_REGION"}, "region");
    if (!region.empty()) account.region = region;
    if (to_lower(look.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) != "true")
        account.endpoint = look.first({"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}, "endpoint_url");
    const auto style = look.setting("s3.addressing_style");
    if (style == "path" || style == "virtual") account.path_style = style == "path";
}

bool is_aws(const std::string& host) {
    return host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
}

}  // namespace

Result<net::Url> S3Account::bucket_url(const std::string& bucket) const {
    auto url = net::Url::parse(endpoint.empty() ? aws_url("s3", region) : endpoint);
    if (!url || url->is_s3() || !url->query().empty())
        return Error{
            ErrorKind::kInvalidRequest,
            "the endpoint must be a URL like https://s3.example.com, with http:// or https://",
            "endpoint"
        };
    auto base = url->path();
    if (!base.ends_with('/')) base += '/';
    if (bucket.empty()) return net::Url::parse(url->scheme() + "://" + url->authority() + base);
    // A dot in the bucket's name would not match the service's certificate.
    const bool is_in_path = path_style.value_or(!is_aws(url->host())) ||
                            (url->scheme() == "https" && bucket.find('.') != std::string::npos);
    if (is_in_path)
        return net::Url::parse(url->scheme() + "://" + url->authority() + base + bucket + "/");
    return net::Url::parse(url->scheme() + "://" + bucket + "." + url->authority() + base);
}

Result<S3Account> S3Account::with_keys(const std::stop_token& stop) const {
    S3Account account = *this;
    if (!role) return account;
    auto keys = TRY(role->now(stop));
    account.access_key_id = std::move(keys.access_key_id);
    account.secret_access_key = std::move(keys.secret_access_key);
    account.session_token = std::move(keys.session_token);
    return account;
}

Result<std::optional<S3Account>> account_from_environment(const Environment& environment) {
    const Lookup look(environment, TRY(chosen_profile(environment)));
    S3Account account;
    choose_place(look, account);
    const bool has_variables = !look.variable("AWS_ACCESS_KEY_ID").empty() ||
                               !look.variable("AWS_SECRET_ACCESS_KEY").empty();
    const bool has_identity = !look.variable("AWS_WEB_IDENTITY_TOKEN_FILE").empty();
    if (has_variables || !has_identity) choose_keys(look, account);
    if (account.access_key_id.empty() && account.secret_access_key.empty()) {
        account.role = TRY(role_keys_from_environment(environment, account.region));
        return account.role ? std::optional(std::move(account)) : std::nullopt;
    }
    if (account.access_key_id.empty())
        return no_account("there is a secret access key but no AWS_ACCESS_KEY_ID");
    if (account.secret_access_key.empty())
        return no_account("there is an access key id but no AWS_SECRET_ACCESS_KEY");
    return std::optional(std::move(account));
}

}  // namespace ittybit::storage
