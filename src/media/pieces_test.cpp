#include "media/pieces.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "media/compat.h"
#include "media/encoder.h"
#include "media/pipeline.h"
#include "media/testing.h"
#include "media/timing.h"

namespace ittybit::media {
namespace {

constexpr int kPictures = 90;

/// Ticks at which picture `n` begins: the rate is not constant.
std::int64_t time_of(int n) {
    return n * 3000 + (n % 4 == 3 ? 700 : 0);
}

Frame picture(int n) {
    Frame frame = make_frame();
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = frame->height = 64;
    EXPECT_GE(av_frame_get_buffer(frame.get(), 0), 0);
    for (int y = 0; y < 64; ++y)
        for (int x = 0; x < 64; ++x)
            frame->data[0][y * frame->linesize[0] + x] =
                static_cast<std::uint8_t>(16 + (x * 3 + y + 5 * n) % 200);
    for (int y = 0; y < 32; ++y) {
        std::fill_n(frame->data[1] + y * frame->linesize[1], 32, std::uint8_t{128});
        std::fill_n(frame->data[2] + y * frame->linesize[2], 32, std::uint8_t{128});
    }
    frame->pts = time_of(n);
    set_duration(*frame, time_of(n + 1) - time_of(n));
    return frame;
}

PictureEncoding encoding(const std::string& encoder) {
    PictureEncoding how;
    how.encoder = encoder;
    how.width = how.height = 64;
    how.fps_num = 30;
    how.key_interval = 150;
    how.options = {{"crf", 28}};
    if (encoder == "libx265") how.options["x265-params"] = "log-level=none:pools=1";
    return how;
}

struct Times {
    std::int64_t pts;
    std::int64_t dts;
    std::int64_t duration;
    bool operator==(const Times&) const = default;
};
void PrintTo(const Times& times, std::ostream* out) {
    *out << times.pts << "/" << times.dts << "+" << times.duration;
}

std::vector<Times> times_of(const std::vector<Packet>& packets) {
    std::vector<Times> times;
    for (const auto& it : packets) times.push_back({it->pts, it->dts, it->duration});
    return times;
}

/// What is read of pieces: the packets of each track; an error's message.
struct Joined {
    std::vector<std::vector<Packet>> tracks;
    std::string error;
    SeenCaptions captions = 0;
};

void encode(Sink<Frame>& into) {
    for (int n = 0; n < kPictures; ++n) ASSERT_TRUE(into.push(picture(n)));
    ASSERT_TRUE(into.finish());
}

/// Pieces of a film in the current folder.
class Pieces : public testing::TestWithParam<const char*> {
protected:
    Pieces() { std::filesystem::current_path(testing::TempDir()); }
    ~Pieces() override { std::filesystem::current_path(before_); }

    std::vector<std::byte> piece(const PlannedPiece& which) {
        const auto writer = *PieceWriter::create("piece", which, 1, Limits{});
        auto& track = writer->add_track();
        auto encoder = Encoder::open(encoding(GetParam()), track);
        EXPECT_TRUE(encoder) << encoder.error().message;
        (*encoder)->allow_nothing();
        EXPECT_TRUE(track.describe((*encoder)->codec()));
        PieceOf cut(which, **encoder);
        encode(cut);
        return bytes_of(*writer, 0);
    }

    /// One of all pictures, and of every second one.
    std::vector<std::byte> piece_of_two(const PlannedPiece& which, SeenCaptions captions) {
        const auto writer = *PieceWriter::create("piece", which, 2, Limits{});
        auto& track = writer->add_track();
        auto encoder = *Encoder::open(encoding(GetParam()), track);
        EXPECT_TRUE(track.describe(encoder->codec()));
        auto& half_track = writer->add_track();
        auto half_encoder = *Encoder::open(half_encoding(), half_track);
        EXPECT_TRUE(half_track.describe(half_encoder->codec()));
        PieceOf half_cut(which, *half_encoder);
        EveryNth half(2, half_cut);
        PieceOf cut(which, *encoder);
        Tee<Frame> both({&half, &cut});
        encode(both);
        return bytes_of(*writer, captions);
    }

    static PictureEncoding half_encoding() {
        auto how = encoding(GetParam());
        how.fps_num = 15;
        how.options["crf"] = 33;
        return how;
    }

    static std::vector<std::byte> bytes_of(PieceWriter& writer, SeenCaptions captions) {
        EXPECT_TRUE(writer.finish(captions));
        std::ifstream file("piece", std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file), {}};
        EXPECT_EQ(std::ssize(bytes), writer.size());
        const auto view = std::as_bytes(std::span(bytes));
        return {view.begin(), view.end()};
    }

    /// What is read of pieces, one behind the other.
    static Joined read_tracks(
        const std::vector<std::byte>& bytes,
        std::int64_t count,
        const std::vector<PictureEncoding>& encodings
    ) {
        Collector<Packet> unused;
        std::vector<PieceTrack> made;
        for (const auto& how : encodings) made.emplace_back((*Encoder::open(how, unused))->codec());
        MemorySource source(bytes);
        PieceReader reader(source, count, made);
        Joined joined{.tracks = std::vector<std::vector<Packet>>(made.size()), .error = ""};
        for (;;) {
            auto packet = reader.next();
            if (!packet) joined.error = packet.error().message;
            joined.captions = reader.captions();
            if (!packet || *packet == nullptr) return joined;
            joined.tracks.at(static_cast<std::size_t>((*packet)->stream_index))
                .push_back(*std::move(packet));
        }
    }

    static std::pair<std::vector<Times>, std::string> read(
        const std::vector<std::byte>& bytes, std::int64_t count
    ) {
        const auto joined = read_tracks(bytes, count, {encoding(GetParam())});
        return {times_of(joined.tracks.front()), joined.error};
    }

    static std::vector<std::byte> joined(const std::vector<std::vector<std::byte>>& pieces) {
        std::vector<std::byte> all;
        for (const auto& one : pieces) all.insert(all.end(), one.begin(), one.end());
        return all;
    }

private:
    const std::filesystem::path before_ = std::filesystem::current_path();
};

INSTANTIATE_TEST_SUITE_P(
    Of,
    Pieces,
    testing::Values("libx264", "libx265", "libsvtav1", "libvpx-vp9"),
    [](const auto& about) {
        std::string name = about.param;
        std::erase(name, '-');
        return name;
    }
);

/// Whether the same pictures are there, each once, shown as long, and decoded at the same times:
/// every encoder reorders as it likes.
void expect_same(const std::vector<Times>& times, const std::vector<Times>& wanted) {
    const auto by_pts = [](std::vector<Times> of) {
        std::ranges::sort(of, {}, &Times::pts);
        for (auto& it : of) it.dts = 0;
        return of;
    };
    EXPECT_EQ(by_pts(times), by_pts(wanted)) << "no picture is lost or there twice";
    for (std::size_t i = 1; i < times.size(); ++i) {
        EXPECT_LT(times[i - 1].dts, times[i].dts);
        EXPECT_LE(times[i].dts, times[i].pts);
        EXPECT_EQ(times[i].dts, wanted[i].dts) << "packet " << i;
    }
}

TEST_P(Pieces, HaveTheTimesOfTheWhole) {
    Collector<Packet> whole;
    auto encoder = Encoder::open(encoding(GetParam()), whole);
    ASSERT_TRUE(encoder) << encoder.error().message;
    encode(**encoder);
    const auto bytes = joined({
        piece({.number = 0, .from = 0, .to = 60'000}),
        piece({.number = 1, .from = 60'000, .to = 150'001}),
        piece({.number = 2, .from = 150'001, .to = {}}),
    });
    const auto [times, error] = read(bytes, 3);
    EXPECT_EQ(error, "");
    expect_same(times, times_of(whole.items));
}

/// Counts what goes through.
class Counter : public Sink<Packet> {
public:
    explicit Counter(Sink<Packet>& next) : next_(next) {}
    Result<> push(Packet packet) override {
        ++count_;
        return next_.push(std::move(packet));
    }
    Result<> finish() override { return next_.finish(); }
    int count() const { return count_; }

private:
    Sink<Packet>& next_;
    int count_ = 0;
};

// An encoder is shown what comes behind a piece, so that it knows of it.
TEST_P(Pieces, EndTheirEncodersOnceTheyAreWhole) {
    constexpr int kInside = 30;
    const PlannedPiece which{.number = 0, .from = 0, .to = time_of(kInside)};
    std::vector<std::vector<Times>> made;
    std::vector<int> packets;
    for (const bool ends : {false, true}) {
        const auto writer = *PieceWriter::create("piece", which, 1, Limits{});
        auto& track = writer->add_track();
        Counter counter(track);
        const auto encoder = *Encoder::open(encoding(GetParam()), counter);
        ASSERT_TRUE(track.describe(encoder->codec()));
        if (ends) encoder->end_when([&track] { return track.is_past(); });
        encode(*encoder);
        made.push_back(read(bytes_of(*writer, 0), 1).first);
        packets.push_back(counter.count());
    }
    EXPECT_EQ(made[1].size(), kInside);
    EXPECT_EQ(made[1], made[0]);
    EXPECT_EQ(packets[0], kPictures);
    EXPECT_LT(packets[1], kInside + 10) << "pictures behind the piece that are encoded in vain";
}

TEST_P(Pieces, HaveTracksOfSeveralEncoders) {
    Collector<Packet> whole, half_whole;
    encode(**Encoder::open(encoding(GetParam()), whole));
    const auto half_encoder = *Encoder::open(half_encoding(), half_whole);
    EveryNth half(2, *half_encoder);
    encode(half);

    const auto bytes = joined({
        piece_of_two({.number = 0, .from = 0, .to = time_of(30)}, 1),
        piece_of_two({.number = 1, .from = time_of(30), .to = time_of(64)}, 0),
        piece_of_two({.number = 2, .from = time_of(64), .to = {}}, 8),
    });
    const auto found = read_tracks(bytes, 3, {encoding(GetParam()), half_encoding()});
    EXPECT_EQ(found.error, "");
    EXPECT_EQ(found.captions, 9U) << "those of any piece";
    expect_same(times_of(found.tracks[0]), times_of(whole.items));
    expect_same(times_of(found.tracks[1]), times_of(half_whole.items));
    EXPECT_THAT(read_tracks(bytes, 3, {encoding(GetParam())}).error, testing::HasSubstr("is none"));
}

TEST_P(Pieces, MayBeEmpty) {
    const auto bytes = joined({
        piece({.number = 0, .from = 0, .to = 30'000}),
        piece({.number = 1, .from = 30'001, .to = 30'002}),
        piece({.number = 2, .from = 30'002, .to = {}}),
    });
    const auto [times, error] = read(bytes, 3);
    EXPECT_EQ(error, "");
    EXPECT_EQ(times.size(), kPictures - 1U) << "the one that begins at 30000 is in none";
}

TEST_P(Pieces, AreRefusedWhenOneIsMissingTwiceThereOrCutOff) {
    const auto first = piece({.number = 0, .from = 0, .to = 30'000});
    const auto second = piece({.number = 1, .from = 30'000, .to = {}});
    EXPECT_THAT(read(joined({first, first}), 2).second, testing::HasSubstr("number 0 where 1"));
    EXPECT_THAT(read(joined({second}), 2).second, testing::HasSubstr("number 1 where 0"));
    EXPECT_THAT(read(joined({first}), 2).second, testing::HasSubstr("is cut off"));
    auto cut = joined({first, second});
    cut.resize(cut.size() - 40);
    EXPECT_THAT(read(cut, 2).second, testing::HasSubstr("is cut off"));
    EXPECT_THAT(read(std::vector<std::byte>(100), 1).second, testing::HasSubstr("is none"));
}

}  // namespace
}  // namespace ittybit::media
