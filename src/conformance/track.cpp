#include "conformance/track.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "conformance/sample_entry.h"

namespace ittybit::conformance {
namespace {

using manifest::Place;
using manifest::Report;
using manifest::rule;

/// Of these and later ones a reader knows default-base-is-moof (ISO/IEC 14496-12, annex E).
constexpr auto kMoofBrands = std::to_array<std::string_view>(
    {"iso5", "iso6", "iso7", "iso8", "iso9", "isoa", "isob", "cmfc", "cmf2", "dash", "msdh", "dby1"}
);

/// The matrix of a picture that is shown as it is (8.3.2).
constexpr auto kNoTurn =
    std::to_array<std::uint8_t>({0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 1,
                                 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0});

/// Reads one trak box.
class TrackReader {
public:
    /// `movie`: ticks a second of what is counted in the movie's time.
    TrackReader(const Box& box, const Init& init, std::uint32_t movie, Report& report)
        : boxes_(read_boxes(box)),
          init_(init),
          movie_(movie),
          report_(report),
          place_{init.file, {}, static_cast<std::int64_t>(box.begin)} {}

    Track read() {
        read_header();
        read_media();
        read_edits();
        return std::move(track_);
    }

private:
    void read_header() {
        const auto* header = boxes_.find("tkhd");
        if (!report_.expect(header != nullptr, rule("track-header"), place_, "no tkhd")) return;
        auto in = header->fields();
        const bool is_long = header->version() == 1;
        in.skip(is_long ? 16 : 8);
        track_.id = in.u32();
        in.skip(4);
        const auto duration = in.take(is_long ? 8 : 4);
        in.skip(16);
        const auto matrix = in.bytes(36);
        width_ = in.u32() >> 16U;
        height_ = in.u32() >> 16U;
        report_.expect(
            track_.id != 0 && !in.is_short(), rule("track-header"), place_,
            "tkhd without a track id"
        );
        report_.expect(
            (header->flags() & 1U) != 0, rule("track-disabled"), place_,
            fmt::format("track {} is not enabled", track_.id)
        );
        report_.expect(
            !init_.has_brand("cmfc") || std::ranges::equal(matrix, kNoTurn), rule("track-header"),
            place_, "tkhd turns or moves the picture"
        );
        report_.expect(
            duration == 0 || !init_.has_brand("cmfc") || duration == 0xFFFFFFFF ||
                duration == UINT64_MAX,
            rule("track-header"), place_, fmt::format("tkhd has the duration {}", duration)
        );
    }

    void read_media() {
        const auto* media = boxes_.find("mdia");
        if (!report_.expect(media != nullptr, rule("moov"), place_, "a track without mdia")) return;
        const auto inside = read_boxes(*media);
        if (const auto* header = inside.find("mdhd")) {
            auto in = header->fields();
            in.skip(header->version() == 1 ? 16 : 8);
            track_.timescale = in.u32();
        }
        report_.expect(track_.timescale > 0, rule("timescale"), place_, "mdhd has no timescale");
        if (const auto* handler = inside.find("hdlr")) {
            auto in = handler->fields();
            in.skip(4);
            const auto type = in.bytes(4);
            track_.handler.assign(type.begin(), type.end());
        }
        report_.expect(!track_.handler.empty(), rule("handler"), place_, "no hdlr");
        const auto* information = inside.find("minf");
        if (!report_.expect(information != nullptr, rule("moov"), place_, "a track without minf"))
            return;
        read_information(read_boxes(*information));
    }

    void read_information(const Boxes& inside) {
        report_.expect(
            (!track_.is_picture() || inside.find("vmhd") != nullptr) &&
                (!track_.is_sound() || inside.find("smhd") != nullptr),
            rule("media-header"), place_,
            fmt::format("the header of {} media is missing or another", track_.handler)
        );
        if (const auto reference = find_box(inside, "dinf/dref")) {
            const auto entries = read_boxes(*reference, 8);
            report_.expect(
                !entries.all.empty() && (entries.all.front().flags() & 1U) != 0,
                rule("data-reference"), place_, "the media is said to be in another file"
            );
            track_.references = static_cast<int>(std::min<std::size_t>(entries.all.size(), 1000));
        } else {
            report_.add(rule("data-reference"), place_, "no dinf with dref");
        }
        const auto* table = inside.find("stbl");
        const auto samples = table != nullptr ? read_boxes(*table) : Boxes();
        const auto* description = samples.find("stsd");
        if (!report_.expect(description != nullptr, rule("sample-entry"), place_, "no stsd"))
            return;
        const auto entries = read_boxes(*description, 8);
        const auto declared = description->fields().u32();
        report_.expect(
            !entries.all.empty() && declared == entries.all.size() && !entries.broken_at,
            rule("sample-entry"), place_, "stsd has no entry, or not as many as it says"
        );
        if (entries.all.empty()) return;
        track_.entries = static_cast<int>(std::min<std::size_t>(entries.all.size(), 1000));
        check_handler(entries.all.front());
        read_sample_entry(entries.all.front(), track_, place_, report_);
        check_size();
        for (const auto* type : {"stts", "stsc", "stco", "stsz"}) {
            const auto* list = samples.find(type);
            auto in = list != nullptr ? list->fields() : ByteReader({});
            if (std::string_view(type) == "stsz") in.skip(4);
            const bool is_empty = in.u32() == 0;
            report_.expect(
                is_empty && list != nullptr, rule("init-samples"), place_,
                fmt::format("{} is missing or has entries", type)
            );
        }
    }

    /// A sample entry of pictures under the handler of sound is read as sound by some.
    void check_handler(const Box& entry) {
        constexpr auto kPictures = std::to_array<std::string_view>(
            {"avc1", "avc3", "hvc1", "hev1", "dvh1", "dvhe", "av01", "vp08", "vp09", "encv", "mp4v",
             "mjpg"}
        );
        constexpr auto kSounds = std::to_array<std::string_view>(
            {"mp4a", "ac-3", "ec-3", "ac-4", "Opus", "fLaC", "alac", "enca", "apac", "mha1", "mhm1"}
        );
        const bool is_picture = std::ranges::find(kPictures, entry.type) != kPictures.end();
        const bool is_sound = std::ranges::find(kSounds, entry.type) != kSounds.end();
        report_.expect(
            (!is_picture || track_.is_picture()) && (!is_sound || track_.is_sound()),
            rule("handler"), place_,
            fmt::format("the handler {} for {}", track_.handler, entry.type)
        );
        if (is_picture) track_.handler = "vide";
        if (is_sound) track_.handler = "soun";
    }

    void check_size() {
        if (!track_.is_picture() || track_.width == 0) return;
        const auto shown =
            track_.width * track_.aspect_width / std::max<std::int64_t>(track_.aspect_height, 1);
        const bool is_same =
            height_ == track_.height && (width_ == track_.width || std::abs(width_ - shown) <= 1);
        const bool is_turned = width_ == track_.height && height_ == track_.width;
        report_.expect(
            is_same || is_turned || (width_ == 0 && height_ == 0), rule("entry-size"), place_,
            fmt::format(
                "tkhd says {}x{}, the sample entry {}x{}", width_, height_, track_.width,
                track_.height
            )
        );
    }

    void read_edits() {
        const auto edits = find_box(boxes_, "edts/elst");
        if (!edits) return;
        const bool is_long = edits->version() == 1;
        auto in = edits->fields();
        const auto count = std::min<std::uint32_t>(in.u32(), 1000);
        bool is_plain = true;  // at the usual rate
        for (std::uint32_t i = 0; i < count && !in.is_short(); ++i) {
            const auto duration = in.take(is_long ? 8 : 4);
            const auto time = is_long ? static_cast<std::int64_t>(in.u64()) : in.i32();
            is_plain = is_plain && in.u32() == 0x10000;
            if (time < 0 && movie_ > 0) track_.delay += static_cast<double>(duration) / movie_;
            if (time > 0 && track_.skipped == 0) track_.skipped = std::min(time, kLatest);
        }
        report_.expect(
            is_plain && !in.is_short(), rule("edit-list"), place_,
            "the edit list changes the rate, or ends before its entries do"
        );
        track_.has_edits = track_.skipped > 0 || track_.delay > 0;
        report_.expect(
            !(track_.is_picture() && track_.has_edits && init_.has_brand("cmf2")), rule("cmf2"),
            place_, "an edit list of the picture"
        );
        report_.expect(
            track_.skipped < kLatest, rule("edit-list"), place_,
            "the edit list begins at no time of a stream"
        );
        constexpr double kLongestDelay = 6500;  // samples: three frames of HE-AAC
        report_.expect(
            !track_.is_sound() || track_.seconds(track_.skipped) * track_.rate <= kLongestDelay,
            rule("edit-list"), place_,
            fmt::format("the edit list cuts {:.3f} s away", track_.seconds(track_.skipped))
        );
    }

    const Boxes boxes_;
    const Init& init_;
    const std::uint32_t movie_;
    Report& report_;
    const Place place_;
    Track track_;
    std::int64_t width_ = 0;  // of tkhd
    std::int64_t height_ = 0;
};

void read_brands(const Boxes& top, Init& init, Report& report) {
    const Place place{init.file, {}, 0};
    const auto* type = top.find("ftyp");
    if (!report.expect(
            type != nullptr && &top.all.front() == type, rule("ftyp"), place,
            "it does not begin with ftyp"
        )) {
        if (type == nullptr) return;
    }
    ByteReader in(type->body);
    for (int i = 0; in.left() >= 4; ++i) {
        const auto word = in.bytes(4);
        if (i != 1) init.brands.emplace_back(word.begin(), word.end());  // 1: the minor version
    }
    const bool knows_moof =
        std::ranges::any_of(kMoofBrands, [&](auto brand) { return init.has_brand(brand); });
    const std::vector<std::string> brands = init.brands;
    report.expect(
        knows_moof, rule("brand"), place, fmt::format("brands {}", fmt::join(brands, " "))
    );
    report.expect(
        init.has_brand("cmfc"), rule("cmaf-brand"), place,
        fmt::format("brands {}", fmt::join(brands, " "))
    );
}

struct MovieHeader {
    std::uint32_t timescale = 0;
    std::uint32_t next_track = UINT32_MAX;
};

MovieHeader read_movie_header(const Boxes& inside, const Place& place, Report& report) {
    const auto* box = inside.find("mvhd");
    if (!report.expect(box != nullptr, rule("moov"), place, "no mvhd")) return {};
    auto in = box->fields();
    const bool is_long = box->version() == 1;
    in.skip(is_long ? 16 : 8);
    const auto timescale = in.u32();
    in.skip((is_long ? 8 : 4) + 76);
    const auto next = in.u32();
    report.expect(
        timescale > 0 && !in.is_short(), rule("movie-header"), place, "mvhd has no timescale"
    );
    return {timescale, next};
}

void check_ids(const Init& init, const MovieHeader& header, const Place& place, Report& report) {
    for (const auto& track : init.tracks) {
        report.expect(
            init.track(track.id) == &track, rule("track-header"), place,
            fmt::format("track {} is there twice", track.id)
        );
        // FFmpeg's is too low where there are several tracks, and nobody minds.
        report.expect(
            header.next_track > track.id || !init.has_brand("cmfc"), rule("movie-header"), place,
            fmt::format(
                "the next track id is {}, and there is track {}", header.next_track, track.id
            )
        );
    }
}

void read_defaults(const Boxes& inside, Init& init, const Place& place, Report& report) {
    const auto* extends = inside.find("mvex");
    const auto list = extends != nullptr ? read_boxes(*extends) : Boxes();
    report.expect(extends != nullptr, rule("moov"), place, "no mvex");
    for (auto& track : init.tracks) {
        bool is_found = false;
        for (const auto& box : list.all) {
            auto in = box.fields();
            if (box.type != "trex" || in.u32() != track.id) continue;
            is_found = true;
            report.expect(in.u32() == 1, rule("moov"), place, "trex names another sample entry");
            track.defaults = {in.u32(), in.u32(), in.u32()};
        }
        report.expect(
            is_found || extends == nullptr, rule("moov"), place,
            fmt::format("no trex for track {}", track.id)
        );
    }
}

}  // namespace

const Track* Init::track(std::uint32_t id) const {
    const auto found = std::ranges::find(tracks, id, &Track::id);
    return found == tracks.end() ? nullptr : &*found;
}

bool Init::has_brand(std::string_view brand) const {
    return std::ranges::find(brands, brand) != brands.end();
}

Init read_init(Bytes bytes, const std::string& file, Report& report) {
    Init init;
    init.file = file;
    const auto top = read_boxes(bytes);
    if (top.broken_at)
        report.add(
            rule("box"), {file, {}, static_cast<std::int64_t>(*top.broken_at)},
            "what is here is no whole box"
        );
    read_brands(top, init, report);
    const auto* movie = top.find("moov");
    if (!report.expect(
            movie != nullptr && top.count("moov") == 1, rule("moov"), {file, {}, {}}, "not one moov"
        ))
        if (movie == nullptr) return init;
    for (const auto& box : top.all)
        report.expect(
            box.type != "moof" && box.type != "mdat", rule("init-media"),
            {file, {}, static_cast<std::int64_t>(box.begin)},
            fmt::format("{} in the initialization section", box.type)
        );
    const Place place{file, {}, static_cast<std::int64_t>(movie->begin)};
    const auto inside = read_boxes(*movie);
    if (const auto misfit = find_misfit(top))
        report.add(rule("box"), {file, {}, static_cast<std::int64_t>(misfit->at)}, misfit->message);
    const auto header = read_movie_header(inside, place, report);
    for (const auto& box : inside.all) {
        if (box.type != "trak" || init.tracks.size() == 64) continue;
        init.tracks.push_back(TrackReader(box, init, header.timescale, report).read());
    }
    report.expect(!init.tracks.empty(), rule("moov"), place, "no track");
    report.expect(
        init.tracks.size() < 2, rule("one-track"), place,
        fmt::format("{} tracks", init.tracks.size())
    );
    check_ids(init, header, place, report);
    read_defaults(inside, init, place, report);
    return init;
}

}  // namespace ittybit::conformance
