#pragma once

#include <string>
#include <vector>

#include "api/beast.h"
#include "api/http.h"

namespace ittybit::api {

/// The proxies whose word is taken for who sent a request and how it was addressed.
class TrustedProxies {
public:
    /// Addresses and blocks of them: "10.0.0.0/8", "::1". Errors: `invalid_request`.
    static Result<TrustedProxies> read(const std::vector<std::string>& blocks);

    bool include(const asio::ip::address& address) const;

private:
    std::vector<asio::ip::network_v6> blocks_;  // those of IPv4 as mapped ones
};

/// Who sent a request, and the scheme and host that were asked for.
struct Sender {
    asio::ip::address address;
    std::string scheme = "http";
    std::string host;
};

/// From a trusted peer: what `X-Forwarded-For`, `-Proto` and `-Host` say, else, where there is none
/// of these, `Forwarded` (RFC 7239). Each proxy adds the address it was reached from at the right:
/// the client is the first one from there that is not itself a trusted proxy.
Sender sender_of(
    const Request& request, const asio::ip::address& peer, const TrustedProxies& trusted
);

}  // namespace ittybit::api
