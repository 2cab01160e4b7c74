#include "work/file_links.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ittybit::work {
namespace {

using testing::MatchesRegex;

constexpr UnixMillis kNow = 1'700'000'000'000;
constexpr UnixMillis kHour = 3'600'000;
const ManagedName kFile{"0123456789abcdef0123456789abcdef", "\u00e4/m.m3u8"};

/// What stands between /files/ and the name.
std::string piece_of(const std::string& url) {
    const auto start = url.find("/files/") + 7;
    return url.substr(start, url.find('/', start) - start);
}

TEST(FileLinks, AreAsEverWhereNobodySigns) {
    const FileLinks links;
    EXPECT_EQ(links.url("https://x", kFile, kNow), managed_url("https://x", kFile));
    EXPECT_EQ(links.judge(kFile.id, kNow)->id, kFile.id);
    EXPECT_EQ(links.judge(kFile.id + "~1~00", kNow)->id, kFile.id) << "signed once";
    EXPECT_FALSE(links.judge(kFile.id, kNow)->expires_s);
}

TEST(FileLinks, HoldForTheirTimeAndAreNotMadeUp) {
    const FileLinks links({"key"}, Duration{kHour});
    const auto url = links.url("https://x", kFile, kNow);
    EXPECT_THAT(url, MatchesRegex("https://x/files/[0-9a-f]+~[0-9]+~[0-9a-f]+/%C3%A4/m\\.m3u8"));
    EXPECT_EQ(find_managed(url), kFile);
    EXPECT_EQ(unsigned_url(url), managed_url("https://x", kFile));
    const auto piece = piece_of(url);
    const auto permission = links.judge(piece, kNow);
    ASSERT_TRUE(permission);
    EXPECT_EQ(permission->id, kFile.id);
    const auto left = *permission->expires_s * 1000 - kNow;
    EXPECT_LE(left, kHour);
    EXPECT_GT(left, kHour / 8 * 7 - 1000);
    EXPECT_FALSE(links.judge(piece, kNow + left));
    EXPECT_FALSE(links.judge(kFile.id, kNow));
    for (std::size_t i = 0; i < piece.size(); ++i) {
        auto spoilt = piece;
        spoilt[i] = spoilt[i] == '0' ? '1' : '0';
        EXPECT_EQ(links.judge(spoilt, kNow).error().kind, ErrorKind::kTokenInvalid) << spoilt;
        EXPECT_FALSE(links.judge(piece.substr(0, i), kNow)) << i;
    }
    EXPECT_FALSE(links.judge(piece + "0", kNow));
}

TEST(FileLinks, AreTheSameWhenAskedForAgainSoon) {
    const FileLinks links({"key"}, Duration{kHour});
    std::set<std::string> urls;
    for (int i = 0; i < 60; ++i) urls.insert(links.url("", kFile, kNow + i * 60'000));
    EXPECT_LE(urls.size(), 9U);
}

TEST(FileLinks, OfAnOlderKeyAreTakenStill) {
    const FileLinks before({"old"}, Duration{kHour});
    const FileLinks after({"new", "old"}, Duration{kHour});
    EXPECT_TRUE(after.judge(piece_of(before.url("", kFile, kNow)), kNow));
    EXPECT_FALSE(before.judge(piece_of(after.url("", kFile, kNow)), kNow));
}

TEST(FileLinks, AreRenewedWhereTheyAreOurs) {
    const FileLinks links({"key"}, Duration{kHour});
    const auto old = links.url("https://x", kFile, kNow - 9 * kHour);
    const auto plain = managed_url("https://x", kFile);
    const auto fresh = links.url("https://x", kFile, kNow);
    json::object job{
        {"input", old},
        {"output", plain},
        {"metadata", {{"mine", old}}},
        {"outputs", json::array{json::object{{"output", plain}}, json::object{{"output", nullptr}}}
        },
        {"tasks", json::array{json::object{
                      {"kind", "export"},
                      {"input", {{"url", plain}}},
                      {"output", {{"url", plain}}},
                      {"options", {{"url", plain}}}
                  }}}
    };
    links.renew(job, kNow);
    const auto& task = job["tasks"].as_array().front();
    EXPECT_EQ(string_at(job, "input"), fresh);
    EXPECT_EQ(string_at(job, "output"), fresh);
    EXPECT_EQ(string_at(job["metadata"], "mine"), old);
    EXPECT_EQ(string_at(job["outputs"].as_array().front(), "output"), fresh);
    EXPECT_EQ(string_at(task.at("output"), "url"), fresh);
    EXPECT_EQ(string_at(task.at("options"), "url"), fresh);
    EXPECT_EQ(string_at(task.at("input"), "url"), plain) << "another server's, perhaps";
    EXPECT_EQ(links.renewed("s3://b/files/x", kNow), "s3://b/files/x");
}

}  // namespace
}  // namespace ittybit::work
