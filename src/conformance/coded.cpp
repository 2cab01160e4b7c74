#include "conformance/coded.h"

#include <algorithm>

#include <fmt/format.h>

#include "conformance/av1.h"

namespace ittybit::conformance {
namespace {

using manifest::Place;
using manifest::Report;
using manifest::rule;

bool is_h264(const Track& track) {
    return track.entry.starts_with("avc");
}

/// The numbers of the picture parameter sets that a track's configuration has (H.264 7.3.2.2).
bool has_picture_set(const Track& track, std::uint32_t number) {
    return std::ranges::any_of(track.parameter_sets, [&](const auto& set) {
        if (set.size() < 2 || (set[0] & 0x1FU) != 8) return false;
        BitReader in(Bytes(set).subspan(1));
        return in.golomb() == number;
    });
}

/// One NAL unit of H.264: what it says of its picture.
class H264Unit {
public:
    H264Unit(Bytes unit)
        : type_(unit.empty() ? 0 : unit[0] & 0x1FU),
          is_forbidden_(!unit.empty() && (unit[0] & 0x80U) != 0),
          is_reference_(!unit.empty() && (unit[0] & 0x60U) != 0) {
        if (!is_slice()) return;
        BitReader in(unit.subspan(1));
        first_ = in.golomb();
        slice_type_ = in.golomb();
        set_ = in.golomb();
        is_broken_ = in.is_short() || slice_type_ > 9;
    }
    bool is_slice() const { return type_ == 1 || type_ == 5; }
    bool is_idr() const { return type_ == 5; }
    bool is_set() const { return type_ == 7 || type_ == 8; }
    bool is_intra() const { return slice_type_ % 5 == 2 || slice_type_ % 5 == 4; }
    bool is_broken() const { return is_broken_ || is_forbidden_ || type_ == 0; }
    /// What others are decoded with is said to be referred to (7.4.1).
    bool is_kept() const { return is_reference_ || !(is_idr() || is_set()); }
    std::uint32_t set() const { return set_; }
    std::uint32_t first_macroblock() const { return first_; }

private:
    std::uint32_t type_;
    bool is_forbidden_;
    bool is_reference_;
    bool is_broken_ = false;
    std::uint32_t first_ = 0;
    std::uint32_t slice_type_ = 2;
    std::uint32_t set_ = 0;
};

PictureKind kind_of_h265(std::uint32_t type) {
    if (type == 19 || type == 20) return PictureKind::kKey;      // IDR_W_RADL, IDR_N_LP
    if (type >= 16 && type <= 21) return PictureKind::kOpenKey;  // BLA, CRA
    return type == 8 || type == 9 ? PictureKind::kLeading : PictureKind::kOther;  // RASL
}

/// The units of one sample, each behind its length.
class PictureLook {
public:
    PictureLook(const Sample& sample, const Track& track, const Place& place, Report& report)
        : sample_(sample), track_(track), place_(place), report_(report) {}

    PictureKind look() {
        ByteReader in(sample_.bytes);
        while (in.left() > 0) {
            const auto length = in.take(static_cast<std::size_t>(track_.nal_length));
            const auto unit = in.bytes(length);
            const bool is_whole = !in.is_short() && length > 0;
            if (!report_.expect(
                    is_whole, rule("nal-lengths"), place_,
                    "the lengths of NAL units do not add up to the sample"
                ))
                return PictureKind::kUnreadable;
            if (is_h264(track_)) {
                take_h264(H264Unit(unit));
            } else {
                take_h265(unit);
            }
        }
        if (!report_.expect(has_slice_, rule("nal-unit"), place_, "a sample without a slice"))
            return PictureKind::kUnreadable;
        return kind_;
    }

private:
    void take_h264(const H264Unit& unit) {
        report_.expect(!unit.is_broken(), rule("nal-unit"), place_, "a NAL unit is broken");
        report_.expect(
            unit.is_kept(), rule("nal-unit"), place_,
            "an IDR picture or parameter set is said to be referred to by none"
        );
        report_.expect(
            !unit.is_set() || track_.entry == "avc3", rule("parameter-sets"), place_,
            fmt::format("a parameter set in a sample of {}", track_.entry)
        );
        if (!unit.is_slice() || unit.is_broken()) return;
        report_.expect(
            track_.entry == "avc3" || has_picture_set(track_, unit.set()), rule("nal-unit"), place_,
            fmt::format(
                "a slice refers to the picture parameter set {}, which is not there", unit.set()
            )
        );
        report_.expect(
            !unit.is_idr() || unit.is_intra(), rule("nal-unit"), place_,
            "an IDR picture with predicted slices"
        );
        report_.expect(
            !has_slice_ || unit.is_idr() == (kind_ == PictureKind::kKey), rule("nal-unit"), place_,
            "slices of an IDR picture and of another in one sample"
        );
        constexpr int kBaseline = 66, kExtended = 88;  // whose slices may have any order
        const int profile = track_.picture ? track_.picture->profile : kBaseline;
        report_.expect(
            has_slice_ || unit.first_macroblock() == 0 || profile == kBaseline ||
                profile == kExtended,
            rule("nal-unit"), place_, "the first slice does not begin the picture"
        );
        has_slice_ = true;
        if (unit.is_idr()) kind_ = PictureKind::kKey;
    }

    void take_h265(Bytes unit) {
        const std::uint32_t type = unit[0] >> 1U & 0x3FU;
        report_.expect(
            unit.size() > 2 && (unit[0] & 0x80U) == 0 && (unit[1] & 7U) != 0, rule("nal-unit"),
            place_, "the header of a NAL unit is broken"
        );
        const bool is_set = type >= 32 && type <= 34;
        report_.expect(
            !is_set || track_.entry != "hvc1", rule("parameter-sets"), place_,
            "a parameter set in a sample of hvc1"
        );
        if (type > 31) return;
        if (!has_slice_) kind_ = kind_of_h265(type);
        report_.expect(
            has_slice_ || unit.size() < 3 || (unit[2] & 0x80U) != 0, rule("nal-unit"), place_,
            "the first slice does not begin the picture"
        );
        has_slice_ = true;
    }

    const Sample& sample_;
    const Track& track_;
    const Place& place_;
    Report& report_;
    bool has_slice_ = false;
    PictureKind kind_ = PictureKind::kOther;
};

/// Gives each NAL unit behind a start code to `take`, until that returns false.
template <typename Take>
void for_each_unit(Bytes bytes, Take&& take) {
    std::optional<std::size_t> begin;
    for (std::size_t i = 0; i + 3 <= bytes.size(); ++i) {
        if (bytes[i] != 0 || bytes[i + 1] != 0 || bytes[i + 2] != 1) continue;
        if (begin && !take(bytes.subspan(*begin, i - *begin))) return;
        begin = i + 3;
    }
    if (begin) take(bytes.subspan(*begin));
}

}  // namespace

bool can_look_into(const Track& track) {
    return track.nal_length > 0 || track.entry == "av01";
}

PictureKind look_into_picture(
    const Sample& sample, const Track& track, const Place& place, Report& report
) {
    if (track.nal_length == 0) return look_into_av1(sample.bytes, place, report);
    return PictureLook(sample, track, place, report).look();
}

PictureKind kind_of_access_unit(Bytes bytes) {
    auto kind = PictureKind::kUnreadable;
    for_each_unit(bytes, [&](Bytes unit) {
        const H264Unit read(unit);
        if (!read.is_slice()) return true;
        kind = read.is_idr() ? PictureKind::kKey : PictureKind::kOther;
        return false;
    });
    return kind;
}

bool has_parameter_sets(Bytes bytes) {
    bool has_sequence = false, has_picture = false;
    for_each_unit(bytes, [&](Bytes unit) {
        const auto type = unit.empty() ? 0 : unit[0] & 0x1F;
        has_sequence = has_sequence || type == 7;
        has_picture = has_picture || type == 8;
        return !has_sequence || !has_picture;
    });
    return has_sequence && has_picture;
}

std::optional<PictureFacts> picture_facts_of(Bytes bytes) {
    std::optional<PictureFacts> facts;
    for_each_unit(bytes, [&](Bytes unit) {
        facts = read_h264_sps(unit);
        return !facts;
    });
    return facts;
}

}  // namespace ittybit::conformance
