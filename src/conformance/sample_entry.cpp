#include "conformance/sample_entry.h"

#include <algorithm>

#include <fmt/format.h>

#include "conformance/av1.h"

namespace ittybit::conformance {
namespace {

using manifest::Place;
using manifest::Report;
using manifest::rule;

constexpr std::size_t kVisualEntry = 78;  // bytes before an entry's boxes
constexpr std::size_t kAudioEntry = 28;

/// The content of the first descriptor with this tag (ISO/IEC 14496-1, 7.2.6), also in others.
Bytes find_descriptor(Bytes bytes, std::uint8_t tag, int depth = 0) {
    ByteReader in(bytes);
    while (in.left() > 1 && depth < 4) {
        const auto kind = in.u8();
        std::size_t size = 0;
        for (int i = 0; i < 4; ++i) {
            const auto byte = in.u8();
            size = size << 7U | (byte & 0x7FU);
            if ((byte & 0x80U) == 0) break;
        }
        const auto body = in.bytes(std::min(size, in.left()));
        if (kind == tag) return body;
        const std::size_t head = kind == 3 ? 3 : 13;  // ES_Descriptor, DecoderConfigDescriptor
        if ((kind == 3 || kind == 4) && body.size() > head)
            return find_descriptor(body.subspan(head), tag, depth + 1);
    }
    return {};
}

void keep_set(Bytes unit, Track& track) {
    track.parameter_sets.emplace_back(unit.begin(), unit.end());
}

/// The chroma format and depths, a byte each, against those of the pictures.
void check_samples(ByteReader& in, const Track& track, const Place& place, Report& report) {
    const int chroma = in.u8() & 3, luma = 8 + (in.u8() & 7), colour = 8 + (in.u8() & 7);
    const auto& picture = track.picture;
    report.expect(
        !picture || (picture->chroma == chroma && picture->luma_depth == luma &&
                     picture->chroma_depth == colour),
        rule("configuration"), place,
        "the configuration has another chroma format or depth than its sequence parameter set"
    );
}

/// AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1).
void read_avcc(const Box& box, Track& track, const Place& place, Report& report) {
    ByteReader in(box.body);
    const auto version = in.u8();
    const auto profile = in.u8(), constraints = in.u8(), level = in.u8();
    track.nal_length = (in.u8() & 3) + 1;
    track.codec = fmt::format("{}.{:02x}{:02x}{:02x}", track.entry, profile, constraints, level);
    const int sets = in.u8() & 0x1F;
    for (int i = 0; i < sets; ++i) {
        const auto unit = in.bytes(in.u16());
        keep_set(unit, track);
        const auto facts = read_h264_sps(unit);
        if (!report.expect(
                facts.has_value(), rule("configuration"), place,
                "a sequence parameter set in avcC is broken"
            ))
            continue;
        report.expect(
            facts->profile == profile && facts->level == level && facts->constraints == constraints,
            rule("configuration"), place,
            fmt::format(
                "avcC says {:02x}{:02x}{:02x}, its sequence parameter set {:02x}{:02x}{:02x}",
                profile, constraints, level, facts->profile, facts->constraints, facts->level
            )
        );
        if (!track.picture) track.picture = facts;
    }
    const int more = in.u8();
    for (int i = 0; i < more; ++i) keep_set(in.bytes(in.u16()), track);
    if (in.left() >= 4 && profile >= 100) check_samples(in, track, place, report);
    report.expect(version == 1 && !in.is_short(), rule("configuration"), place, "avcC is broken");
    report.expect(
        track.entry == "avc3" || (sets > 0 && more > 0), rule("configuration"), place,
        "avcC lacks a parameter set"
    );
    report.expect(
        track.nal_length != 3, rule("configuration"), place, "avcC says NAL lengths of 3 bytes"
    );
}

std::uint32_t mirrored(std::uint32_t bits) {
    std::uint32_t value = 0;
    for (int i = 0; i < 32; ++i) value = value << 1U | (bits >> static_cast<unsigned>(i) & 1U);
    return value;
}

/// HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1), and the codec by its annex E.
void read_hvcc(const Box& box, Track& track, const Place& place, Report& report) {
    ByteReader in(box.body);
    in.u8();
    const auto general = in.u8();
    const auto compatible = in.u32();
    const auto constraints = in.bytes(6);
    const auto level = in.u8();
    in.skip(2 + 1);
    ByteReader samples(in.bytes(3));
    in.skip(2);
    track.nal_length = (in.u8() & 3) + 1;
    constexpr std::string_view kSpaces[] = {"", "A", "B", "C"};
    track.codec = fmt::format(
        "{}.{}{}.{:X}.{}{}", track.entry, kSpaces[general >> 6U], general & 0x1FU,
        mirrored(compatible), (general & 0x20U) != 0 ? "H" : "L", level
    );
    std::size_t last = constraints.size();
    while (last > 0 && constraints[last - 1] == 0) --last;
    for (std::size_t i = 0; i < last; ++i) track.codec += fmt::format(".{:X}", constraints[i]);
    const int arrays = in.u8();
    bool has_set[3] = {}, is_complete = true;  // VPS, SPS, PPS
    for (int i = 0; i < arrays; ++i) {
        const auto head = in.u8();
        const int kind = (head & 0x3F) - 32;
        if (kind >= 0 && kind < 3) {
            has_set[kind] = true;
            is_complete = is_complete && (head & 0x80U) != 0;
        }
        const int units = in.u16();
        for (int j = 0; j < units && !in.is_short(); ++j) {
            const auto unit = in.bytes(in.u16());
            keep_set(unit, track);
            if (track.picture) continue;
            track.picture = read_h265_sps(unit);
            if (track.picture)
                report.expect(
                    track.picture->profile == (general & 0x1F) && track.picture->level == level,
                    rule("configuration"), place,
                    "hvcC has another profile or level than its sequence parameter set"
                );
        }
    }
    report.expect(!in.is_short(), rule("configuration"), place, "hvcC is broken");
    check_samples(samples, track, place, report);
    report.expect(
        (track.entry != "hvc1" && track.entry != "dvh1") ||
            (has_set[0] && has_set[1] && has_set[2] && is_complete),
        rule("configuration"), place, "hvcC lacks a parameter set, or says that others follow"
    );
}

/// AV1CodecConfigurationRecord (AV1 in ISOBMFF, 2.3.3).
void read_av1c(const Box& box, Track& track, const Place& place, Report& report) {
    ByteReader in(box.body);
    const auto marker = in.u8(), profile = in.u8(), depth = in.u8();
    report.expect(marker == 0x81 && !in.is_short(), rule("configuration"), place, "av1C is broken");
    in.u8();
    if (const auto sequence = find_av1_sequence(in.rest())) {
        report.expect(
            sequence->profile == profile >> 5U && sequence->level == (profile & 0x1F),
            rule("configuration"), place,
            "av1C has another profile or level than its sequence header"
        );
        report.expect(
            sequence->width == track.width && sequence->height == track.height, rule("entry-size"),
            place,
            fmt::format(
                "the sample entry says {}x{}, the sequence header {}x{}", track.width, track.height,
                sequence->width, sequence->height
            )
        );
    }
    const int bits = (depth & 0x40U) == 0 ? 8 : (depth & 0x20U) != 0 ? 12 : 10;
    track.codec = fmt::format(
        "av01.{}.{:02}{}.{:02}", profile >> 5U, profile & 0x1FU, (depth & 0x80U) != 0 ? "H" : "M",
        bits
    );
}

void read_colr(const Box& box, Track& track, const Place& place, Report& report) {
    ByteReader in(box.body);
    const auto type = in.u32();
    constexpr std::uint32_t kNclx = 0x6E636C78, kNclc = 0x6E636C63;
    const int primaries = in.u16(), transfer = in.u16(), matrix = in.u16();
    if ((type != kNclx && type != kNclc) || in.is_short()) return;
    constexpr int kUnspecified = 2;
    const auto is_same = [](int told, std::optional<int> coded) {
        return told == kUnspecified || !coded || *coded == kUnspecified || told == *coded;
    };
    const auto& picture = track.picture;
    report.expect(
        !picture || (is_same(primaries, picture->primaries) &&
                     is_same(transfer, picture->transfer) && is_same(matrix, picture->matrix)),
        rule("sample-colour"), place,
        fmt::format("colr says {}/{}/{}, the pictures otherwise", primaries, transfer, matrix)
    );
    if (transfer != kUnspecified) track.transfer = transfer;
}

void read_visual(const Box& entry, Track& track, const Place& place, Report& report) {
    ByteReader in(entry.body);
    in.skip(24);
    track.width = in.u16();
    track.height = in.u16();
    const auto boxes = read_boxes(entry, kVisualEntry);
    if (const auto* box = boxes.find("avcC")) read_avcc(*box, track, place, report);
    if (const auto* box = boxes.find("hvcC")) read_hvcc(*box, track, place, report);
    if (const auto* box = boxes.find("av1C")) read_av1c(*box, track, place, report);
    track.is_dolby = boxes.find("dvcC") != nullptr || boxes.find("dvvC") != nullptr ||
                     boxes.find("dvwC") != nullptr;
    const bool needs_nal = track.entry.starts_with("avc") || track.entry.starts_with("hvc") ||
                           track.entry.starts_with("hev");
    report.expect(
        (!needs_nal || track.nal_length > 0) &&
            (track.entry != "av01" || boxes.find("av1C") != nullptr) &&
            (track.entry != "vp09" || boxes.find("vpcC") != nullptr),
        rule("sample-entry"), place, fmt::format("{} without its configuration", track.entry)
    );
    if (track.picture) {
        const auto& picture = *track.picture;
        track.aspect_width = picture.aspect_width;
        track.aspect_height = picture.aspect_height;
        if (picture.transfer && *picture.transfer != 2) track.transfer = picture.transfer;
        report.expect(
            track.width == picture.width && track.height == picture.height, rule("entry-size"),
            place,
            fmt::format(
                "the sample entry says {}x{}, the pictures are {}x{}", track.width, track.height,
                picture.width, picture.height
            )
        );
    }
    if (const auto* box = boxes.find("colr")) read_colr(*box, track, place, report);
    if (const auto* box = boxes.find("pasp")) {
        ByteReader aspect(box->body);
        const std::int64_t across = aspect.u32(), down = aspect.u32();
        report.expect(
            !track.picture || across * track.aspect_height == down * track.aspect_width,
            rule("sample-aspect"), place,
            fmt::format(
                "pasp says {}:{}, the pictures {}:{}", across, down, track.aspect_width,
                track.aspect_height
            )
        );
    }
}

void read_esds(const Box& box, Track& track, const Place& place, Report& report) {
    const auto description = box.fields().rest();
    const auto stream = find_descriptor(description, 4);
    const auto specific = find_descriptor(description, 5);
    const int object = stream.empty() ? 0 : stream[0];
    track.codec = fmt::format("{}.{:02x}", track.entry, object);
    if (object != 0x40) return;  // MPEG-4 audio
    track.audio = read_audio_config(specific);
    if (!report.expect(
            track.audio.has_value(), rule("audio-config"), place,
            "the AudioSpecificConfig is broken"
        ))
        return;
    track.codec += fmt::format(".{}", track.audio->object_type);
    // Two is what the entry says by default, whatever there is (ISO/IEC 14496-12, 12.2.3).
    report.expect(
        track.audio->channels == 0 || track.channels == 2 ||
            track.channels == track.audio->channels,
        rule("audio-config"), place,
        fmt::format(
            "the AudioSpecificConfig says {} channels, the sample entry {}", track.audio->channels,
            track.channels
        )
    );
    if (track.audio->channels > 0) track.channels = track.audio->channels;
    const bool is_rate = track.rate == track.audio->rate || track.rate == track.audio->output_rate;
    report.expect(
        is_rate || track.rate == 0, rule("audio-config"), place,
        fmt::format(
            "the AudioSpecificConfig says {} Hz, the sample entry {} Hz", track.audio->rate,
            track.rate
        )
    );
    const auto ticks = static_cast<int>(track.timescale);
    report.expect(
        ticks == 0 || ticks % track.audio->rate == 0 || track.audio->rate % ticks == 0 ||
            ticks == 90'000 || ticks == 1'000'000 || ticks == 10'000'000 || ticks == 1000,
        rule("audio-config"), place,
        fmt::format(
            "the AudioSpecificConfig says {} Hz, the timescale is {}", track.audio->rate, ticks
        )
    );
}

void read_sound(const Box& entry, Track& track, const Place& place, Report& report) {
    ByteReader in(entry.body);
    in.skip(16);
    track.channels = in.u16();
    in.skip(6);
    track.rate = static_cast<int>(in.u32() >> 16U);
    const auto boxes = read_boxes(entry, kAudioEntry);
    if (const auto* box = boxes.find("esds")) read_esds(*box, track, place, report);
    report.expect(
        track.entry != "mp4a" || boxes.find("esds") != nullptr, rule("sample-entry"), place,
        "mp4a without esds"
    );
}

}  // namespace

void read_sample_entry(const Box& entry, Track& track, const Place& place, Report& report) {
    ByteReader in(entry.body);
    in.skip(6);
    const int reference = in.u16();
    report.expect(
        reference >= 1 && reference <= track.references, rule("sample-entry"), place,
        fmt::format("the sample entry's data reference is {} of {}", reference, track.references)
    );
    track.entry = track.codec = entry.type;
    const bool is_visual_entry = entry.type == "encv";
    track.is_encrypted = is_visual_entry || entry.type == "enca";
    if (track.is_encrypted) {
        const auto boxes = read_boxes(entry, is_visual_entry ? kVisualEntry : kAudioEntry);
        const auto original = find_box(boxes, "sinf/frma");
        if (original && original->body.size() >= 4)
            track.entry.assign(original->body.begin(), original->body.begin() + 4);
        track.codec = track.entry;
    }
    if (track.is_picture()) read_visual(entry, track, place, report);
    if (track.is_sound()) read_sound(entry, track, place, report);
}

}  // namespace ittybit::conformance
