#include <string>
#include <string_view>

#include <fmt/format.h>

#include "api/handlers.h"

namespace ittybit::api {

std::string base_url(const Service& service, const Request& request) {
    if (!service.settings.public_url.empty()) return service.settings.public_url;
    const auto& host = request.host;
    constexpr std::string_view kLetters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]";
    const bool is_plain = host.find_first_not_of(kLetters) == std::string::npos;
    if (host.empty() || host.size() > 255 || !is_plain) return service.settings.listen_url;
    return fmt::format("{}://{}", request.scheme, host);
}

std::string base_path(const Service& service) {
    const auto& url = service.settings.public_url;
    const auto scheme = url.find("://");
    const auto path = scheme == std::string::npos ? scheme : url.find('/', scheme + 3);
    return path == std::string::npos ? "" : url.substr(path);
}

}  // namespace ittybit::api
