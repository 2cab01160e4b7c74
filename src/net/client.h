#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "net/address_policy.h"
#include "net/url.h"

namespace ittybit::net {

struct Header {
    std::string name;
    std::string value;
};
using Headers = std::vector<Header>;

/// The value of the first header of this name, in any case; "" when there is none.
std::string_view header_value(const Headers& headers, std::string_view name);

/// When to give up on a far end.
struct Patience {
    std::chrono::milliseconds connect{10'000};
    /// Fewer than `slowest` bytes a second, in both directions together, for this long. 0: never.
    std::chrono::seconds stall{30};
    std::int64_t slowest = 1024;
    /// The whole exchange; 0: no limit.
    std::chrono::milliseconds whole{0};
};

struct Request {
    std::string method = "GET";
    Url url;
    Headers headers;
    /// What is sent: `upload` where it is given, else `body`. Without a size it goes chunked.
    std::string body;
    ByteSource* upload = nullptr;
    /// How many redirects are followed, at most 5 (GET and HEAD only). Never from https to http.
    int redirects = 0;
    /// How many redirects led to `url` already, for the fetch guard.
    int hops = 0;
    /// On a new connection, and never sent again unasked: when it fails, it was tried once.
    bool is_sent_once = false;
    /// Bytes of the answer kept in Response.body; more is an error.
    std::size_t largest_body = 1U << 20U;
    Patience patience;
};

struct Response {
    int status = 0;
    Headers headers;
    std::string body;  // empty where a Receiver took the bytes
    Url url;           // where the answer came from, behind redirects
};

/// Takes an answer as it arrives. Both are called on the thread that asked.
struct Receiver {
    /// Once, with status and headers of the final answer, before its bytes. An error ends the
    /// exchange and is what `send` returns. May be empty.
    std::function<Result<>(const Response&)> head = {};
    /// Each piece of the body. False: enough, the rest is not read and `send` succeeds.
    std::function<Result<bool>(std::span<const std::byte>)> bytes = {};
};

/// The HTTP/1.1 and HTTP/2 client. Calls block the thread they are made on until the answer is
/// there or `stop` is asked for; any number of threads may call at once. Connections are kept and
/// reused. No proxy variable, cookie, .netrc or content encoding plays a part.
class Client {
public:
    struct Settings {
        AddressPolicy policy;
        std::string user_agent = "ittybit";
        std::string ca_file = {};  // PEM; empty: the system's
    };
    explicit Client(Settings settings);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    /// Any status is a success. Errors: `input_blocked` (the guard), `cancelled`, `invalid_input`
    /// (a redirect to nowhere), else `unavailable` in words: name not found, refused, timed out,
    /// too slow, cut off, TLS, too many redirects, header or body too large. An error from
    /// `receiver` or the upload's ByteSource passes unchanged.
    Result<Response> send(
        const Request& request, const std::stop_token& stop = {}, const Receiver& receiver = {}
    );

    const Settings& settings() const { return settings_; }

private:
    struct Pool;
    Settings settings_;
    std::unique_ptr<Pool> pool_;
};

/// "404 Not Found"; the bare number where the status has no usual words.
std::string status_in_words(int status);

}  // namespace ittybit::net
