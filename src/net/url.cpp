#include "net/url.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <vector>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <locale.h>

#include "base/text.h"

namespace ittybit::net {
namespace {

constexpr std::size_t kLongestUrl = 8192;
constexpr std::size_t kLongestKey = 1024;

struct Free {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
    void operator()(char* text) const { curl_free(text); }
};

Error invalid(std::string message) {
    return {ErrorKind::kInvalidInput, std::move(message), ""};
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}
bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// Escapes what may not stand in a path or query, and leaves every other spelling alone.
std::string escape_forbidden(std::string_view text) {
    constexpr std::string_view kForbidden = " \"<>`{}^\\";
    std::string escaped;
    for (const char c : text) {
        if (!is_ascii(c) || kForbidden.find(c) != std::string_view::npos) {
            escaped += percent_encode({&c, 1});
        } else {
            escaped += c;
        }
    }
    return escaped;
}

/// One piece of a numeric IPv4 host: decimal, 0octal or 0xhex.
std::optional<std::uint64_t> ipv4_piece(std::string_view piece) {
    int base = 10;
    if (piece.size() >= 2 && piece[0] == '0' && (piece[1] == 'x' || piece[1] == 'X')) {
        piece.remove_prefix(2);
        base = 16;
        if (piece.empty()) return 0;
    } else if (piece.size() >= 2 && piece[0] == '0') {
        piece.remove_prefix(1);
        base = 8;
    }
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(piece.data(), piece.data() + piece.size(), value, base);
    if (error != std::errc() || end != piece.data() + piece.size()) return std::nullopt;
    return value;
}

/// WHATWG's rule: a host whose last label is a number is an IPv4 address or nothing.
bool ends_in_number(std::string_view host) {
    const auto last = host.substr(host.rfind('.') + 1);
    if (last.empty()) return false;
    if (std::all_of(last.begin(), last.end(), is_digit)) return true;
    return last.starts_with("0x") && ipv4_piece(last);
}

Result<std::string> dotted_ipv4(std::string_view host) {
    const auto pieces = split(host, '.');
    const Error bad = invalid("the host \"" + std::string(host) + "\" is not an IPv4 address");
    if (pieces.size() > 4) return bad;
    std::uint64_t address = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const auto value = ipv4_piece(pieces[i]);
        const bool is_last = i + 1 == pieces.size();
        // The last piece fills all the bytes that are left: 127.1 is 127.0.0.1.
        const std::size_t bytes = is_last ? 4 - i : 1;
        if (!value || *value >= 1ULL << (8 * bytes)) return bad;
        address |= *value << (is_last ? 0 : 8 * (3 - i));
    }
    return std::to_string(address >> 24U & 255U) + "." + std::to_string(address >> 16U & 255U) +
           "." + std::to_string(address >> 8U & 255U) + "." + std::to_string(address & 255U);
}

Result<std::string> canonical_ipv6(std::string_view inside) {
    in6_addr address = {};
    std::array<char, INET6_ADDRSTRLEN> text = {};
    if (inet_pton(AF_INET6, std::string(inside).c_str(), &address) != 1)
        return invalid("the host \"[" + std::string(inside) + "]\" is not an IPv6 address");
    return std::string(inet_ntop(AF_INET6, &address, text.data(), text.size()));
}

/// UTF-8 for this thread, since libcurl reads host names in the locale's encoding.
class Utf8Locale {
public:
    Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
        if (locale_ != nullptr) before_ = ::uselocale(locale_);
    }
    Utf8Locale(const Utf8Locale&) = delete;
    Utf8Locale& operator=(const Utf8Locale&) = delete;
    ~Utf8Locale() {
        if (locale_ == nullptr) return;
        ::uselocale(before_);
        ::freelocale(locale_);
    }

private:
    locale_t locale_;
    locale_t before_ = nullptr;
};

/// IDN to punycode, by libcurl's IDN library (UTS 46, so that full-width letters become ASCII).
Result<std::string> punycode(const std::string& host) {
    const Utf8Locale utf8;
    const std::unique_ptr<CURLU, Free> url(curl_url());
    char* text = nullptr;
    auto code = curl_url_set(url.get(), CURLUPART_URL, ("http://" + host + "/").c_str(), 0);
    if (code == CURLUE_OK) code = curl_url_get(url.get(), CURLUPART_HOST, &text, CURLU_PUNYCODE);
    const std::unique_ptr<char, Free> owner(text);  // libcurl leaves it set when it fails, too
    if (code != CURLUE_OK) return invalid("the host name is not a valid internationalised name");
    return std::string(text);
}

bool is_host_name(std::string_view host) {
    if (host.size() > 253) return false;
    for (const auto& label : split(host, '.')) {
        if (label.empty() || label.size() > 63) return false;
        for (const char c : label) {
            if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_') return false;
        }
    }
    return true;
}

Result<std::string> normal_host(std::string_view text) {
    if (text.empty()) return invalid("the URL has no host name");
    if (text.front() == '[') return canonical_ipv6(text.substr(1, text.size() - 2));
    std::string host = to_lower(text);
    if (!std::all_of(host.begin(), host.end(), is_ascii)) host = to_lower(TRY(punycode(host)));
    if (host.ends_with('.')) host.pop_back();
    if (ends_in_number(host)) return dotted_ipv4(host);
    if (!is_host_name(host)) return invalid("\"" + host + "\" is not a host name");
    return host;
}

struct Authority {
    std::string_view host;
    std::string_view port;
};

Result<Authority> split_authority(std::string_view text) {
    if (text.find('@') != std::string_view::npos)
        return invalid("a URL must not hold a user name or password; use a signed URL instead");
    const auto bracket = text.rfind(']');
    const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const auto host = text.substr(0, colon);
    if (host.starts_with('[') && !host.ends_with(']'))
        return invalid("the IPv6 address lacks its closing bracket");
    return Authority{
        host, colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1)
    };
}

Result<int> read_port(std::string_view text, int standard) {
    if (text.empty()) return standard;
    const auto port = whole_number<int>(text);
    if (port && *port >= 1 && *port <= 65535) return *port;
    return invalid("\"" + std::string(text) + "\" is not a port; it must be 1 to 65535");
}

int standard_port(std::string_view scheme) {
    return scheme == "https" ? 443 : 80;
}

/// RFC 3986 5.2.4.
std::string without_dot_segments(std::string_view path) {
    std::vector<std::string> kept;
    const auto pieces = split(path.substr(1), '/');
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const bool is_last = i + 1 == pieces.size();
        const bool is_up = pieces[i] == "..";
        if (is_up && !kept.empty()) kept.pop_back();
        if (is_up || pieces[i] == ".") {
            if (is_last) kept.emplace_back();
        } else {
            kept.push_back(pieces[i]);
        }
    }
    return "/" + join(kept, "/");
}

/// "https" of "https://…"; nothing where the text does not begin with a scheme.
std::optional<std::string> leading_scheme(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || !is_letter(text[0])) return std::nullopt;
    for (const char c : text.substr(0, colon)) {
        if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return std::nullopt;
    }
    return to_lower(text.substr(0, colon));
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
    const auto scheme = leading_scheme(text);
    if (!scheme || (scheme != "http" && scheme != "https" && scheme != "s3"))
        return invalid("input must use http://, https://, or s3:// scheme");
    if (text.size() > kLongestUrl) return invalid("the URL is longer than 8192 bytes");
    if (std::any_of(text.begin(), text.end(), is_control))
        return invalid("the URL holds a control character or a line break");
    const auto rest = text.substr(scheme->size() + 1);
    if (!rest.starts_with("//"))
        return invalid("the URL must begin with " + *scheme + ":// and a host name");
    if (scheme == "s3") return parse_s3(rest.substr(2));
    if (text.ends_with(' ')) return invalid("the URL ends with a space");
    return parse_http(*scheme, rest.substr(2));
}

Result<Url> Url::parse_s3(std::string_view rest) {
    const auto slash = rest.find('/');
    const auto bucket = rest.substr(0, slash);
    Url url;
    url.scheme_ = "s3";
    url.host_ = bucket;
    url.path_ = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
    const bool is_plain = std::all_of(bucket.begin(), bucket.end(), [](char c) {
        return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
    });
    if (!is_plain || bucket.size() < 3 || bucket.size() > 63 || bucket.starts_with('.') ||
        bucket.ends_with('.') || bucket.find("..") != std::string_view::npos)
        return invalid("\"" + std::string(bucket) + "\" is not a bucket; use s3://bucket/key");
    if (url.path_.size() > kLongestKey + 1) return invalid("the key is longer than 1024 bytes");
    return url;
}

Result<Url> Url::parse_http(std::string scheme, std::string_view rest) {
    rest = rest.substr(0, rest.find('#'));
    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    const auto authority = TRY(split_authority(rest.substr(0, end)));
    const auto target = rest.substr(end);
    const auto question = target.find('?');
    const auto path = target.substr(0, question);
    if (path.find('\\') != std::string_view::npos) return invalid("the URL holds a backslash");
    Url url;
    url.port_ = TRY(read_port(authority.port, standard_port(scheme)));
    url.scheme_ = std::move(scheme);
    url.host_ = TRY(normal_host(authority.host));
    url.path_ = path.empty() ? "/" : escape_forbidden(path);
    if (question != std::string_view::npos)
        url.query_ = escape_forbidden(target.substr(question + 1));
    return url;
}

Result<Url> Url::resolve(std::string_view reference) const {
    if (const auto scheme = leading_scheme(reference)) {
        if (scheme != "http" && scheme != "https")
            return invalid("the server redirects to a " + *scheme + " URL, which is not followed");
        return parse(reference);
    }
    reference = reference.substr(0, reference.find('#'));
    if (reference.starts_with("//")) return parse(scheme_ + ":" + std::string(reference));
    const auto question = reference.find('?');
    std::string path(reference.substr(0, question));
    const std::string query =
        question == std::string_view::npos ? "" : std::string(reference.substr(question));
    if (path.empty()) {
        path = path_;
    } else {
        if (path.front() != '/') path = path_.substr(0, path_.rfind('/') + 1) + path;
        path = without_dot_segments(path);
    }
    return parse(scheme_ + "://" + authority() + path + query);
}

std::string Url::authority() const {
    std::string text = host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]";
    if (port_ != 0 && port_ != standard_port(scheme_)) text += ":" + std::to_string(port_);
    return text;
}

std::string Url::safe_text() const {
    return scheme_ + "://" + authority() + path_;
}

std::string Url::text() const {
    return query_.empty() ? safe_text() : safe_text() + "?" + query_;
}

std::string Url::file_name() const {
    const auto name = path_.substr(path_.rfind('/') + 1);
    return is_s3() ? name : percent_decode(name);
}

bool Url::has_same_origin(const Url& other) const {
    return scheme_ == other.scheme_ && host_ == other.host_ && port_ == other.port_;
}

}  // namespace ittybit::net
