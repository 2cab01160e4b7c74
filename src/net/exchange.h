#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include <curl/curl.h>

#include "net/client.h"

namespace ittybit::net {

/// One request and its answer on one libcurl handle: one hop of Client::send. Lives on the stack
/// of the thread that asks, which also runs every callback.
class Exchange {
public:
    /// `settings`, `request` and `receiver` must outlive it. Where `follows`, a redirect is not
    /// shown to the receiver.
    Exchange(
        const Client::Settings& settings,
        const Request& request,
        bool follows,
        const Receiver& receiver
    );
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() = default;

    CURL* handle() { return easy_.get(); }
    bool is_redirect() const { return is_redirect_; }

    /// What came of it, once libcurl has ended with `code`.
    Result<Response> result(CURLcode code);

private:
    struct Free {
        void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    };
    struct FreeList {
        void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    };

    static std::size_t on_header(char* text, std::size_t size, std::size_t count, void* self);
    static std::size_t on_bytes(char* bytes, std::size_t size, std::size_t count, void* self);
    static std::size_t on_upload(char* bytes, std::size_t size, std::size_t count, void* self);
    static int on_seek(void* self, curl_off_t offset, int origin);
    static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
    static int on_close(void*, curl_socket_t socket);

    void set_transport();
    void set_patience();
    void set_method();
    void set_headers();
    bool take_header(std::string_view line);
    bool end_head();
    bool take_bytes(std::span<const char> bytes);
    Error failure(CURLcode code);
    std::string timeout_in_words();

    const Client::Settings& settings_;
    const Request& request_;
    const Receiver& receiver_;
    bool follows_;

    std::unique_ptr<CURL, Free> easy_;
    std::unique_ptr<curl_slist, FreeList> list_;
    MemorySource body_;
    ByteSource* upload_ = nullptr;
    std::uint64_t sent_ = 0;

    Response response_;
    std::size_t head_size_ = 0;
    bool has_head_ = false;
    bool is_redirect_ = false;
    bool has_enough_ = false;
    std::optional<Error> error_;
    std::optional<AddressClass> blocked_;
};

}  // namespace ittybit::net
