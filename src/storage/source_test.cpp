#include "storage/source.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <future>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "storage/source_test.h"

namespace ittybit::storage {
namespace {

using testing::HasSubstr;

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
