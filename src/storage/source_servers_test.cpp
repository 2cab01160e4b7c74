// How servers of inputs behave, and what a source makes of it.
#include <string>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/source.h"
#include "storage/source_test.h"

namespace ittybit::storage {
namespace {

using testing::HasSubstr;

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

TEST_F(SourceTest, IsOfTheVersionThatOthersRead) {
    FileServer files(random_bytes(1000));
    options.known = opened(files)->version();
    EXPECT_TRUE(open(files.server().url()));
    files.change_etag("\"two\"");
    const auto changed = open(files.server().url());
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().kind, ErrorKind::kSourceChanged);
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

TEST_F(SourceTest, KeepsToTheFetchGuard) {
    TestServer canary([](const Call&, Wire& wire) { return wire.answer(200, "secret"); });
    net::Client strict({.policy = net::AddressPolicy::strict()});
    const auto source = Source::open(http_origin(strict, canary.url()), options);
    ASSERT_FALSE(source);
    EXPECT_EQ(source.error().kind, ErrorKind::kInputBlocked);
    EXPECT_EQ(canary.connections(), 0);
}

}  // namespace
}  // namespace ittybit::storage
