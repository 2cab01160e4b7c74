#include "conformance/fragment.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace ittybit::conformance {
namespace {

using manifest::Place;
using manifest::Report;
using manifest::rule;

constexpr std::uint32_t kIsNoSync = 0x10000;  // sample_is_non_sync_sample
constexpr std::uint32_t kDepends = 1;         // sample_depends_on

/// The part of a file that samples may lie in or do.
struct Extent {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// Reads the boxes of one piece.
class FragmentReader {
public:
    FragmentReader(const Piece& piece, const Init& init, Report& report)
        : piece_(piece), init_(init), report_(report) {}

    FragmentedSegment read() {
        const auto boxes = read_boxes(piece_.bytes, piece_.base);
        const bool is_cut = piece_.may_be_cut && boxes.broken_at && !boxes.all.empty() &&
                            boxes.all.back().type == "mdat";
        if (boxes.broken_at && !is_cut)
            report_.add(rule("box"), at(*boxes.broken_at), "what is here is no whole box");
        for (const auto& box : boxes.all) take(box);
        close_moof(false);
        check_index(boxes);
        return std::move(segment_);
    }

private:
    Place at(std::size_t byte) const { return {piece_.file, {}, static_cast<std::int64_t>(byte)}; }

    void take(const Box& box) {
        constexpr auto kKnown = std::to_array<std::string_view>(
            {"styp", "sidx", "prft", "emsg", "free", "skip", "uuid", "ssix", "mfra", "ftyp", "moov"}
        );
        if (box.type == "moof") {
            close_moof(false);
            moof_ = box.begin;
            read_moof(box);
        } else if (box.type == "mdat") {
            mdat_ = {box.end - box.body.size(), box.end};
            if (report_.expect(
                    moof_.has_value(), rule("moof"), at(box.begin),
                    "an mdat without the moof that describes it"
                ))
                close_moof(true);
        } else if (box.type == "free" || box.type == "skip") {
            report_.expect(
                box.body.size() < 4096, rule("moof"), at(box.begin), "free space of more than 4 kB"
            );
        } else {
            report_.expect(
                std::ranges::find(kKnown, box.type) != kKnown.end(), rule("segment-format"),
                at(box.begin), fmt::format("a box {} among fragments", box.type)
            );
        }
    }

    void read_moof(const Box& box) {
        const auto inside = read_boxes(box);
        if (const auto misfit = find_misfit(inside)) {
            report_.add(rule("box"), at(misfit->at), misfit->message);
        } else if (inside.broken_at) {
            report_.add(rule("box"), at(*inside.broken_at), "what is here is no whole box");
        }
        const auto* header = inside.find("mfhd");
        if (report_.expect(header != nullptr, rule("moof"), at(box.begin), "no mfhd")) {
            const auto sequence = header->fields().u32();
            report_.expect(
                segment_.runs.empty() || sequence > segment_.last_sequence, rule("moof-sequence"),
                at(header->begin),
                fmt::format("mfhd sequence number {} after {}", sequence, segment_.last_sequence)
            );
            if (segment_.runs.empty()) segment_.first_sequence = sequence;
            segment_.last_sequence = sequence;
        }
        const auto tracks = inside.count("traf");
        report_.expect(
            tracks == 1 || (tracks > 1 && !init_.has_brand("cmfc")), rule("traf"), at(box.begin),
            fmt::format("{} traf in a moof", tracks)
        );
        for (const auto& each : inside.all)
            if (each.type == "traf") read_track(each);
    }

    void read_track(const Box& box) {
        const auto inside = read_boxes(box);
        const auto* header = inside.find("tfhd");
        if (!report_.expect(header != nullptr, rule("traf"), at(box.begin), "a traf without tfhd"))
            return;
        auto in = header->fields();
        const auto flags = header->flags();
        Run run{in.u32(), *moof_, {}};
        const auto* track = track_ = init_.track(run.track);
        report_.expect(
            track != nullptr, rule("traf"), at(header->begin),
            fmt::format("track {} is not in the initialization section", run.track)
        );
        report_.expect(
            (flags & 0x020000U) != 0 && (flags & 1U) == 0, rule("base-is-moof"), at(header->begin),
            (flags & 1U) != 0 ? "tfhd has a base-data-offset" : "tfhd lacks default-base-is-moof"
        );
        auto defaults = track != nullptr ? track->defaults : SampleDefaults();
        if ((flags & 1U) != 0) in.u64();
        if ((flags & 2U) != 0) {
            const auto entry = in.u32();
            report_.expect(
                track == nullptr || (entry >= 1 && std::cmp_less_equal(entry, track->entries)),
                rule("traf"), at(header->begin),
                fmt::format("tfhd names the sample entry {}", entry)
            );
        }
        if ((flags & 8U) != 0) defaults.duration = in.u32();
        if ((flags & 0x10U) != 0) defaults.size = in.u32();
        if ((flags & 0x20U) != 0) defaults.flags = in.u32();
        const auto* time = inside.find("tfdt");
        report_.expect(time != nullptr, rule("tfdt"), at(box.begin), "a traf without tfdt");
        std::int64_t decoded = next_[run.track];
        if (time != nullptr) {
            auto fields = time->fields();
            const auto told = fields.take(time->version() == 1 ? 8 : 4);
            report_.expect(
                std::cmp_less_equal(told, kLatest), rule("tfdt"), at(time->begin),
                fmt::format("tfdt {} is no time of a stream", told)
            );
            decoded = static_cast<std::int64_t>(std::min<std::uint64_t>(told, kLatest));
        }
        position_ = *moof_;
        const auto truns = inside.count("trun");
        constexpr std::uint32_t kIsEmpty = 0x010000;  // duration-is-empty
        report_.expect(
            truns > 0 && (flags & kIsEmpty) == 0, rule("traf"), at(box.begin),
            truns > 0 ? "tfhd says that the duration is empty" : "a traf without trun"
        );
        for (const auto& each : inside.all)
            if (each.type == "trun") read_run(each, defaults, decoded, run);
        next_[run.track] = decoded;
        segment_.runs.push_back(std::move(run));
    }

    void read_run(const Box& box, const SampleDefaults& defaults, std::int64_t& decoded, Run& run) {
        auto in = box.fields();
        const auto flags = box.flags();
        const auto told = in.u32();
        // Each has a byte at least: more would cost time and memory that the piece does not.
        const auto count = std::min<std::size_t>(told, piece_.bytes.size() - samples_);
        samples_ += count;
        report_.expect(
            count == told, rule("traf"), at(box.begin), "more samples than the file has bytes"
        );
        if ((flags & 1U) != 0) {
            const auto begin = static_cast<std::int64_t>(run.moof) + in.i32();
            report_.expect(
                begin >= 0, rule("samples-in-mdat"), at(box.begin),
                "the data offset of trun lies before the file"
            );
            position_ = static_cast<std::size_t>(std::max<std::int64_t>(begin, 0));
        }
        std::optional<std::uint32_t> first_flags;
        if ((flags & 4U) != 0) first_flags = in.u32();
        const bool is_plain = track_ == nullptr || !track_->is_picture() || (flags & 0x800U) == 0;
        report_.expect(
            is_plain || box.version() > 0 || !init_.has_brand("cmf2"), rule("cmf2"), at(box.begin),
            "composition offsets without a sign (trun version 0)"
        );
        bool has_lengths = true;
        bool is_clear = true;
        for (std::size_t i = 0; i < count && !in.is_short(); ++i) {
            Sample sample;
            sample.duration = (flags & 0x100U) != 0 ? in.u32() : defaults.duration;
            sample.size = (flags & 0x200U) != 0 ? in.u32() : defaults.size;
            auto sample_flags = (flags & 0x400U) != 0 ? in.u32() : defaults.flags;
            if (i == 0 && first_flags) sample_flags = *first_flags;
            std::int64_t offset = 0;
            if ((flags & 0x800U) != 0)
                offset = box.version() == 0 ? std::int64_t{in.u32()} : in.i32();
            sample.is_sync = (sample_flags & kIsNoSync) == 0;
            is_clear = is_clear && (!sample.is_sync || (sample_flags >> 24U & 3U) != kDepends);
            sample.decoded = decoded;
            sample.presented = decoded + offset;
            sample.at = position_;
            sample.bytes = bytes_at(position_, sample.size);
            has_lengths = has_lengths && sample.duration > 0 && sample.size > 0;
            if (sample.size > 0) owned_.push_back({position_, position_ + sample.size});
            decoded += sample.duration;
            position_ += sample.size;
            run.samples.push_back(sample);
        }
        report_.expect(
            !in.is_short(), rule("traf"), at(box.begin), "trun ends before its samples do"
        );
        report_.expect(
            has_lengths, rule("sample-duration"), at(box.begin),
            "a sample without duration or bytes"
        );
        report_.expect(told > 0, rule("traf"), at(box.begin), "trun without samples");
        report_.expect(
            is_clear, rule("sync-flag"), at(box.begin), "a sync sample is said to depend on others"
        );
    }

    Bytes bytes_at(std::size_t position, std::size_t size) const {
        if (position < piece_.base || position - piece_.base >= piece_.bytes.size()) return {};
        const auto rest = piece_.bytes.subspan(position - piece_.base);
        return rest.first(std::min(size, rest.size()));
    }

    /// The samples of the last moof, behind its mdat or without one.
    void close_moof(bool has_mdat) {
        if (!moof_) return;
        if (report_.expect(
                has_mdat, rule("moof"), at(*moof_), "a moof without the mdat behind it"
            ) &&
            !piece_.may_be_cut)
            check_owned();
        owned_.clear();
        moof_.reset();
    }

    /// Samples and mdat are to cover each other.
    void check_owned() {
        std::ranges::sort(owned_, {}, &Extent::begin);
        std::size_t end = mdat_.begin;
        for (const auto& extent : owned_) {
            if (extent.begin != end || extent.end > mdat_.end) {
                report_.add(
                    rule("samples-in-mdat"), at(extent.begin),
                    fmt::format(
                        "a sample lies at {} to {}, expected at {} in the mdat that ends at {}",
                        extent.begin, extent.end, end, mdat_.end
                    )
                );
                return;
            }
            end = extent.end;
        }
        report_.expect(
            end == mdat_.end, rule("samples-in-mdat"), at(end),
            fmt::format("{} bytes of the mdat belong to no sample", mdat_.end - end)
        );
    }

    /// sidx (8.16.3): its references follow one another behind it.
    void check_index(const Boxes& boxes) {
        const auto* index = boxes.find("sidx");
        if (index == nullptr || piece_.may_be_cut) return;
        auto in = index->fields();
        const auto id = in.u32();
        const auto timescale = in.u32();
        const bool is_long = index->version() == 1;
        const auto earliest = in.take(is_long ? 8 : 4);
        const auto offset = in.take(is_long ? 8 : 4);
        in.u16();
        const int count = in.u16();
        std::uint64_t end = index->end + offset;
        std::uint64_t ticks = 0;
        bool is_of_media = true;
        for (int i = 0; i < count; ++i) {
            const auto size = in.u32();
            is_of_media = is_of_media && (size & 0x80000000U) == 0;
            end += size & 0x7FFFFFFFU;
            ticks += in.u32();
            in.u32();
        }
        if (!is_of_media) return;
        report_.expect(
            end == piece_.base + piece_.bytes.size() && !in.is_short(), rule("sidx"),
            at(index->begin), "sidx does not end where the segment does"
        );
        std::int64_t begin = INT64_MAX;
        std::int64_t lasted = 0;
        for (const auto& run : segment_.runs) {
            if (run.track != id) continue;
            for (const auto& sample : run.samples) {
                begin = std::min(begin, sample.presented);
                lasted += sample.duration;
            }
        }
        const auto* track = init_.track(id);
        if (track == nullptr || lasted == 0 || timescale != track->timescale) return;
        // Some count as before the edit list, some as behind it.
        const auto is_near = [&](std::uint64_t said, std::int64_t found) {
            const auto off =
                found - static_cast<std::int64_t>(std::min<std::uint64_t>(said, kLatest));
            return off >= 0 && off <= track->skipped;
        };
        report_.expect(
            is_near(earliest, begin) && is_near(ticks, lasted), rule("sidx"), at(index->begin),
            fmt::format(
                "sidx says {} ticks from {}, the samples {} from {}", ticks, earliest, lasted, begin
            )
        );
    }

    const Piece& piece_;
    const Init& init_;
    Report& report_;
    FragmentedSegment segment_;
    std::optional<std::size_t> moof_;  // that waits for its mdat
    std::vector<Extent> owned_;        // by its samples
    Extent mdat_;
    const Track* track_ = nullptr;                // of the run that is read
    std::size_t samples_ = 0;                     // read so far
    std::size_t position_ = 0;                    // of the next sample's bytes
    std::map<std::uint32_t, std::int64_t> next_;  // decode time of each track
};

}  // namespace

FragmentedSegment read_fragments(const Piece& piece, const Init& init, Report& report) {
    return FragmentReader(piece, init, report).read();
}

}  // namespace ittybit::conformance
