#include "media/fragment.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "media/boxes.h"

namespace ittybit::media {
namespace {

constexpr std::uint32_t kTrackId = 1;
constexpr std::uint32_t kKeySample = 0x02000000;    // depends on no other
constexpr std::uint32_t kOtherSample = 0x01010000;  // depends on others, no sync sample

void write_matrix(BoxWriter& out) {
    constexpr std::array<std::uint32_t, 9> kUnity = {0x10000, 0, 0, 0,         0x10000,
                                                     0,       0, 0, 0x40000000};
    for (const auto value : kUnity) out.u32(value);
}

void write_brands(BoxWriter& out, const FragmentTrack& track) {
    const auto box = out.box("ftyp");
    out.text("iso6");
    out.u32(0);
    out.text("iso6");
    out.text("cmfc");
    if (track.is_video) out.text("cmf2");
    out.text("mp41");
}

void write_movie_header(BoxWriter& out, const FragmentTrack& track) {
    const auto box = out.full_box("mvhd", 0, 0);
    out.zeros(8);  // no dates: equal input, equal bytes
    out.u32(track.timescale);
    out.u32(0);  // the fragments tell the duration
    out.u32(0x10000);
    out.u16(0x0100);
    out.zeros(10);
    write_matrix(out);
    out.zeros(24);
    out.u32(kTrackId + 1);
}

void write_track_header(BoxWriter& out, const FragmentTrack& track) {
    const auto box = out.full_box("tkhd", 0, 7);  // enabled, in movie, in preview
    out.zeros(8);
    out.u32(kTrackId);
    out.zeros(4 + 4 + 8 + 2 + 2);
    out.u16(track.is_video ? 0 : 0x0100);
    out.zeros(2);
    write_matrix(out);
    out.u32(static_cast<std::uint32_t>(track.size.width) << 16U);
    out.u32(static_cast<std::uint32_t>(track.size.height) << 16U);
}

void write_priming(BoxWriter& out, const FragmentTrack& track) {
    if (track.priming == 0) return;
    const auto edits = out.box("edts");
    const auto list = out.full_box("elst", 0, 0);
    out.u32(1);
    out.u32(0);  // to the end
    out.u32(track.priming);
    out.u32(0x10000);
}

void write_media_header(BoxWriter& out, const FragmentTrack& track) {
    const auto box = out.full_box("mdhd", 0, 0);
    out.zeros(8);
    out.u32(track.timescale);
    out.u32(0);
    std::uint16_t language = 0;  // three letters of five bits
    for (const char letter : std::string_view(track.language).substr(0, 3))
        language = static_cast<std::uint16_t>((language << 5U) | ((letter - 0x60) & 0x1F));
    out.u16(language);
    out.u16(0);
}

void write_handler(BoxWriter& out, const FragmentTrack& track) {
    const auto box = out.full_box("hdlr", 0, 0);
    out.u32(0);
    out.text(track.is_video ? "vide" : "soun");
    out.zeros(12);
    out.text(track.is_video ? "video" : "audio");
    out.u8(0);
}

void write_colour(BoxWriter& out, const ColourTags& colour) {
    constexpr std::uint16_t kUnspecified = 2;
    if (colour.primaries == kUnspecified && colour.transfer == kUnspecified &&
        colour.matrix == kUnspecified)
        return;
    const auto box = out.box("colr");
    out.text("nclx");
    out.u16(colour.primaries);
    out.u16(colour.transfer);
    out.u16(colour.matrix);
    out.u8(colour.is_full_range ? 0x80 : 0);
}

void write_video_entry(BoxWriter& out, const FragmentTrack& track) {
    const auto entry = out.box("avc1");
    out.zeros(6);
    out.u16(1);
    out.zeros(16);
    out.u16(static_cast<std::uint16_t>(track.size.width));
    out.u16(static_cast<std::uint16_t>(track.size.height));
    out.u32(0x480000);  // 72 dots an inch
    out.u32(0x480000);
    out.u32(0);
    out.u16(1);
    out.zeros(32);
    out.u16(0x18);
    out.u16(0xFFFF);
    {
        const auto configuration = out.box("avcC");
        out.bytes(track.configuration);
    }
    write_colour(out, track.colour);
    const auto pixels = out.box("pasp");
    out.u32(1);
    out.u32(1);
}

/// A descriptor of ISO/IEC 14496-1 whose content is shorter than 128 bytes.
void write_descriptor(BoxWriter& out, std::uint8_t tag, ByteView content) {
    out.u8(tag);
    out.u8(static_cast<std::uint8_t>(content.size()));
    out.bytes(content);
}

void write_audio_configuration(BoxWriter& out, const FragmentTrack& track) {
    BoxWriter decoder;
    decoder.u8(0x40);  // MPEG-4 audio
    decoder.u8(0x15);  // audio stream
    decoder.zeros(3);
    decoder.u32(track.bitrate);
    decoder.u32(track.bitrate);
    write_descriptor(decoder, 0x05, track.configuration);

    BoxWriter stream;
    stream.zeros(3);
    write_descriptor(stream, 0x04, decoder.result());
    write_descriptor(stream, 0x06, std::array<std::uint8_t, 1>{2});

    const auto box = out.full_box("esds", 0, 0);
    write_descriptor(out, 0x03, stream.result());
}

void write_audio_entry(BoxWriter& out, const FragmentTrack& track) {
    const auto entry = out.box("mp4a");
    out.zeros(6);
    out.u16(1);
    out.zeros(8);
    out.u16(static_cast<std::uint16_t>(track.channels));
    out.u16(16);
    out.zeros(4);
    out.u32(track.timescale << 16U);
    write_audio_configuration(out, track);
}

void write_sample_tables(BoxWriter& out, const FragmentTrack& track) {
    const auto tables = out.box("stbl");
    {
        const auto description = out.full_box("stsd", 0, 0);
        out.u32(1);
        track.is_video ? write_video_entry(out, track) : write_audio_entry(out, track);
    }
    for (const std::string_view name : {"stts", "stsc", "stco"}) {
        const auto table = out.full_box(name, 0, 0);
        out.u32(0);
    }
    const auto sizes = out.full_box("stsz", 0, 0);
    out.zeros(8);
}

void write_media_information(BoxWriter& out, const FragmentTrack& track) {
    const auto information = out.box("minf");
    {
        const auto header =
            track.is_video ? out.full_box("vmhd", 0, 1) : out.full_box("smhd", 0, 0);
        out.zeros(track.is_video ? 8 : 4);
    }
    {
        const auto data = out.box("dinf");
        const auto references = out.full_box("dref", 0, 0);
        out.u32(1);
        const auto here = out.full_box("url ", 0, 1);
    }
    write_sample_tables(out, track);
}

void write_track(BoxWriter& out, const FragmentTrack& track) {
    const auto box = out.box("trak");
    write_track_header(out, track);
    write_priming(out, track);
    const auto media = out.box("mdia");
    write_media_header(out, track);
    write_handler(out, track);
    write_media_information(out, track);
}

/// Writes `moof` with the distance from its start to the samples' bytes, which is its own size
/// and the head of `mdat`.
void write_fragment_head(
    BoxWriter& out,
    const FragmentTrack& track,
    std::uint32_t sequence,
    std::uint64_t decode_time,
    std::span<const Sample> samples,
    std::uint32_t data_offset
) {
    const auto fragment = out.box("moof");
    {
        const auto header = out.full_box("mfhd", 0, 0);
        out.u32(sequence);
    }
    const auto run = out.box("traf");
    const std::uint32_t duration = samples.front().duration;
    {
        // default-base-is-moof, default duration and flags
        const auto header = out.full_box("tfhd", 0, 0x020028);
        out.u32(kTrackId);
        out.u32(duration);
        out.u32(track.is_video ? kOtherSample : kKeySample);
    }
    {
        const auto time = out.full_box("tfdt", 1, 0);
        out.u64(decode_time);
    }
    const bool has_durations = std::ranges::any_of(samples, [&](const Sample& sample) {
        return sample.duration != duration;
    });
    const bool begins_with_key = track.is_video && samples.front().is_key;
    std::uint32_t flags = 0x201;  // data offset, sizes
    if (begins_with_key) flags |= 0x4U;
    if (has_durations) flags |= 0x100U;
    if (track.is_video) flags |= 0x800U;  // signed composition offsets
    const auto list = out.full_box("trun", 1, flags);
    out.u32(static_cast<std::uint32_t>(samples.size()));
    out.u32(data_offset);
    if (begins_with_key) out.u32(kKeySample);
    for (const auto& sample : samples) {
        if (has_durations) out.u32(sample.duration);
        out.u32(static_cast<std::uint32_t>(sample.data.size()));
        if (track.is_video) out.u32(static_cast<std::uint32_t>(sample.composition));
    }
}

}  // namespace

Bytes init_segment(const FragmentTrack& track) {
    BoxWriter out;
    write_brands(out, track);
    {
        const auto movie = out.box("moov");
        write_movie_header(out, track);
        write_track(out, track);
        const auto extends = out.box("mvex");
        const auto defaults = out.full_box("trex", 0, 0);
        out.u32(kTrackId);
        out.u32(1);
        out.zeros(12);
    }
    return out.take();
}

Bytes segment_head() {
    BoxWriter out;
    {
        const auto box = out.box("styp");
        out.text("cmfs");
        out.u32(0);
        out.text("cmfs");
        out.text("cmff");
        out.text("iso6");
    }
    return out.take();
}

Bytes chunk(
    const FragmentTrack& track,
    std::uint32_t sequence,
    std::uint64_t decode_time,
    std::span<const Sample> samples
) {
    constexpr std::uint32_t kBoxHead = 8;
    BoxWriter measured;
    write_fragment_head(measured, track, sequence, decode_time, samples, 0);
    const auto head = static_cast<std::uint32_t>(measured.result().size());
    BoxWriter out;
    write_fragment_head(out, track, sequence, decode_time, samples, head + kBoxHead);
    {
        const auto data = out.box("mdat");
        for (const auto& sample : samples) out.bytes(sample.data);
    }
    return out.take();
}

}  // namespace ittybit::media
