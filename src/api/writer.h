#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "api/beast.h"
#include "api/http.h"

namespace ittybit::api {

/// Writes answers to one connection: a text, a piece of a file, or events that go on. A reader that
/// stalls is left: then these give false, as they do when the connection cannot be used again.
class Writer {
public:
    /// `pool`: where files are sent, events are polled and bytes are pulled.
    Writer(beast::tcp_stream& stream, asio::thread_pool& pool) : stream_(stream), pool_(pool) {}

    /// What the request said that the answer depends on.
    struct Terms {
        unsigned version = 11;  // of HTTP; 10 knows no chunks
        bool keeps_alive = true;
        bool is_head = false;
        std::string_view request_id;
        std::span<const Header> more = {};
    };

    awaitable<bool> write(const Response& response, Terms terms);

    /// Sends events until they end, the client is gone, or `is_over`.
    awaitable<void> write_events(
        const Response& response, Terms terms, const std::function<bool()>& is_over
    );

private:
    awaitable<bool> write_text(const Response& response, Terms terms);
    awaitable<bool> write_file(const Response& response, Terms terms);
    awaitable<bool> send_file(const FileBody& file);
    awaitable<bool> send_pulled(const PulledBody& body);
    awaitable<bool> until_writable();

    /// Whoever follows events. All but has_news is only touched on the connection's executor.
    struct Client {
        explicit Client(const asio::any_io_executor& executor) : pause(executor) {}
        asio::steady_timer pause;  // ends early when the client is gone, or there is news
        char byte = 0;
        bool is_gone = false;
        std::atomic<bool> has_news = true;  // any thread
    };
    std::shared_ptr<Client> watch();
    std::function<void()> wake_of(const std::shared_ptr<Client>& client);
    awaitable<void> pump(
        EventStream& events, bool is_chunked, Client& client, const std::function<bool()>& is_over
    );
    awaitable<bool> send(const std::string& text, bool is_chunked);
    template <typename Buffers>
    awaitable<beast::error_code> write_all(const Buffers& buffers);

    void patience(std::chrono::seconds time) { stream_.expires_after(time); }

    beast::tcp_stream& stream_;
    asio::thread_pool& pool_;
};

}  // namespace ittybit::api
