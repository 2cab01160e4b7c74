#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

/// The one HTTP client: URLs, which addresses may be reached, requests and answers.
namespace ittybit::net {

/// An absolute http, https or s3 URL, parsed and normalised once (WHATWG host rules: numeric IPv4
/// in any spelling becomes dotted, IDN becomes punycode, all lower case). A value; never empty but
/// when default-made. The path and query keep their spelling, since signatures are made over it;
/// only what no URL may hold (spaces, non-ASCII) is percent-encoded. Fragments are dropped.
class Url {
public:
    Url() = default;

    /// Errors: `invalid_input`, saying what is wrong with the text: another scheme, user names or
    /// passwords, no host, a bad port, control characters, backslashes, over 8192 bytes.
    static Result<Url> parse(std::string_view text);

    /// The target of a redirect: `reference` may be relative. Errors: `invalid_input`.
    Result<Url> resolve(std::string_view reference) const;

    /// "http", "https" or "s3".
    const std::string& scheme() const { return scheme_; }
    /// The host without brackets: "example.com", "127.0.0.1", "::1"; the bucket of s3.
    const std::string& host() const { return host_; }
    /// The port in force; 0 for s3.
    int port() const { return port_; }
    /// "/", "/a/b.mp4". Percent-encoded for http(s).
    const std::string& path() const { return path_; }
    /// Without "?"; may be empty.
    const std::string& query() const { return query_; }

    bool is_s3() const { return scheme_ == "s3"; }
    /// The key of an s3 URL, taken literally as `aws s3` does: no percent-decoding.
    std::string key() const { return path_.substr(path_.empty() ? 0 : 1); }

    /// The whole URL, query included. For requests, never for logs or messages.
    std::string text() const;
    /// The URL without its query: for logs and messages.
    std::string safe_text() const;
    /// "host" or "host:port" with IPv6 in brackets, as in a Host header.
    std::string authority() const;
    /// The last piece of the path, percent-decoded; "" when there is none.
    std::string file_name() const;

    bool has_same_origin(const Url& other) const;
    bool operator==(const Url&) const = default;

private:
    static Result<Url> parse_s3(std::string_view rest);
    static Result<Url> parse_http(std::string scheme, std::string_view rest);

    std::string scheme_;
    std::string host_;
    std::string path_;
    std::string query_;
    int port_ = 0;
};

}  // namespace ittybit::net
