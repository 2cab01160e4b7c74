#include "net/address_policy.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/text.h"

namespace ittybit::net {
namespace {

using enum AddressClass;

struct Block4 {
    std::uint32_t prefix;
    int bits;
    AddressClass address_class;
};

constexpr std::uint32_t ipv4(unsigned a, unsigned b, unsigned c, unsigned d) {
    return a << 24U | b << 16U | c << 8U | d;
}

// iana.org/assignments/iana-ipv4-special-registry, and the metadata services of clouds that are not
// at 169.254/16: the first match decides.
constexpr std::array kBlocks4 = {
    Block4{ipv4(168, 63, 129, 16), 32, kMetadata},    // Azure's wire server
    Block4{ipv4(100, 100, 100, 200), 32, kMetadata},  // Alibaba
    Block4{ipv4(192, 0, 0, 192), 32, kMetadata},      // Oracle Classic
    Block4{ipv4(0, 0, 0, 0), 8, kUnspecified},       Block4{ipv4(10, 0, 0, 0), 8, kPrivate},
    Block4{ipv4(100, 64, 0, 0), 10, kPrivate},       Block4{ipv4(127, 0, 0, 0), 8, kLoopback},
    Block4{ipv4(169, 254, 0, 0), 16, kLinkLocal},    Block4{ipv4(172, 16, 0, 0), 12, kPrivate},
    Block4{ipv4(192, 0, 0, 0), 24, kReserved},       Block4{ipv4(192, 0, 2, 0), 24, kReserved},
    Block4{ipv4(192, 31, 196, 0), 24, kReserved},    Block4{ipv4(192, 52, 193, 0), 24, kReserved},
    Block4{ipv4(192, 88, 99, 0), 24, kReserved},     Block4{ipv4(192, 168, 0, 0), 16, kPrivate},
    Block4{ipv4(192, 175, 48, 0), 24, kReserved},    Block4{ipv4(198, 18, 0, 0), 15, kReserved},
    Block4{ipv4(198, 51, 100, 0), 24, kReserved},    Block4{ipv4(203, 0, 113, 0), 24, kReserved},
    Block4{ipv4(224, 0, 0, 0), 3, kReserved},
};

AddressClass classify4(std::uint32_t address) {
    for (const auto& block : kBlocks4) {
        if ((address ^ block.prefix) >> (32 - block.bits) == 0) return block.address_class;
    }
    return kPublic;
}

using Bytes6 = std::array<std::uint8_t, 16>;

struct Block6 {
    std::string_view prefix;  // as many bytes as the text has, compared up to `bits`
    int bits;
    AddressClass address_class;
};

constexpr Block6 kLocalNat64{std::string_view("\x00\x64\xff\x9b\x00\x01", 6), 48, kPrivate};

// iana.org/assignments/iana-ipv6-special-registry, and metadata services. Outside 2000::/3 nothing
// is public.
const std::array kBlocks6 = {
    Block6{std::string_view("\xfd\x00\x0e\xc2", 4), 32, kMetadata},  // AWS: fd00:ec2::/32
    Block6{
        std::string_view("\xfd\x20\0\xce\0\0\0\0\0\0\0\0\0\0\x02\x54", 16), 128, kMetadata
    },  // Google
    Block6{
        std::string_view("\xfd\0\0\xc1\0\0\0\0\0\0\0\0\xa9\xfe\xa9\xfe", 16), 128, kMetadata
    },  // Oracle
    Block6{
        std::string_view("\xfd\0\0\x42\0\0\0\0\0\0\0\0\0\0\0\x42", 16), 128, kMetadata
    },  // Scaleway
    Block6{
        std::string_view("\xfd\0\xa9\xfe\xa9\xfe\0\0\0\0\0\0\0\0\0\x01", 16), 128, kMetadata
    },  // Akamai
    Block6{
        std::string_view("\xfd\0\x01\0\0\0\0\0\0\0\0\0\x01\0\x02\0", 16), 128, kMetadata
    },  // Alibaba
    Block6{std::string_view("\xfe\x80", 2), 10, kLinkLocal},
    Block6{std::string_view("\xfe\xc0", 2), 10, kPrivate},
    Block6{std::string_view("\xfc", 1), 7, kPrivate},
    kLocalNat64,
    Block6{std::string_view("\x20\x01\x0d\xb8", 4), 32, kReserved},
    Block6{std::string_view("\x20\x01\x00", 3), 23, kReserved},              // IETF: Teredo, ORCHID
    Block6{std::string_view("\x26\x20\x00\x4f\x80\x00", 6), 48, kReserved},  // AS112
    Block6{std::string_view("\x3f\xff\x00", 3), 20, kReserved},
    Block6{std::string_view("\x20", 1), 3, kPublic},
};

bool is_in(const Bytes6& address, const Block6& block) {
    for (int bit = 0; bit < block.bits; bit += 8) {
        const auto index = static_cast<std::size_t>(bit / 8);
        const int left = std::min(8, block.bits - bit);
        const auto difference =
            static_cast<unsigned>(address[index] ^ static_cast<std::uint8_t>(block.prefix[index]));
        if (difference >> (8 - left) != 0) return false;
    }
    return true;
}

std::uint32_t ipv4_at(const Bytes6& address, std::size_t index) {
    return ipv4(address[index], address[index + 1], address[index + 2], address[index + 3]);
}

bool begins_with(const Bytes6& address, std::string_view prefix) {
    return std::memcmp(address.data(), prefix.data(), prefix.size()) == 0;
}

/// Where credentials are handed out: no rule but the user's own word opens it.
bool is_trusted_by_clouds(AddressClass address_class) {
    return address_class == kLinkLocal || address_class == kMetadata;
}

AddressClass worse(AddressClass a, AddressClass b) {
    if (is_trusted_by_clouds(a)) return a;
    return is_trusted_by_clouds(b) ? b : std::max(a, b);
}

/// The class of the IPv4 address inside, where packets to this address would end up there.
std::optional<AddressClass> classify_embedded(const Bytes6& address) {
    using std::string_view_literals::operator""sv;
    const auto last = classify4(ipv4_at(address, 12));
    if (begins_with(address, "\0\0\0\0\0\0\0\0\0\0\xff\xff"sv)) return last;    // mapped
    if (begins_with(address, "\0\0\0\0\0\0\0\0\xff\xff\0\0"sv)) return last;    // translated
    if (begins_with(address, "\0\x64\xff\x9b\0\0\0\0\0\0\0\0"sv)) return last;  // NAT64
    if (begins_with(address, "\0\0\0\0\0\0\0\0\0\0\0\0"sv))                     // compatible
        return worse(last, kReserved);
    if (begins_with(address, "\x20\x02"sv)) return classify4(ipv4_at(address, 2));  // 6to4
    if (begins_with(address, "\x20\x01\0\0"sv))                                     // Teredo
        return worse(
            kReserved, worse(classify4(ipv4_at(address, 4)), classify4(~ipv4_at(address, 12)))
        );
    return std::nullopt;
}

bool is_isatap(const Bytes6& address) {
    return (address[8] & 0xfdU) == 0 && address[9] == 0 && address[10] == 0x5e &&
           address[11] == 0xfe;
}

AddressClass classify6(const Bytes6& address) {
    constexpr Bytes6 kAny = {};
    constexpr Bytes6 kSelf = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    if (address == kAny) return kUnspecified;
    if (address == kSelf) return kLoopback;
    if (const auto embedded = classify_embedded(address)) return *embedded;
    auto found = kReserved;
    for (const auto& block : kBlocks6) {
        if (is_in(address, block)) {
            found = block.address_class;
            break;
        }
    }
    const bool hides_ipv4 = is_isatap(address) || is_in(address, kLocalNat64);
    return hides_ipv4 ? worse(found, classify4(ipv4_at(address, 12))) : found;
}

}  // namespace

AddressClass classify(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in ip = {};
        std::memcpy(&ip, &address, sizeof(ip));
        return classify4(ntohl(ip.sin_addr.s_addr));
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 ip = {};
        std::memcpy(&ip, &address, sizeof(ip));
        Bytes6 bytes = {};
        std::memcpy(bytes.data(), &ip.sin6_addr, bytes.size());
        return classify6(bytes);
    }
    return kReserved;
}

AddressClass classify(const std::string& address) {
    in_addr ip = {};
    if (inet_pton(AF_INET, address.c_str(), &ip) == 1) return classify4(ntohl(ip.s_addr));
    Bytes6 bytes = {};
    if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return classify6(bytes);
    return kReserved;
}

std::string_view word_for(AddressClass address_class) {
    switch (address_class) {
        case kPublic: return "public";
        case kLoopback: return "loopback";
        case kPrivate: return "private";
        case kLinkLocal: return "link-local";
        case kMetadata: return "cloud metadata";
        case kUnspecified: return "unspecified";
        case kReserved: return "reserved";
    }
    return "reserved";
}

bool AddressPolicy::allows(AddressClass address_class, const Url& url, int hop) const {
    if (address_class == kPublic) return true;
    if (allow_typed && (hop == 0 || !is_trusted_by_clouds(address_class))) return true;
    if (allow_private && (address_class == kPrivate || address_class == kLoopback)) return true;
    const bool is_v6 = url.host().find(':') != std::string::npos;
    const auto host = is_v6 ? "[" + url.host() + "]" : url.host();
    const auto full = host + ":" + std::to_string(url.port());
    return std::any_of(allow_hosts.begin(), allow_hosts.end(), [&](const std::string& allowed) {
        const auto name = to_lower(allowed);
        return name == url.host() || name == host || name == full || name == url.authority();
    });
}

Result<> check_literal(const Url& url, const AddressPolicy& policy) {
    if (url.is_s3()) return {};
    std::array<unsigned char, sizeof(in6_addr)> bytes = {};
    const char* host = url.host().c_str();
    auto found = kPublic;
    if (inet_pton(AF_INET, host, bytes.data()) == 1 ||
        inet_pton(AF_INET6, host, bytes.data()) == 1) {
        found = classify(url.host());
    } else if (url.host() == "localhost" || url.host().ends_with(".localhost")) {
        found = kLoopback;  // RFC 6761, 6.3
    }
    if (policy.allows(found, url, 0)) return {};
    return blocked(url, found);
}

Error blocked(const Url& url, AddressClass address_class) {
    return {
        ErrorKind::kInputBlocked,
        fmt::format(
            "\"{}\" leads to a {} address, which may not be reached; --allow-host {} at the "
            "server's start opens it",
            url.host(), word_for(address_class), url.authority()
        ),
        url.safe_text()
    };
}

}  // namespace ittybit::net
