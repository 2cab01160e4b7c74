#include "net/client.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <mutex>
#include <optional>
#include <utility>

#include <curl/curl.h>
#include <sys/socket.h>

#include "base/text.h"
#include "base/thread_safety.h"
#include "net/exchange.h"

namespace ittybit::net {
namespace {

constexpr int kMostRedirects = 5;
constexpr std::size_t kMostIdle = 32;

struct Free {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using Multi = std::unique_ptr<CURLM, Free>;

void prepare_process() {
    static std::once_flag once;
    std::call_once(once, [] {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        std::signal(SIGPIPE, SIG_IGN);  // a peer that goes away is an error code, not our death
    });
}

/// Headers that prove who we are must not follow a redirect to somebody else.
Headers without_secrets(Headers headers) {
    std::erase_if(headers, [](const Header& header) {
        const auto name = to_lower(header.name);
        return name == "authorization" || name == "cookie" || name.starts_with("x-amz-");
    });
    return headers;
}

/// Where a redirect leads. What is no plain http(s) URL is not followed, whoever sent it.
Result<Url> target_of(const Response& response, const Url& from) {
    auto target = from.resolve(header_value(response.headers, "location"));
    if (!target) return Error{ErrorKind::kInputBlocked, target.error().message, from.safe_text()};
    return target;
}

/// Runs one transfer on this thread; a stop request wakes it.
CURLcode run(CURLM* multi, CURL* easy, const std::stop_token& stop) {
    curl_multi_add_handle(multi, easy);
    const std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
    std::optional<CURLcode> result;
    while (!result && !stop.stop_requested()) {
        int running = 0;
        if (curl_multi_perform(multi, &running) != CURLM_OK) result = CURLE_FAILED_INIT;
        int left = 0;
        while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
            if (message->msg == CURLMSG_DONE) result = message->data.result;
        }
        if (!result) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
    curl_multi_remove_handle(multi, easy);
    return result.value_or(CURLE_ABORTED_BY_CALLBACK);
}

}  // namespace

std::string_view header_value(const Headers& headers, std::string_view name) {
    const auto wanted = to_lower(name);
    for (const auto& header : headers) {
        if (to_lower(header.name) == wanted) return header.value;
    }
    return {};
}

/// Idle multi handles, each with its connections. A transfer has one to itself.
struct Client::Pool {
    Mutex mutex;
    std::vector<Multi> idle GUARDED_BY(mutex);

    Multi take() {
        const MutexLock lock(mutex);
        if (idle.empty()) return Multi(curl_multi_init());
        Multi multi = std::move(idle.back());
        idle.pop_back();
        return multi;
    }
    void give(Multi multi) {
        const MutexLock lock(mutex);
        if (idle.size() < kMostIdle) idle.push_back(std::move(multi));
    }
};

Client::Client(Settings settings) : settings_(std::move(settings)) {
    prepare_process();
    pool_ = std::make_unique<Pool>();
}

Client::~Client() = default;

Result<Response> Client::send(
    const Request& request, const std::stop_token& stop, const Receiver& receiver
) {
    Request next = request;
    const int allowed = std::min(request.redirects, kMostRedirects);
    for (int hop = 0;; ++hop) {
        Exchange exchange(settings_, next, request.redirects > 0, receiver);
        Multi multi = pool_->take();
        const CURLcode code = run(multi.get(), exchange.handle(), stop);
        pool_->give(std::move(multi));
        if (stop.stop_requested())
            return Error{ErrorKind::kCancelled, "the request was cancelled", ""};
        Response response = TRY(exchange.result(code));
        if (!exchange.is_redirect()) return response;
        if (hop == allowed)
            return Error{
                ErrorKind::kDownloadFailed,
                "the server redirects more than " + std::to_string(allowed) + " times",
                request.url.safe_text()
            };
        const Url target = TRY(target_of(response, next.url));
        if (next.url.scheme() == "https" && target.scheme() == "http")
            return Error{
                ErrorKind::kDownloadFailed,
                "the server redirects from https to http, which is not followed; use the http:// "
                "URL if that is meant",
                request.url.safe_text()
            };
        if (!target.has_same_origin(next.url)) next.headers = without_secrets(next.headers);
        next.url = target;
        ++next.hops;
    }
}

std::string status_in_words(int status) {
    struct Words {
        int status;
        std::string_view words;
    };
    static constexpr std::array kWords = {
        Words{301, "Moved Permanently"},
        Words{302, "Found"},
        Words{307, "Temporary Redirect"},
        Words{308, "Permanent Redirect"},
        Words{400, "Bad Request"},
        Words{401, "Unauthorized"},
        Words{402, "Payment Required"},
        Words{403, "Forbidden"},
        Words{404, "Not Found"},
        Words{405, "Method Not Allowed"},
        Words{406, "Not Acceptable"},
        Words{408, "Request Timeout"},
        Words{409, "Conflict"},
        Words{410, "Gone"},
        Words{411, "Length Required"},
        Words{412, "Precondition Failed"},
        Words{413, "Content Too Large"},
        Words{416, "Range Not Satisfiable"},
        Words{429, "Too Many Requests"},
        Words{451, "Unavailable For Legal Reasons"},
        Words{500, "Internal Server Error"},
        Words{501, "Not Implemented"},
        Words{502, "Bad Gateway"},
        Words{503, "Service Unavailable"},
        Words{504, "Gateway Timeout"},
    };
    for (const auto& row : kWords) {
        if (row.status == status) return std::to_string(status) + " " + std::string(row.words);
    }
    return std::to_string(status);
}

}  // namespace ittybit::net
