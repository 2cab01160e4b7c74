#include "model/sniff.h"

#include <algorithm>
#include <vector>

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

/// Reads until `size` bytes are there or the source ends.
Result<std::vector<std::byte>> read_block(
    ByteSource& source, std::uint64_t offset, std::size_t size
) {
    std::vector<std::byte> block(size);
    std::size_t filled = 0;
    while (filled < size) {
        const auto count = TRY(source.read_at(offset + filled, std::span(block).subspan(filled)));
        if (count == 0) break;
        filled += count;
    }
    block.resize(filled);
    return block;
}

Head as_head(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
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
    const Head text = as_head(head);
    const std::size_t tag = id3_length(text);
    if (tag == 0 || tag >= text.size()) return sniff_head(text);
    return behind_tag(text.substr(tag));
}

Result<Sniffed> sniff(ByteSource& source) {
    std::uint64_t offset = 0;
    auto block = TRY(read_block(source, 0, kSniffBytes));
    for (int tags = 0; tags < kMaxTags && id3_length(as_head(block)) > 0; ++tags) {
        offset += id3_length(as_head(block));
        block = TRY(read_block(source, offset, kSniffBytes));
    }
    const Sniffed found = offset > 0 ? behind_tag(as_head(block)) : sniff_head(as_head(block));
    if (found.family != Family::kRefused || found.format != "unknown") return accepted(found);

    block = TRY(read_block(source, offset, kGarbageBytes));
    const auto first = find_mpeg_audio(as_head(block));
    if (!first) return accepted(found);
    Sniffed sound = media(mpeg_audio_layer(as_head(block), *first), "mp3");
    if (*first > kDemuxerSkips) sound.start = offset + *first;
    return sound;
}

}  // namespace ittybit
