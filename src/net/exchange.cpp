#include "net/exchange.h"

#include <algorithm>
#include <charconv>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

namespace ittybit::net {
namespace {

constexpr std::size_t kLargestHead = 64U << 10U;
constexpr std::size_t kLargestRedirectBody = 64U << 10U;
constexpr std::string_view kBlanks = " \t\r\n";

bool redirects(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string seconds_in_words(std::chrono::milliseconds time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) +
           " seconds";
}

}  // namespace

Exchange::Exchange(
    const Client::Settings& settings, const Request& request, bool follows, const Receiver& receiver
)
    : settings_(settings),
      request_(request),
      receiver_(receiver),
      follows_(follows && (request.method == "GET" || request.method == "HEAD")),
      easy_(curl_easy_init()),
      body_(std::as_bytes(std::span(request.body))) {
    response_.url = request.url;
    set_transport();
    set_patience();
    set_method();
    set_headers();
}

void Exchange::set_transport() {
    CURL* easy = easy_.get();
    curl_easy_setopt(easy, CURLOPT_URL, request_.url.text().c_str());
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // no proxy variables
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a cancel does not wait for the resolver
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10U);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10U);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, settings_.user_agent.c_str());
    if (!settings_.ca_file.empty())
        curl_easy_setopt(easy, CURLOPT_CAINFO, settings_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
    // A connection made for a typed URL is no permission for a redirect to the same place. And
    // libcurl repeats by itself what it sent on an old connection that turns out to be dead.
    if (request_.is_sent_once || (request_.hops > 0 && settings_.policy.allow_typed))
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

void Exchange::set_patience() {
    const auto& patience = request_.patience;
    curl_easy_setopt(
        easy_.get(), CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(patience.connect.count())
    );
    curl_easy_setopt(easy_.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(patience.whole.count()));
    curl_easy_setopt(easy_.get(), CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(patience.slowest));
    curl_easy_setopt(
        easy_.get(), CURLOPT_LOW_SPEED_TIME, static_cast<long>(patience.stall.count())
    );
}

void Exchange::set_method() {
    CURL* easy = easy_.get();
    upload_ = request_.upload;
    if (upload_ == nullptr && !request_.body.empty()) upload_ = &body_;
    if (request_.method == "HEAD") {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (upload_ == nullptr && (request_.method == "POST" || request_.method == "PUT"))
        upload_ = &body_;  // an empty body is a body: Content-Length: 0
    if (upload_ != nullptr) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
        curl_easy_setopt(easy, CURLOPT_READDATA, this);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
        if (const auto size = upload_->size())
            curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*size));
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void Exchange::set_headers() {
    const auto add = [this](const std::string& line) {
        if (curl_slist* longer = curl_slist_append(list_.get(), line.c_str())) {
            static_cast<void>(list_.release());
            list_.reset(longer);
        }
    };
    add("Expect:");
    add("Accept-Encoding: identity");
    for (const auto& header : request_.headers) {
        // libcurl's own notation for a header without a value.
        add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
    }
    curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, list_.get());
}

curl_socket_t Exchange::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
    auto& exchange = *static_cast<Exchange*>(self);
    const auto address_class = classify(address->addr);
    if (!exchange.settings_.policy.allows(
            address_class, exchange.request_.url, exchange.request_.hops
        )) {
        exchange.blocked_ = address_class;
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// What has not arrived when an exchange is given up must not arrive later, when a network comes
/// back and everybody believes that it was never sent.
int Exchange::on_close(void*, curl_socket_t socket) {
    int on_its_way = 0;
    ::ioctl(socket, SIOCOUTQ, &on_its_way);
    const linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (on_its_way > 0) ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    return ::close(socket);
}

std::size_t Exchange::on_header(char* text, std::size_t size, std::size_t count, void* self) {
    const std::size_t length = size * count;
    return static_cast<Exchange*>(self)->take_header({text, length}) ? length : 0;
}

bool Exchange::take_header(std::string_view line) {
    if (has_head_) return true;  // a trailer
    head_size_ += line.size();
    if (head_size_ > kLargestHead) {
        error_ = Error{
            ErrorKind::kUnavailable, "the server's header is larger than 64 KiB",
            request_.url.safe_text()
        };
        return false;
    }
    if (line.starts_with("HTTP/")) {
        response_.headers.clear();
        const auto rest = trimmed(line.substr(std::min(line.find(' '), line.size())), kBlanks);
        std::from_chars(rest.data(), rest.data() + rest.size(), response_.status);
        return true;
    }
    const auto text = trimmed(line, kBlanks);
    if (text.empty()) return response_.status < 200 || end_head();
    const auto colon = text.find(':');
    if (colon != std::string_view::npos)
        response_.headers.push_back(
            {std::string(trimmed(text.substr(0, colon), kBlanks)),
             std::string(trimmed(text.substr(colon + 1), kBlanks))}
        );
    return true;
}

bool Exchange::end_head() {
    has_head_ = true;
    is_redirect_ = follows_ && redirects(response_.status) &&
                   !header_value(response_.headers, "location").empty();
    if (is_redirect_ || !receiver_.head) return true;
    if (auto accepted = receiver_.head(response_); !accepted) error_ = accepted.error();
    return !error_;
}

std::size_t Exchange::on_bytes(char* bytes, std::size_t size, std::size_t count, void* self) {
    const std::span<const char> piece(bytes, size * count);
    return static_cast<Exchange*>(self)->take_bytes(piece) ? piece.size() : 0;
}

bool Exchange::take_bytes(std::span<const char> bytes) {
    if (receiver_.bytes && !is_redirect_) {
        auto wants_more = receiver_.bytes(std::as_bytes(bytes));
        if (!wants_more) {
            error_ = wants_more.error();
            return false;
        }
        has_enough_ = !*wants_more;
        return !has_enough_;
    }
    const auto largest = is_redirect_ ? kLargestRedirectBody : request_.largest_body;
    if (response_.body.size() + bytes.size() > largest) {
        has_enough_ = is_redirect_;
        if (!is_redirect_)
            error_ = Error{
                ErrorKind::kUnavailable, "the server's answer is larger than allowed here",
                request_.url.safe_text()
            };
        return false;
    }
    response_.body.append(bytes.data(), bytes.size());
    return true;
}

std::size_t Exchange::on_upload(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    const std::span<char> out(bytes, size * count);
    auto read = exchange.upload_->read_at(exchange.sent_, std::as_writable_bytes(out));
    if (!read) {
        exchange.error_ = read.error();
        return CURL_READFUNC_ABORT;
    }
    exchange.sent_ += *read;
    return *read;
}

int Exchange::on_seek(void* self, curl_off_t offset, int origin) {
    if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<Exchange*>(self)->sent_ = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
}

Result<Response> Exchange::result(CURLcode code) {
    if (error_) return *std::move(error_);
    if (code == CURLE_OK || (has_enough_ && code == CURLE_WRITE_ERROR)) return std::move(response_);
    return failure(code);
}

Error Exchange::failure(CURLcode code) {
    const auto& url = request_.url;
    const auto fail = [&](std::string message) {
        return Error{ErrorKind::kUnavailable, std::move(message), url.safe_text()};
    };
    if (blocked_ && !has_head_) return blocked(url, *blocked_);
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return fail("the host name \"" + url.host() + "\" cannot be found; check its spelling");
        case CURLE_COULDNT_CONNECT:
            return fail("nothing answers at " + url.authority() + "; check host and port");
        case CURLE_OPERATION_TIMEDOUT: return fail(timeout_in_words());
        case CURLE_PEER_FAILED_VERIFICATION:
            return fail("the certificate of " + url.authority() + " is not trusted");
        case CURLE_SSL_CONNECT_ERROR:
            return fail("no TLS connection to " + url.authority() + " could be made");
        case CURLE_PARTIAL_FILE:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
            return fail("the connection to " + url.authority() + " was cut off");
        default:
            return fail(
                "the exchange with " + url.authority() + " failed (" + curl_easy_strerror(code) +
                ")"
            );
    }
}

std::string Exchange::timeout_in_words() {
    const auto& patience = request_.patience;
    curl_off_t connected = 0;
    curl_off_t total = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &connected);
    curl_easy_getinfo(easy_.get(), CURLINFO_TOTAL_TIME_T, &total);
    if (connected == 0)
        return request_.url.authority() + " did not answer within " +
               seconds_in_words(patience.connect);
    if (patience.whole.count() > 0 && total >= patience.whole.count() * 1000)
        return request_.url.authority() + " took longer than " + seconds_in_words(patience.whole);
    return request_.url.authority() + " is too slow: under " + std::to_string(patience.slowest) +
           " bytes a second for " + seconds_in_words(patience.stall);
}

}  // namespace ittybit::net
