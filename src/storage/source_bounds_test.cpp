// What bounds a source: sizes, time, the disk, an order to stop.
#include <chrono>
#include <filesystem>
#include <future>
#include <semaphore>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/disk.h"
#include "storage/source.h"
#include "storage/source_test.h"

namespace ittybit::storage {
namespace {

using testing::HasSubstr;

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
        const auto length = std::to_string(all - (64 << 20));
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

}  // namespace
}  // namespace ittybit::storage
