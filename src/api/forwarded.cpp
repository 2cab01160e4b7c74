#include "api/forwarded.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"

namespace ittybit::api {
namespace {

/// What the proxies on the way said, the one next to us last. Where all say all, the lists are of
/// one length.
struct Told {
    std::vector<std::string> clients;
    std::vector<std::string> schemes;
    std::vector<std::string> hosts;
};

/// The pieces between separators that do not stand in quotes.
std::vector<std::string_view> pieces_of(std::string_view text, char separator) {
    std::vector<std::string_view> pieces;
    std::size_t begin = 0;
    bool is_quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && is_quoted) {
            ++at;
        } else if (text[at] == '"') {
            is_quoted = !is_quoted;
        } else if (text[at] == separator && !is_quoted) {
            pieces.push_back(trimmed(text.substr(begin, at - begin)));
            begin = at + 1;
        }
    }
    pieces.push_back(trimmed(text.substr(begin)));
    return pieces;
}

/// A token, or what is in a quoted string.
std::string unquoted(std::string_view text) {
    if (text.size() < 2 || !text.starts_with('"') || !text.ends_with('"')) return std::string(text);
    std::string inner;
    for (std::size_t at = 1; at + 1 < text.size(); ++at) {
        if (text[at] == '\\' && at + 2 < text.size()) ++at;
        inner += text[at];
    }
    return inner;
}

/// All values of a header that is a list.
std::vector<std::string> list_of(const Request& request, std::string_view name) {
    std::vector<std::string> all;
    for (const auto& header : request.headers) {
        if (!is_same_word(header.name, name)) continue;
        for (const auto piece : pieces_of(header.value, ',')) all.emplace_back(piece);
    }
    return all;
}

Told read_forwarded(const Request& request) {
    Told told;
    for (const auto& element : list_of(request, "Forwarded")) {
        told.clients.emplace_back();
        told.schemes.emplace_back();
        told.hosts.emplace_back();
        for (const auto pair : pieces_of(element, ';')) {
            const auto equals = std::min(pair.find('='), pair.size());
            const auto name = pair.substr(0, equals);
            const auto value = unquoted(pair.substr(std::min(equals + 1, pair.size())));
            if (is_same_word(name, "for")) told.clients.back() = value;
            if (is_same_word(name, "proto")) told.schemes.back() = value;
            if (is_same_word(name, "host")) told.hosts.back() = value;
        }
    }
    return told;
}

Told read_told(const Request& request) {
    const Told told{
        list_of(request, "X-Forwarded-For"), list_of(request, "X-Forwarded-Proto"),
        list_of(request, "X-Forwarded-Host")
    };
    const bool is_nothing = told.clients.empty() && told.schemes.empty() && told.hosts.empty();
    return is_nothing ? read_forwarded(request) : told;
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
std::optional<asio::ip::address> read_node(std::string_view text) {
    const auto colon = text.find(':');
    const bool has_one_colon = colon != std::string_view::npos && colon == text.rfind(':');
    if (text.starts_with('[')) {
        text = text.substr(1, std::min(text.find(']'), text.size()) - 1);
    } else if (has_one_colon) {
        text = text.substr(0, colon);
    }
    beast::error_code code;
    const auto address = asio::ip::make_address(std::string(text), code);
    return code ? std::nullopt : std::optional(address);
}

/// So that one comparison serves both families, and a zone makes no difference.
asio::ip::address_v6 as_six(const asio::ip::address& address) {
    if (address.is_v4()) return asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4());
    return asio::ip::address_v6(address.to_v6().to_bytes());
}

Result<asio::ip::network_v6> read_block(const std::string& text) {
    const auto slash = std::min(text.find('/'), text.size());
    beast::error_code code;
    const auto address = asio::ip::make_address(text.substr(0, slash), code);
    const int bits = address.is_v4() ? 32 : 128;
    int length = bits;
    if (!code && slash < text.size())
        length = whole_number<int>(text.substr(slash + 1)).value_or(-1);
    if (!code && length >= 0 && length <= bits) {
        const auto prefix = static_cast<unsigned short>(length + 128 - bits);
        return asio::ip::network_v6(as_six(address), prefix).canonical();
    }
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format("--trusted-proxy {} is neither an address nor a block like 10.0.0.0/8", text),
        "trusted_proxy"
    };
}

/// The value so many places from the right; the leftmost where there are fewer.
std::string from_right(const std::vector<std::string>& values, std::size_t place) {
    return values.empty() ? "" : values.at(values.size() - 1 - std::min(place, values.size() - 1));
}

}  // namespace

Result<TrustedProxies> TrustedProxies::read(const std::vector<std::string>& blocks) {
    TrustedProxies trusted;
    for (const auto& block : blocks) trusted.blocks_.push_back(TRY(read_block(block)));
    return trusted;
}

bool TrustedProxies::include(const asio::ip::address& address) const {
    const auto six = as_six(address);
    return std::ranges::any_of(blocks_, [&six](const auto& block) {
        return asio::ip::network_v6(six, block.prefix_length()).canonical() == block;
    });
}

Sender sender_of(
    const Request& request, const asio::ip::address& peer, const TrustedProxies& trusted
) {
    Sender sender{.address = peer, .host = std::string(request.header("Host"))};
    if (!trusted.include(peer)) return sender;
    const auto told = read_told(request);
    std::size_t hops = 0;
    for (; hops < told.clients.size() && trusted.include(sender.address); ++hops) {
        const auto next = read_node(from_right(told.clients, hops));
        if (!next) break;
        sender.address = *next;
    }
    const auto place = std::max<std::size_t>(hops, 1) - 1;
    const auto scheme = to_lower(from_right(told.schemes, place));
    if (scheme == "http" || scheme == "https") sender.scheme = scheme;
    if (auto host = from_right(told.hosts, place); !host.empty()) sender.host = std::move(host);
    return sender;
}

}  // namespace ittybit::api
