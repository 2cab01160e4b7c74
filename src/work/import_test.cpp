#include "work/import.h"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/pause.h"

namespace ittybit::work {
namespace {

constexpr std::int64_t kSize = 4096;
constexpr std::int64_t kFirst = 64;  // bytes that are there soon after a source is open

/// An origin of kSize bytes that gives the first ones, and does what it is told before others.
class ToldOrigin final : public storage::Origin {
public:
    using Then = std::function<Result<>(const std::stop_token& stop)>;
    explicit ToldOrigin(Then then, bool has_ranges = true)
        : then_(std::move(then)), has_ranges_(has_ranges) {}

    Result<> fetch(
        storage::Range range,
        const storage::Version&,
        const storage::Taker& taker,
        const std::stop_token& stop
    ) override {
        if (range.from > 0) TRY(then_(stop));
        TRY(taker.answer({{kSize, "\"one\"", ""}, range.from, has_ranges_}));
        const std::vector<std::byte> bytes(static_cast<std::size_t>(kFirst));
        for (auto at = range.from; at < std::min(range.to, kSize); at += kFirst) {
            if (!has_ranges_ && at > 0) TRY(then_(stop));
            if (!TRY(taker.bytes(bytes))) break;
        }
        return {};
    }
    std::string name() const override { return "told"; }

private:
    const Then then_;
    const bool has_ranges_;
};

std::unique_ptr<storage::Source> open(ToldOrigin::Then then, bool has_ranges = true) {
    storage::Source::Options options;
    options.scratch_folder = testing::TempDir();
    options.first_read = kFirst;
    options.longest_read = kFirst;
    auto source =
        storage::Source::open(std::make_unique<ToldOrigin>(std::move(then), has_ranges), options);
    EXPECT_TRUE(source) << source.error().message;
    return *std::move(source);
}

Result<> gives(const std::stop_token&) {
    return {};
}

/// Gives nothing until it is stopped.
Result<> stalls(const std::stop_token& stop) {
    pause(stop, std::chrono::seconds(20));
    return Error{ErrorKind::kCancelled, "the download was cancelled", ""};
}

TEST(Import, BringsEveryByteAndSaysHowManyAreThere) {
    std::promise<void> may_go_on;
    const auto gate = may_go_on.get_future().share();
    const auto source = open([gate](const std::stop_token&) -> Result<> {
        gate.wait();
        return {};
    });
    Import whole(*source, true, {});
    EXPECT_LT(*whole.percent(), 100);
    may_go_on.set_value();
    ASSERT_TRUE(whole.finish());
    EXPECT_TRUE(source->is_complete());
    EXPECT_EQ(whole.percent(), 100);
    EXPECT_FALSE(whole.failure());
    EXPECT_FALSE(whole.work().stop_requested());
}

TEST(Import, FetchesNothingForWorkThatReadsWhatItNeeds) {
    const auto source = open(gives);
    Import whole(*source, false, {});
    ASSERT_TRUE(whole.finish());
    EXPECT_FALSE(source->is_complete());
    EXPECT_FALSE(whole.percent()) << "nobody knows how much will be needed";
}

TEST(Import, ThatFailsStopsTheWorkAndSaysWhy) {
    const auto source = open([](const std::stop_token&) -> Result<> {
        return Error{ErrorKind::kDownloadFailed, "the server answered 404 Not Found", "told"};
    });
    Import whole(*source, true, {});
    const auto done = whole.finish();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::kDownloadFailed);
    EXPECT_TRUE(whole.work().stop_requested());
    ASSERT_TRUE(whole.failure());
    EXPECT_EQ(whole.failure()->message, done.error().message);
}

TEST(Import, EndsWithTheJobAndWithTheWork) {
    const auto source = open(stalls);
    const std::stop_source job;
    Import whole(*source, true, job.get_token());
    job.request_stop();
    EXPECT_EQ(whole.finish().error().kind, ErrorKind::kCancelled);
    EXPECT_TRUE(whole.work().stop_requested());
    {
        const Import left(*source, true, {});
    }  // returns
}

TEST(Input, IsFetchedAsItIsReadAndSaysHowLongItIs) {
    const auto source = open(gives);
    const auto input = input_from(*source);
    EXPECT_FALSE(input.comes_in_order);
    ASSERT_TRUE(input.ensure);
    EXPECT_EQ(**input.ensure(kSize - kFirst, kFirst, {}), kSize);
    ASSERT_TRUE(source->complete({}));
    EXPECT_FALSE(input_from(*source).ensure) << "all of it is there";
    const auto in_order = open(stalls, false);
    EXPECT_TRUE(input_from(*in_order).comes_in_order) << "it waits for all that lies before";
}

TEST(Input, IsNeededWholeByWorkWithoutAPart) {
    EXPECT_TRUE(needs_every_byte(VideoOptions{}));
    EXPECT_TRUE(needs_every_byte(AdaptiveVideoOptions{}));
    EXPECT_FALSE(needs_every_byte(ProbeOptions{}));
    VideoOptions part;
    part.end = 5;
    EXPECT_FALSE(needs_every_byte(part));
    AudioOptions late;
    late.start = 1;
    EXPECT_FALSE(needs_every_byte(late));
}

TEST(Input, IsToBlameForWhatIsAboutItsFarEnd) {
    for (const auto kind :
         {ErrorKind::kDownloadFailed, ErrorKind::kSourceChanged, ErrorKind::kInputBlocked})
        EXPECT_TRUE(is_about_fetching({kind, "", ""})) << name_of(kind);
    for (const auto kind :
         {ErrorKind::kCorruptMedia, ErrorKind::kCancelled, ErrorKind::kInternalError})
        EXPECT_FALSE(is_about_fetching({kind, "", ""})) << name_of(kind);
}

}  // namespace
}  // namespace ittybit::work
