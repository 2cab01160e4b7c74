#include "storage/source.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <random>
#include <semaphore>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/disk.h"
#include "net/test_server.h"

namespace ittybit::storage {
namespace {

using net::TestServer;
using testing::HasSubstr;
using Call = TestServer::Call;
using Wire = TestServer::Wire;

std::string random_bytes(std::size_t size) {
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
        const std::lock_guard lock(mutex_);
        return asked_;
    }
    void change_etag(std::string etag) {
        const std::lock_guard lock(mutex_);
        manners_.etag = std::move(etag);
    }
    TestServer& server() { return server_; }

private:
    bool answer(const Call& call, Wire& wire) {
        const std::lock_guard lock(mutex_);
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

    std::mutex mutex_;
    std::string file_;
    Manners manners_;
    std::vector<std::string> asked_;
    TestServer server_{[this](const Call& call, Wire& wire) { return answer(call, wire); }};
};

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

TEST_F(SourceTest, ReadsOnlyWhatIsAskedFor) {
    const auto file = random_bytes(50'000'000);
    FileServer files(file);
    const auto source = opened(files);
    EXPECT_EQ(source->size(), 50'000'000);
    ASSERT_TRUE(source->ensure(0, 1000, {}));
    ASSERT_TRUE(source->ensure(49'000'000, 70'000, {}));
    EXPECT_EQ(read(*source, 49'000'000, 70'000), file.substr(49'000'000, 70'000));
    // What was asked for is there before the piece around it.
    for (int i = 0; i < 1000 && source->bytes_fetched() < 2 * 256 * 1024; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(source->bytes_fetched(), 2 * 256 * 1024);
    EXPECT_FALSE(source->is_complete());
}

TEST_F(SourceTest, CutsAReadAtTheEndOfTheFile) {
    FileServer files(random_bytes(1000));
    const auto source = opened(files);
    EXPECT_TRUE(source->ensure(900, 5000, {}));
    EXPECT_TRUE(source->ensure(5000, 10, {}));
    EXPECT_TRUE(source->is_complete());
    EXPECT_EQ(source->bytes_fetched(), 1000);
}

TEST_F(SourceTest, ReadsFurtherAheadWhereReadsGoOn) {
    FileServer files(random_bytes(40'000'000));
    const auto source = opened(files);
    // Two interleaved sequences, as a badly interleaved file is read.
    for (std::int64_t at = 0; at < 10'000'000; at += 50'000) {
        ASSERT_TRUE(source->ensure(at, 50'000, {}));
        ASSERT_TRUE(source->ensure(20'000'000 + at, 50'000, {}));
    }
    EXPECT_LE(source->requests(), 20);
    EXPECT_LE(source->bytes_fetched(), 36'000'000);
}

TEST_F(SourceTest, NeverFetchesAByteTwice) {
    const auto file = random_bytes(20'000'000);
    FileServer files(file);
    const auto source = opened(files);
    std::mt19937 random(7);
    for (int i = 0; i < 300; ++i) {
        const auto offset = static_cast<std::int64_t>(random() % 20'000'000);
        ASSERT_TRUE(source->ensure(offset, 5000, {}));
        EXPECT_EQ(read(*source, offset, 5000), file.substr(static_cast<std::size_t>(offset), 5000));
    }
    ASSERT_TRUE(source->complete({}));
    EXPECT_EQ(source->bytes_fetched(), 20'000'000);
    EXPECT_TRUE(read(*source, 0, file.size()) == file);
}

TEST_F(SourceTest, StopsScatteredReadsFromHammeringTheOrigin) {
    FileServer files(random_bytes(30'000'000));
    options.first_read = 1000;
    options.scattered_requests = 20;
    const auto source = opened(files);
    for (std::int64_t at = 29'000'000; at > 0; at -= 100'000)
        ASSERT_TRUE(source->ensure(at, 10, {}));
    EXPECT_LE(source->requests(), 45);
    ASSERT_TRUE(source->complete({}));
    EXPECT_EQ(source->bytes_fetched(), 30'000'000);
}

TEST_F(SourceTest, ServesReadersWhileAllIsDownloaded) {
    const auto file = random_bytes(60'000'000);
    FileServer files(file);
    const auto source = opened(files);
    auto download = std::async(std::launch::async, [&] { return source->complete({}); });
    std::mt19937 random(3);
    for (int i = 0; i < 50; ++i) {
        const auto offset = static_cast<std::int64_t>(random() % 59'000'000);
        ASSERT_TRUE(source->ensure(offset, 100'000, {}));
        EXPECT_TRUE(
            read(*source, offset, 100'000) == file.substr(static_cast<std::size_t>(offset), 100'000)
        );
    }
    ASSERT_TRUE(download.get());
    EXPECT_TRUE(source->is_complete());
    EXPECT_TRUE(read(*source, 0, file.size()) == file);
    EXPECT_GE(source->bytes_fetched(), 60'000'000);
    EXPECT_LE(source->bytes_fetched(), 66'000'000);  // what was on the wire when a read was cut
}

TEST_F(SourceTest, ReadsAServerWithoutRangesOnceFrontToBack) {
    const auto file = random_bytes(5'000'000);
    FileServer files(file, {.has_ranges = false});
    const auto source = opened(files);
    ASSERT_TRUE(source->ensure(4'900'000, 1000, {}));
    ASSERT_TRUE(source->ensure(100, 1000, {}));
    ASSERT_TRUE(source->complete({}));
    EXPECT_TRUE(read(*source, 0, file.size()) == file);
    EXPECT_EQ(files.server().calls(), 1);
}

TEST_F(SourceTest, LearnsAnUnknownLengthAtTheEnd) {
    const auto file = random_bytes(3'000'000);
    FileServer files(file, {.has_ranges = false, .says_length = false});
    const auto source = opened(files);
    ASSERT_TRUE(source->ensure(5'000'000, 10, {}));
    EXPECT_EQ(source->size(), 3'000'000);
    EXPECT_TRUE(source->is_complete());
    EXPECT_TRUE(read(*source, 0, 4'000'000) == file);
}

TEST_F(SourceTest, ResumesByRangeWhenTheLineDrops) {
    const auto file = random_bytes(10'000'000);
    FileServer files(file, {.cut_after = 3'000'000});
    const auto source = opened(files);
    ASSERT_TRUE(source->complete({}));
    EXPECT_TRUE(read(*source, 0, file.size()) == file);
    EXPECT_EQ(source->bytes_fetched(), 10'000'000);
    EXPECT_THAT(files.asked(), testing::Contains(HasSubstr("bytes=3262144-")));
}

TEST_F(SourceTest, ResumesWithoutRangesFromTheFrontAndComparesWhatItHas) {
    const auto file = random_bytes(3'000'000);
    FileServer files(file, {.has_ranges = false, .cut_after = 2'000'000, .cuts = 2});
    const auto source = opened(files);
    ASSERT_TRUE(source->complete({}));
    EXPECT_TRUE(read(*source, 0, file.size()) == file);
}

TEST_F(SourceTest, FailsWhenTheLineDropsForEver) {
    FileServer files(random_bytes(1'000'000), {.has_ranges = false, .cut_after = 500'000});
    const auto source = opened(files);
    const auto result = source->complete({});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kDownloadFailed);
    EXPECT_THAT(result.error().message, HasSubstr("cut off"));
    EXPECT_THAT(result.error().message, HasSubstr("tried 5 times"));
}

TEST_F(SourceTest, FailsWhenContentLengthPromisesMoreThanThereIs) {
    TestServer server([](const Call&, Wire& wire) {
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + std::string(3000, 'x'));
        return false;
    });
    const auto source = open(server.url());
    ASSERT_TRUE(source);
    EXPECT_EQ((*source)->size(), 5000);
    EXPECT_TRUE((*source)->ensure(0, 3000, {}));
    const auto result = (*source)->ensure(0, 4000, {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kDownloadFailed);
}

TEST_F(SourceTest, NoticesThatTheFileChanged) {
    FileServer files(random_bytes(5'000'000));
    const auto source = opened(files);
    files.change_etag("\"two\"");
    const auto result = source->ensure(4'000'000, 10, {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kSourceChanged);
}

TEST_F(SourceTest, NoticesAChangeByLastModifiedAndByLength) {
    int calls = 0;
    bool is_longer = false;
    TestServer server([&](const Call&, Wire& wire) {
        const bool is_first = ++calls == 1;
        return wire.send(
            "HTTP/1.1 206 Partial\r\nContent-Length: 10\r\nContent-Range: bytes " +
            std::string(is_first ? "0-9" : "5000-5009") + "/" +
            (is_longer && !is_first ? "9999" : "9000") +
            "\r\nLast-Modified: " + (is_longer || is_first ? "Mon" : "Tue") + "\r\n\r\n0123456789"
        );
    });
    options.first_read = 10;
    for (const bool longer : {false, true}) {
        calls = 0;
        is_longer = longer;
        const auto source = open(server.url());
        ASSERT_TRUE(source);
        ASSERT_TRUE((*source)->ensure(0, 10, {}));
        const auto result = (*source)->ensure(5000, 10, {});
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, ErrorKind::kSourceChanged);
    }
}

TEST_F(SourceTest, TriesAgainWhenTheServerIsBusy) {
    FileServer files(random_bytes(1000), {.failures = 3});
    EXPECT_TRUE(opened(files)->complete({}));
    FileServer busy(random_bytes(1000), {.failures = 1000});
    const auto source = open(busy.server().url("/x?secret=1"));
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().kind, ErrorKind::kDownloadFailed);
    EXPECT_THAT(source.error().message, HasSubstr("503 Service Unavailable"));
    EXPECT_THAT(source.error().message, testing::Not(HasSubstr("secret")));
    EXPECT_EQ(busy.server().calls(), 5);
}

TEST_F(SourceTest, SaysWhichStatusTheServerAnswered) {
    const std::vector<std::pair<int, std::string>> cases = {
        {403, "403 Forbidden"},
        {404, "404 Not Found"},
        {410, "410 Gone"},
        {401, "401 Unauthorized"},
        {416, "416 Range Not Satisfiable"},
        {500, "500 Internal Server Error"},
        {204, "204"},
    };
    for (const auto& [status, words] : cases) {
        TestServer server([&](const Call&, Wire& wire) { return wire.answer(status, "<html>"); });
        const auto source = open(server.url("/file"));
        ASSERT_FALSE(source) << status;
        EXPECT_EQ(source.error().kind, ErrorKind::kDownloadFailed);
        EXPECT_THAT(source.error().message, HasSubstr(words));
    }
}

TEST_F(SourceTest, ReadsServersThatRefuseRanges) {
    const auto file = random_bytes(1000);
    TestServer server([&](const Call& call, Wire& wire) {
        if (!net::header_value(call.headers, "range").empty()) return wire.answer(416, "");
        return wire.answer(200, file);
    });
    const auto source = open(server.url());
    ASSERT_TRUE(source);
    ASSERT_TRUE((*source)->complete({}));
    EXPECT_EQ(read(**source, 0, 2000), file);
}

TEST_F(SourceTest, TakesAnEmptyFileForWhatItIs) {
    FileServer files("");
    const auto source = opened(files);
    EXPECT_EQ(source->size(), 0);
    EXPECT_TRUE(source->is_complete());
    EXPECT_TRUE(source->ensure(0, 100, {}));
}

TEST_F(SourceTest, FollowsRedirectsAndRemembersWhereTheyLed) {
    const auto file = random_bytes(3'000'000);
    FileServer files(file);
    int asked = 0;
    TestServer front([&](const Call&, Wire& wire) {
        ++asked;
        return wire.answer(302, "", {"Location: " + files.server().text("/real?token=1")});
    });
    const auto source = open(front.url());
    ASSERT_TRUE(source);
    ASSERT_TRUE((*source)->complete({}));
    EXPECT_TRUE(read(**source, 0, file.size()) == file);
    EXPECT_EQ(asked, 1);
}

TEST_F(SourceTest, AsksTheFirstUrlAgainWhenARedirectsTargetExpires) {
    const auto file = random_bytes(3'000'000);
    std::atomic<int> token = 1;
    FileServer files(file);
    TestServer gate([&](const Call& call, Wire& wire) {
        if (call.target != "/" + std::to_string(token)) return wire.answer(403, "expired");
        return wire.answer(307, "", {"Location: " + files.server().text()});
    });
    TestServer expiring([&](const Call& call, Wire& wire) {
        if (call.target != "/" + std::to_string(token)) return wire.answer(403, "expired");
        const auto from =
            std::stoul(std::string(net::header_value(call.headers, "range")).substr(6));
        const auto to = std::min(file.size(), from + 300'000);
        return wire.send(
            "HTTP/1.1 206 Part\r\nContent-Range: bytes " + std::to_string(from) + "-" +
            std::to_string(to - 1) + "/" + std::to_string(file.size()) + "\r\nContent-Length: " +
            std::to_string(to - from) + "\r\n\r\n" + file.substr(from, to - from)
        );
    });
    TestServer front([&](const Call&, Wire& wire) {
        return wire.answer(302, "", {"Location: " + expiring.text("/" + std::to_string(token))});
    });
    const auto source = open(front.url());
    ASSERT_TRUE(source);
    token = 2;
    EXPECT_TRUE((*source)->ensure(2'000'000, 1000, {}));
    EXPECT_EQ(read(**source, 2'000'000, 1000), file.substr(2'000'000, 1000));
}

TEST_F(SourceTest, RefusesCompressedAnswers) {
    FileServer files(random_bytes(1000), {.headers = {"Content-Encoding: gzip"}});
    const auto source = open(files.server().url());
    ASSERT_FALSE(source);
    EXPECT_THAT(source.error().message, HasSubstr("gzip"));
}

TEST_F(SourceTest, StopsAtTheLimitWhetherTheLengthIsSaidOrNot) {
    options.largest = 1'000'000;
    FileServer honest(random_bytes(2'000'000));
    const auto at_once = open(honest.server().url());
    ASSERT_FALSE(at_once);
    EXPECT_EQ(at_once.error().kind, ErrorKind::kLimitExceeded);
    EXPECT_EQ(at_once.error().limit->name, "input_bytes");
    FileServer silent(random_bytes(2'000'000), {.has_ranges = false, .says_length = false});
    const auto source = opened(silent);
    const auto later = source->complete({});
    ASSERT_FALSE(later);
    EXPECT_EQ(later.error().kind, ErrorKind::kLimitExceeded);
    EXPECT_LE(source->bytes_fetched(), 1'000'000);
}

TEST_F(SourceTest, GivesUpOnATrickle) {
    TestServer server([](const Call&, Wire& wire) {
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nx");
        wire.wait_for_close();
        return false;
    });
    options.retries.tries = 1;
    const auto source = Source::open(
        http_origin(client, server.url(), {.stall = std::chrono::seconds(1)}), options
    );
    ASSERT_TRUE(source);
    const auto result = (*source)->complete({});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kDownloadFailed);
    EXPECT_THAT(result.error().message, HasSubstr("too slow"));
}

TEST_F(SourceTest, StopsWaitingWhenCancelled) {
    std::binary_semaphore waiting(0);
    TestServer server([&](const Call&, Wire& wire) {
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nx");
        waiting.release();
        wire.wait_for_close();
        return false;
    });
    const auto source = open(server.url());
    ASSERT_TRUE(source);
    std::stop_source stop;
    auto reader = std::async(std::launch::async, [&] {
        return (*source)->ensure(0, 50'000, stop.get_token());
    });
    waiting.acquire();
    stop.request_stop();
    const auto result = reader.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kCancelled);
}

TEST_F(SourceTest, KeepsToTheFetchGuard) {
    TestServer canary([](const Call&, Wire& wire) { return wire.answer(200, "secret"); });
    net::Client strict({.policy = net::AddressPolicy::strict()});
    const auto source = Source::open(http_origin(strict, canary.url()), options);
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().kind, ErrorKind::kInputBlocked);
    EXPECT_EQ(canary.connections(), 0);
}

TEST_F(SourceTest, LeavesNoScratchFileBehind) {
    const auto folder = testing::TempDir() + "/scratch_" + std::to_string(::getpid());
    std::filesystem::create_directory(folder);
    options.scratch_folder = folder;
    FileServer files(random_bytes(1'000'000));
    const auto source = opened(files);
    ASSERT_TRUE(source->complete({}));
    EXPECT_TRUE(std::filesystem::is_empty(folder));
    std::filesystem::remove(folder);
}

TEST_F(SourceTest, DoesNotBeginADownloadThatTheDiskCannotHold) {
    Room room(options.scratch_folder, 0);
    options.room = &room;
    options.largest = 1'000'000'000'000'000;
    for (const bool has_ranges : {true, false}) {
        // Eight terabytes, if one believes it.
        TestServer vast([&](const Call&, Wire& wire) {
            const std::string head =
                has_ranges ? "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-4/8000000000000\r\n"
                             "Content-Length: 5\r\n\r\n"
                           : "HTTP/1.1 200 OK\r\nContent-Length: 8000000000000\r\n\r\n";
            return wire.send(head + "begin");
        });
        options.first_read = 5;
        const auto source = open(vast.url());
        const auto result = source ? (*source)->complete({}) : source.error();
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, ErrorKind::kDiskFull) << result.error().message;
        if (!source) continue;
        EXPECT_EQ((*source)->ensure(100, 1, {}).error().kind, ErrorKind::kDiskFull);
    }
}

TEST_F(SourceTest, ReadsLittleOnceOthersHaveMadeRoom) {
    const auto all = room_on_disk(options.scratch_folder, 0);
    Room room(options.scratch_folder, 0);
    auto share = room.open();
    ASSERT_TRUE(share.take(all / 2, {}));
    options.room = &room;
    options.first_read = all / 4 * 3;  // a little of a vast disk
    FileServer files(random_bytes(1000));
    auto source = std::async(std::launch::async, [&] { return open(files.server().url()); });
    EXPECT_EQ(source.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    share = Room::Share();
    EXPECT_TRUE(source.get());
}

TEST_F(SourceTest, AServerThatClaimsTheDiskAndDripsStallsNobody) {
    const auto all = room_on_disk(options.scratch_folder, 0);
    Room room(options.scratch_folder, 0);
    options.room = &room;
    options.largest = 1'000'000'000'000'000;
    std::atomic<bool> is_over = false;
    TestServer liar([&](const Call&, Wire& wire) {
        const auto length = std::to_string(all - 65536);
        if (!wire.send("HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\nbegin"))
            return false;
        while (!is_over && wire.send("x"))
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return false;
    });
    const auto slow = open(liar.url());
    ASSERT_TRUE(slow) << slow.error().message;
    FileServer files(random_bytes(1'000'000));
    const auto begin = std::chrono::steady_clock::now();
    const auto source = opened(files);
    EXPECT_TRUE(source->complete({}));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    is_over = true;
}

TEST_F(SourceTest, UsesALocalFileInPlace) {
    const auto path = testing::TempDir() + "/local_" + std::to_string(::getpid());
    std::FILE* file = std::fopen(path.c_str(), "w");
    std::fputs("local", file);
    std::fclose(file);
    const auto source = Source::open(file_origin(path), options);
    ASSERT_TRUE(source);
    EXPECT_TRUE((*source)->is_complete());
    EXPECT_EQ((*source)->size(), 5);
    EXPECT_EQ(read(**source, 0, 10), "local");
    EXPECT_TRUE((*source)->ensure(0, 1000, {}));
    EXPECT_EQ((*source)->bytes_fetched(), 0);
    std::filesystem::remove(path);
    EXPECT_THAT(
        Source::open(file_origin(path), options).error().message, HasSubstr("does not exist")
    );
    EXPECT_THAT(
        Source::open(file_origin("/dev/zero"), options).error().message,
        HasSubstr("not a regular file")
    );
}

TEST_F(SourceTest, ReadsAPipeOnceFrontToBack) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const std::string bytes(300'000, 'p');  // more than a pipe holds
    std::jthread writer([&] {
        for (std::size_t at = 0; at < bytes.size();) {
            const auto count = ::write(ends[1], bytes.data() + at, bytes.size() - at);
            if (count <= 0) break;
            at += static_cast<std::size_t>(count);
        }
        ::close(ends[1]);
    });
    const auto source = Source::open(
        pipe_origin(Fd(ends[0]), "standard input"), {.scratch_folder = testing::TempDir()}
    );
    ASSERT_TRUE(source) << source.error().message;
    ASSERT_TRUE((*source)->complete({}));
    EXPECT_EQ((*source)->size(), static_cast<std::int64_t>(bytes.size()));
    std::string read(bytes.size(), ' ');
    ASSERT_EQ(::pread((*source)->descriptor(), read.data(), read.size(), 0), 300'000);
    EXPECT_TRUE(read == bytes);
}

TEST_F(SourceTest, APipeThatNobodyWritesToCanBeGivenUp) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const Fd writer(ends[1]);
    const auto source =
        Source::open(pipe_origin(Fd(ends[0]), "pipe"), {.scratch_folder = testing::TempDir()});
    ASSERT_TRUE(source) << source.error().message;
    std::stop_source stop;
    std::jthread other([&] { stop.request_stop(); });
    const auto whole = (*source)->complete(stop.get_token());
    ASSERT_FALSE(whole);
    EXPECT_EQ(whole.error().kind, ErrorKind::kCancelled);
}

TEST_F(SourceTest, ReadsMemoryLikeAnyOrigin) {
    const auto bytes = random_bytes(1'000'000);
    const auto view = std::as_bytes(std::span(bytes));
    const auto source = Source::open(memory_origin({view.begin(), view.end()}), options);
    ASSERT_TRUE(source);
    ASSERT_TRUE((*source)->complete({}));
    EXPECT_TRUE(read(**source, 0, bytes.size()) == bytes);
}

}  // namespace
}  // namespace ittybit::storage
