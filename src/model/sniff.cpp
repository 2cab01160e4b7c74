#include "model/sniff.h"

#include <algorithm>
#include <string>

#include "model/sniff_parts.h"

namespace ittybit {
namespace {

using namespace sniffing;

constexpr int kMaxTags = 8;  // ID3v2 tags in a row
constexpr std::size_t kGarbageBytes = std::size_t{1} << 20U;
constexpr std::size_t kDemuxerSkips = 32768;  // garbage that libav's mp3 demuxer skips by itself

Sniffed sniff_head(Head head) {
    if (head.empty())
        return refused("empty", "the file is empty: check that the upload or download completed");
    if (const auto found = sniff_signature(head)) return *found;
    if (const auto found = sniff_container(head)) return *found;
    if (const auto found = sniff_tiff(head)) return *found;
    if (const auto found = sniff_stream(head)) return *found;
    return sniff_rest(head);
}

/// Behind an ID3v2 tag only sound is believed: other formats there would not be found by a player.
Sniffed behind_tag(Head head) {
    const Sniffed found = sniff_head(head);
    const bool is_sound = found.format == "mp3" || found.format == "mp2" || found.format == "aac" ||
                          found.format == "flac" || found.format == "ac3" ||
                          found.format == "eac3" || found.format == "tta" ||
                          found.format == "ape" || found.format == "dts";
    if (is_sound) return found;
    return refused("unknown", "the file has an ID3 tag but no sound that is known behind it");
}

Result<Sniffed> accepted(const Sniffed& sniffed) {
    if (sniffed.family != Family::kRefused) return sniffed;
    return Error{ErrorKind::kUnsupportedMedia, std::string(sniffed.refusal), "input"};
}

}  // namespace

Sniffed sniff(std::span<const std::byte> head) {
    const Head text(reinterpret_cast<const char*>(head.data()), head.size());
    const std::size_t tag = id3_length(text);
    if (tag == 0 || tag >= text.size()) return sniff_head(text);
    return behind_tag(text.substr(tag));
}

Result<Sniffed> sniff(ByteSource& source) {
    std::uint64_t offset = 0;
    std::string block = TRY(read_text(source, 0, kSniffBytes));
    for (int tags = 0; tags < kMaxTags && id3_length(block) > 0; ++tags) {
        offset += id3_length(block);
        block = TRY(read_text(source, offset, kSniffBytes));
    }
    const Sniffed found = offset > 0 ? behind_tag(block) : sniff_head(block);
    if (found.family != Family::kRefused || found.format != "unknown") return accepted(found);

    block = TRY(read_text(source, offset, kGarbageBytes));
    const auto first = find_mpeg_audio(block);
    if (!first) return accepted(found);
    Sniffed sound = media(mpeg_audio_layer(block, *first), "mp3");
    if (*first > kDemuxerSkips) sound.start = offset + *first;
    return sound;
}

}  // namespace ittybit
