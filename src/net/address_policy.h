#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/url.h"

struct sockaddr;

namespace ittybit::net {

/// What an address is for, by IANA's special-purpose registries (RFC 6890 and its updates).
enum class AddressClass {
    kPublic,
    kLoopback,
    kPrivate,      // RFC 1918, ULA, site-local, CGNAT
    kLinkLocal,    // 169.254/16 (where most clouds have their metadata service), fe80::/10
    kMetadata,     // the metadata services of clouds that sit elsewhere
    kUnspecified,  // 0/8, ::
    kReserved,     // multicast, benchmark, documentation, broadcast, 240/4, discard, unallocated
};

/// Sorts an IPv4 or IPv6 address. IPv6 forms that embed an IPv4 address (mapped, compatible,
/// translated, 6to4, NAT64, Teredo, ISATAP) are decoded and judged by the worse of the two; any
/// other family is kReserved.
AddressClass classify(const sockaddr& address);

/// The same for text as inet_pton reads it; kReserved for what is no address.
AddressClass classify(const std::string& address);

/// "loopback", "private", …: for messages.
std::string_view word_for(AddressClass address_class);

/// The fetch guard's rule: which addresses a request may reach. Asked where the connection is
/// made, with the very address it is made to, so that names, rebinding, redirects and number
/// forms pass one check.
struct AddressPolicy {
    /// Also private and loopback addresses; link-local ones and metadata services stay closed.
    bool allow_private = false;
    /// The URL itself may lead anywhere, its redirects anywhere but to link-local addresses and
    /// metadata services: for the command line, where the user typed the URL.
    bool allow_typed = false;
    /// "host" or "host:port", as in the URL: their addresses are not judged.
    std::vector<std::string> allow_hosts = {};

    /// The public internet only: the server's rule.
    static AddressPolicy strict() { return {}; }
    static AddressPolicy typed_by_user() { return {.allow_typed = true}; }

    /// `hop` is 0 for the URL itself, then 1 for its first redirect, and so on.
    bool allows(AddressClass address_class, const Url& url, int hop) const;
};

/// Whether a URL whose host is itself an address (in any number form: Url knows them), or
/// "localhost", may be reached: what can be known before any connection is made. Other names, and
/// s3, always pass. Errors: `input_blocked`.
Result<> check_literal(const Url& url, const AddressPolicy& policy);

/// The refusal of an address of this class, in words.
Error blocked(const Url& url, AddressClass address_class);

}  // namespace ittybit::net
