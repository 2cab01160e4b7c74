#include "model/connection.h"

#include <algorithm>

#include "base/text.h"

namespace ittybit {
namespace {

constexpr std::size_t kLongestName = 64;

bool is_name_letter(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.';
}

}  // namespace

json::object settings_of(const ConnectionRequest& connection) {
    return {
        {"endpoint", connection.endpoint},
        {"region", connection.region},
        {"access_key_id", connection.access_key_id},
        {"path_style", to_json(connection.path_style)},
    };
}

json::object secrets_of(const ConnectionRequest& connection) {
    const bool has_token = connection.session_token && !connection.session_token->empty();
    return {
        {"secret_access_key", connection.secret_access_key},
        {"session_token", has_token ? json::value(*connection.session_token) : json::value()},
    };
}

std::vector<Problem> check(const ConnectionRequest& connection) {
    std::vector<Problem> problems;
    const auto& name = connection.name;
    const bool is_name = !name.empty() && name.size() <= kLongestName &&
                         std::ranges::all_of(name, is_name_letter) && !name.starts_with("conn_");
    if (!is_name) {
        problems.push_back(
            {"name", "name must be 1 to 64 of letters, digits, - _ . and not begin with conn_"}
        );
    }
    const auto& endpoint = connection.endpoint;
    const auto start = to_lower(endpoint.substr(0, 8));
    const bool is_web = start.starts_with("https://") || start.starts_with("http://");
    if (!endpoint.empty() && !is_web) {
        problems.push_back({"endpoint", "endpoint must be an http:// or https:// URL"});
    }
    if (endpoint.find_first_of("@?#") != std::string::npos) {
        problems.push_back(
            {"endpoint",
             "endpoint must be without a user name, password, query or fragment: keys "
             "belong in access_key_id and secret_access_key"}
        );
    }
    if (connection.access_key_id.empty()) {
        problems.push_back({"access_key_id", "access_key_id must not be empty"});
    }
    if (connection.secret_access_key.empty()) {
        problems.push_back({"secret_access_key", "secret_access_key must not be empty"});
    }
    return problems;
}

}  // namespace ittybit
