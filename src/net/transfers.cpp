#include "net/transfers.h"

#include <utility>

#include <curl/curl.h>

#include "net/exchange.h"

namespace ittybit::net {
namespace {

constexpr long kSmallBuffer = 16L << 10U;  // hundreds at once, and little to say
constexpr int kLookMs = 1000;

Error cancelled() {
    return {ErrorKind::kCancelled, "the request was cancelled", ""};
}

}  // namespace

/// One exchange and what it refers to; stays where it was made.
struct Transfers::Transfer {
    Transfer(const Client::Settings& settings, Request asked, Done told)
        : request(std::move(asked)),
          done(std::move(told)),
          exchange(settings, request, false, receiver) {
        curl_easy_setopt(exchange.handle(), CURLOPT_BUFFERSIZE, kSmallBuffer);
        curl_easy_setopt(exchange.handle(), CURLOPT_UPLOAD_BUFFERSIZE, kSmallBuffer);
    }

    const Request request;
    const Done done;
    const Receiver receiver{.bytes = [](std::span<const std::byte>) -> Result<bool> {
        return false;  // enough
    }};
    Exchange exchange;
};

void Transfers::Free::operator()(void* multi) const {
    curl_multi_cleanup(multi);
}

Transfers::Transfers(const Client& client)
    : settings_(client.settings()),
      multi_(curl_multi_init()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Transfers::~Transfers() {
    thread_.request_stop();
    thread_.join();
}

void Transfers::start(Request request, Done done) {
    auto transfer = std::make_unique<Transfer>(settings_, std::move(request), std::move(done));
    {
        const MutexLock lock(mutex_);
        started_.push_back(std::move(transfer));
    }
    curl_multi_wakeup(multi_.get());
}

void Transfers::run(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi_.get()); });
    while (!stop.stop_requested()) {
        add_started();
        int running = 0;
        curl_multi_perform(multi_.get(), &running);
        end_finished();
        curl_multi_poll(multi_.get(), nullptr, 0, kLookMs, nullptr);
    }
    add_started();
    for (auto& [handle, transfer] : std::exchange(running_, {})) {
        curl_multi_remove_handle(multi_.get(), handle);
        transfer->done(cancelled());
    }
}

void Transfers::add_started() {
    std::vector<std::unique_ptr<Transfer>> started;
    {
        const MutexLock lock(mutex_);
        started.swap(started_);
    }
    for (auto& transfer : started) {
        CURL* handle = transfer->exchange.handle();
        curl_multi_add_handle(multi_.get(), handle);
        running_.emplace(handle, std::move(transfer));
    }
}

void Transfers::end_finished() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL* handle = message->easy_handle;
        const CURLcode code = message->data.result;
        curl_multi_remove_handle(multi_.get(), handle);
        const auto transfer = std::move(running_.extract(handle).mapped());
        transfer->done(transfer->exchange.result(code));
    }
}

}  // namespace ittybit::net
