#include "work/stream_origin.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "net/client.h"
#include "work/target.h"

namespace ittybit::work {
namespace {

Error cancelled() {
    return {ErrorKind::kCancelled, "the check was cancelled", ""};
}

/// Files in one folder and below it.
class FolderOrigin : public StreamOrigin {
public:
    explicit FolderOrigin(const std::filesystem::path& path)
        : manifest_(file_url(path)), root_(path.parent_path()) {}

    const std::string& manifest() const override { return manifest_; }
    bool is_web() const override { return false; }
    std::optional<bool> comes_compressed(const std::string&, const std::stop_token&) override {
        return std::nullopt;
    }
    std::optional<bool> has_ranges(const std::string&, const std::stop_token&) override {
        return std::nullopt;
    }

    Result<Delivery> fetch(const std::string& uri, const Take& take, const std::stop_token& stop)
        override {
        const auto path = inside(uri);
        if (!path) return Delivery{.is_left_out = true};
        const Fd file(::open(path->c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        struct stat facts{};
        if (!file || ::fstat(file.get(), &facts) != 0)
            return Delivery{.missing = std::strerror(errno)};
        if (!S_ISREG(facts.st_mode)) return Delivery{.missing = "it is no regular file"};
        std::array<std::byte, 65536> buffer{};
        for (;;) {
            if (stop.stop_requested()) return cancelled();
            const auto count = ::read(file.get(), buffer.data(), buffer.size());
            if (count < 0) return Delivery{.missing = std::strerror(errno)};
            if (count == 0) return Delivery();
            const auto piece = std::span(buffer).first(static_cast<std::size_t>(count));
            if (!TRY(take(piece))) return Delivery();
        }
    }

private:
    /// The path of a file in the folder, links followed; nothing for what is elsewhere.
    std::optional<std::filesystem::path> inside(const std::string& uri) const {
        if (!uri.starts_with("file://")) return std::nullopt;
        std::error_code error;
        const auto path =
            std::filesystem::weakly_canonical(path_of(uri.substr(0, uri.find('?'))), error);
        if (error || path.string().find('\0') != std::string::npos) return std::nullopt;
        const auto [end, at] = std::mismatch(root_.begin(), root_.end(), path.begin(), path.end());
        return end == root_.end() ? std::optional(path) : std::nullopt;
    }

    const std::string manifest_;
    const std::filesystem::path root_;
};

class WebOrigin : public StreamOrigin {
public:
    explicit WebOrigin(net::Url url) : url_(std::move(url)), manifest_(url_.text()) {}

    const std::string& manifest() const override { return manifest_; }
    bool is_web() const override { return true; }

    Result<Delivery> fetch(const std::string& uri, const Take& take, const std::stop_token& stop)
        override {
        auto request = request_of(uri);
        if (!request) return Delivery{.is_left_out = true};
        bool is_good = false;
        std::optional<Error> failure;
        const net::Receiver receiver{
            .head = [&](const net::Response& head) -> Result<> {
                is_good = head.status == 200;
                return {};
            },
            .bytes = [&](std::span<const std::byte> bytes) -> Result<bool> {
                if (!is_good) return false;
                auto taken = take(bytes);
                if (!taken) failure = taken.error();
                return taken;
            },
        };
        const auto asked = request->url;
        const auto answer = send(*std::move(request), stop, receiver);
        if (failure) return *failure;
        if (!answer && answer.error().kind == ErrorKind::kCancelled) return answer.error();
        if (!answer) return Delivery{.missing = answer.error().message};
        Delivery delivery;
        const std::string type(net::header_value(answer->headers, "content-type"));
        delivery.type = to_lower(type.substr(0, type.find(';')));
        delivery.was_redirected = answer->url != asked;
        if (!is_good)
            delivery.missing = "the server answered " + net::status_in_words(answer->status);
        return delivery;
    }

    std::optional<bool> comes_compressed(const std::string& uri, const std::stop_token& stop)
        override {
        const auto head = ask(uri, {"Accept-Encoding", "gzip"}, stop);
        if (!head) return std::nullopt;
        return to_lower(net::header_value(head->headers, "content-encoding")) == "gzip";
    }

    std::optional<bool> has_ranges(const std::string& uri, const std::stop_token& stop) override {
        const auto head = ask(uri, {"Range", "bytes=0-0"}, stop);
        if (!head) return std::nullopt;
        return head->status == 206;
    }

private:
    static constexpr int kMostRedirects = 5;

    Result<net::Request> request_of(const std::string& uri) const {
        net::Request request;
        request.url = TRY(net::Url::parse(uri));
        if (request.url.is_s3())
            return Error{ErrorKind::kInvalidInput, "s3 in a manifest of the web", ""};
        request.redirects = kMostRedirects;
        request.patience.whole = std::chrono::minutes(30);
        return request;
    }

    /// Where the user sent us anything may be, redirects included. Where a manifest leads, only
    /// what is public, but for the user's own host: and where that redirects to, only what is
    /// public again.
    Result<net::Response> send(
        net::Request request, const std::stop_token& stop, const net::Receiver& receiver
    ) {
        if (request.url == url_) return typed_.send(request, stop, receiver);
        while (request.url.has_same_origin(url_)) {
            const int left = std::exchange(request.redirects, 0);
            auto answer = TRY(typed_.send(request, stop, receiver));
            const auto location = net::header_value(answer.headers, "location");
            if (answer.status / 100 != 3 || location.empty()) return answer;
            const auto target = TRY(request.url.resolve(location));
            if (left == 0 || (request.url.scheme() == "https" && target.scheme() == "http"))
                return Error{
                    ErrorKind::kDownloadFailed,
                    left == 0 ? "the server redirects too often"
                              : "the server redirects from https to http, which is not followed",
                    request.url.safe_text()
                };
            request.url = target;
            request.redirects = left - 1;
            ++request.hops;
        }
        return public_.send(request, stop, receiver);
    }

    /// The head of the answer alone, where it is one with the file.
    Result<net::Response> ask(
        const std::string& uri, net::Header header, const std::stop_token& stop
    ) {
        auto request = TRY(request_of(uri));
        request.headers = {std::move(header)};
        const net::Receiver receiver{.bytes = [](std::span<const std::byte>) -> Result<bool> {
            return false;
        }};
        auto answer = TRY(send(std::move(request), stop, receiver));
        if (answer.status == 200 || answer.status == 206) return answer;
        return Error{ErrorKind::kDownloadFailed, net::status_in_words(answer.status), ""};
    }

    const net::Url url_;
    const std::string manifest_;
    net::Client typed_{{.policy = net::AddressPolicy::typed_by_user()}};
    net::Client public_{{.policy = net::AddressPolicy::strict()}};
};

}  // namespace

Result<std::unique_ptr<StreamOrigin>> open_stream(const std::string& input) {
    const bool is_local = input.find("://") == std::string::npos || input.starts_with("file://");
    if (!is_local) {
        auto url = TRY(net::Url::parse(input));
        if (url.is_s3())
            return Error{
                ErrorKind::kInvalidInput,
                "a stream is checked from a path, or an http:// or https:// URL", "input"
            };
        return std::unique_ptr<StreamOrigin>(std::make_unique<WebOrigin>(std::move(url)));
    }
    std::error_code error;
    const auto path = std::filesystem::canonical(path_of(input), error);
    if (error)
        return Error{
            ErrorKind::kInvalidInput, "cannot read " + input + ": " + error.message(), "input"
        };
    return std::unique_ptr<StreamOrigin>(std::make_unique<FolderOrigin>(path));
}

}  // namespace ittybit::work
