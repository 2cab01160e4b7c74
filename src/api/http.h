#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/fields_json.h"
#include "base/json.h"
#include "base/result.h"

/// The HTTP API: one handler per endpoint, on plain values, which know no HTTP library.
namespace ittybit::api {

struct Header {
    std::string name;
    std::string value;
};

/// Reads the next bytes of a request's body; 0 at its end. Waits for the client.
using BodyReader = std::function<Result<std::size_t>(std::span<std::byte>)>;

/// What a request was let in by, for as long as its answer goes on. Safe from any thread.
struct Pass {
    const std::string key_id;
    std::atomic<bool> is_valid = true;
};

/// A request as handlers see it.
struct Request {
    std::string id;     // by which the client and the log know it
    std::string trace;  // the id of the trace it is part of (W3C Trace Context); may be empty
    std::string peer;   // the address of who sent it
    std::string scheme = "http";
    std::string host;  // that it was sent to
    std::string method;
    std::string path;                                        // percent-encoded, without the query
    std::vector<std::pair<std::string, std::string>> query;  // decoded
    std::vector<Header> headers;
    std::string body;
    BodyReader read_body;                    // instead of `body`, on streaming routes
    std::optional<std::uint64_t> body_size;  // as announced
    std::vector<std::pair<std::string, std::string>> captures;  // of the route's {names}, decoded
    std::shared_ptr<const Pass> pass;                           // nothing where none was wanted
    std::string upload_token;   // the hash of the token it came with instead of a key
    std::vector<Header> quota;  // what its answer says of the rate of its key

    /// The first header of this name in any case; "" when there is none.
    std::string_view header(std::string_view name) const;
    const Header* find_header(std::string_view name) const;
    std::string_view capture(std::string_view name) const;
    std::optional<std::string> query_value(std::string_view name) const;
};

/// A piece of an open file that is the body.
struct FileBody {
    Fd file;
    std::int64_t offset = 0;
    std::int64_t length = 0;
};

/// A body that is fetched from elsewhere as the client takes it: bytes [offset, offset + length) of
/// an object. `pull` may wait, and gives as many bytes as it is asked for.
struct PulledBody {
    std::function<Result<std::string>(std::int64_t offset, std::int64_t length)> pull;
    std::int64_t offset = 0;
    std::int64_t length = 0;
};

/// A body that goes on: Server-Sent Events. Nobody asks it twice at once.
class EventStream {
public:
    /// What there is to be sent.
    struct News {
        std::string text;      // may be empty
        bool is_last = false;  // nothing will come any more
        /// When there may be more though nobody was woken.
        std::chrono::steady_clock::time_point again = std::chrono::steady_clock::time_point::max();
    };

    EventStream() = default;
    EventStream(const EventStream&) = delete;
    EventStream& operator=(const EventStream&) = delete;
    virtual ~EventStream() = default;

    /// Called once, first: `wake` wants to be told, from any thread, whenever look() may have
    /// something. It may be told for as long as this stream lives.
    virtual void on_news(std::function<void()> wake) = 0;
    /// May wait for the store.
    virtual News look() = 0;
};

struct Response {
    int status = 200;
    std::vector<Header> headers;
    std::string body;
    std::optional<FileBody> file;
    std::optional<PulledBody> pulled;
    std::shared_ptr<EventStream> events;
    std::function<void()> note;          // called on the server's thread before the answer is sent
    std::chrono::milliseconds delay{0};  // the answer is held back for so long

    /// Each name once.
    Response& with(std::string name, std::string value) {
        headers.push_back({std::move(name), std::move(value)});
        return *this;
    }
    /// The header of this name; "" when there is none.
    std::string_view header(std::string_view name) const;
};

/// 204.
Response no_content();

/// A JSON answer.
Response json_response(int status, const json::value& value);

/// One thing wrong with a request.
struct FieldError {
    ErrorKind kind = ErrorKind::kInvalidRequest;
    std::string field;
    std::string message;
};

/// What a Reader or a check found wrong, as `invalid_request`.
std::vector<FieldError> errors_of(const std::vector<Problem>& problems);

/// `{kind, message}` with the kind's status. An `internal_error` gets an id, and its message only
/// goes to the log under that id. `retry_after_s`: with a 429 or 503, when it may end better.
Response error_response(const Error& error, int retry_after_s = 5);

/// `{kind, message}` with a status of its own, where HTTP has a finer one than the kind.
Response refusal(int status, const Error& error);

/// The same for several problems, ranked in SPEC's order, all listed in `errors`.
Response error_response(std::vector<FieldError> errors);

/// `%41` and the like; `+` as a space where `is_query`. Broken escapes stay as they are; what is
/// not UTF-8 becomes U+FFFD, since it may come back in an answer.
std::string percent_decoded(std::string_view text, bool is_query = false);

/// As Date and Last-Modified are written.
std::string http_date(std::time_t seconds);

/// The seconds of a date in any of HTTP's three forms (RFC 9110 5.6.7).
std::optional<std::time_t> read_http_date(const std::string& text);

/// The answer to a browser that asks what it may ask for (CORS).
Response preflight();

/// What is behind `?`, decoded.
std::vector<std::pair<std::string, std::string>> read_query(std::string_view query);

}  // namespace ittybit::api
