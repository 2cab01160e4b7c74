#pragma once

#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/thread_safety.h"
#include "net/test_server.h"
#include "storage/source.h"

namespace ittybit::storage {

using net::TestServer;
using Call = TestServer::Call;
using Wire = TestServer::Wire;

inline std::string random_bytes(std::size_t size) {
    std::mt19937 random(42);
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    return bytes;
}

/// How a test's server treats its file.
struct Manners {
    bool has_ranges = true;
    bool says_length = true;
    std::string etag = "\"one\"";
    std::vector<std::string> headers = {};
    std::size_t cut_after = 0;  // bytes of each body, then the line is dropped
    int cuts = 1'000'000;       // how many answers are cut
    int failures = 0;           // how many requests are first answered with 503
};

/// Serves one file, and remembers the Range headers it was asked with.
class FileServer {
public:
    FileServer(std::string file, Manners manners = {})
        : file_(std::move(file)), manners_(std::move(manners)) {}

    std::vector<std::string> asked() {
        const MutexLock lock(mutex_);
        return asked_;
    }
    void change_etag(std::string etag) {
        const MutexLock lock(mutex_);
        manners_.etag = std::move(etag);
    }
    TestServer& server() { return server_; }

private:
    bool answer(const Call& call, Wire& wire) {
        const MutexLock lock(mutex_);
        const std::string range(net::header_value(call.headers, "range"));
        asked_.push_back(range);
        if (manners_.failures-- > 0) return wire.answer(503, "busy");
        std::size_t from = 0;
        std::size_t to = file_.size();
        std::string head = "HTTP/1.1 200 OK\r\n";
        const std::string condition(net::header_value(call.headers, "if-range"));
        const bool is_part = manners_.has_ranges && !range.empty() &&
                             (condition.empty() || condition == manners_.etag);
        if (is_part) {
            const auto dash = range.find('-');
            from = std::stoul(range.substr(6, dash - 6));
            if (from >= file_.size()) return wire.answer(416, "");
            if (dash + 1 < range.size()) to = std::min(to, std::stoul(range.substr(dash + 1)) + 1);
            head = "HTTP/1.1 206 Partial\r\nContent-Range: bytes " + std::to_string(from) + "-" +
                   std::to_string(to - 1) + "/" + std::to_string(file_.size()) + "\r\n";
        }
        if (!manners_.etag.empty()) head += "ETag: " + manners_.etag + "\r\n";
        for (const auto& line : manners_.headers) head += line + "\r\n";
        if (manners_.says_length) head += "Content-Length: " + std::to_string(to - from) + "\r\n";
        auto body = file_.substr(from, to - from);
        const bool is_cut =
            manners_.cut_after > 0 && body.size() > manners_.cut_after && manners_.cuts-- > 0;
        if (is_cut) body.resize(manners_.cut_after);
        return wire.send(head + "\r\n" + body) && manners_.says_length && !is_cut;
    }

    Mutex mutex_;
    std::string file_;
    Manners manners_;
    std::vector<std::string> asked_;
    TestServer server_{[this](const Call& call, Wire& wire) { return answer(call, wire); }};
};

/// Sources on servers of this machine.
class SourceTest : public testing::Test {
protected:
    SourceTest() {
        options.scratch_folder = testing::TempDir();
        options.retries.pause = std::chrono::milliseconds(1);
    }
    Result<std::unique_ptr<Source>> open(const net::Url& url) {
        return Source::open(http_origin(client, url), options);
    }
    std::unique_ptr<Source> opened(FileServer& files) {
        auto source = open(files.server().url("/file?signature=secret"));
        EXPECT_TRUE(source) << source.error().message;
        return source ? *std::move(source) : nullptr;
    }
    static std::string read(const Source& source, std::int64_t offset, std::size_t length) {
        std::string bytes(length, '\0');
        const auto count = ::pread(source.descriptor(), bytes.data(), length, offset);
        bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return bytes;
    }

    net::Client client{net::loopback_settings()};
    Source::Options options;
};

}  // namespace ittybit::storage
