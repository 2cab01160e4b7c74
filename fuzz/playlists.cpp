// The playlist writer: whatever a file's tags, sizes and times are, and however an output is named,
// every line is a tag or the address of a part.
#include <fuzzer/FuzzedDataProvider.h>

#include "base/text.h"
#include "fuzz.h"
#include "tasks/adaptive_playlists.h"
#include "tasks/language_tag.h"

using namespace ittybit;
using namespace ittybit::tasks;

namespace {

std::vector<Segment> segments(FuzzedDataProvider& from) {
    std::vector<Segment> made(from.ConsumeIntegralInRange(0, 20));
    for (auto& segment : made) {
        segment.name = "video-720-00001.m4s";
        segment.duration = from.ConsumeFloatingPointInRange(0.0, 1e6);
        segment.bytes = from.ConsumeIntegralInRange<std::int64_t>(0, std::int64_t{1} << 50);
        if (from.ConsumeBool()) {
            segment.offset = from.ConsumeIntegralInRange<std::int64_t>(0, std::int64_t{1} << 50);
        }
    }
    return made;
}

Variant variant(FuzzedDataProvider& from) {
    Variant made;
    made.playlist = "video-720.m3u8";
    made.bandwidth = from.ConsumeIntegralInRange<std::int64_t>(0, std::int64_t{1} << 50);
    made.average_bandwidth = from.ConsumeIntegralInRange<std::int64_t>(0, std::int64_t{1} << 50);
    made.codecs = "avc1.64001f,mp4a.40.2";
    made.resolution = Size{from.ConsumeIntegral<int>(), from.ConsumeIntegral<int>()};
    if (from.ConsumeBool()) made.frame_rate = from.ConsumeFloatingPointInRange(0.0, 240.0);
    return made;
}

std::size_t check(const std::string& text) {
    std::size_t addresses = 0;
    fuzz::must(text.starts_with("#EXTM3U\n") && text.ends_with('\n'));
    for (const auto& line : split(text, '\n')) {
        if (line.empty() || line.starts_with("#EXT")) continue;
        ++addresses;
        for (const char letter : line) fuzz::must(letter > ' ' && letter < 0x7F && letter != '"');
        fuzz::must(!line.starts_with('/') && line.substr(0, line.find('/')).find(':') == line.npos);
    }
    return addresses;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider from(data, size);
    MediaPlaylist media{"video-720.m3u8", "video-720-init.mp4", segments(from), from.ConsumeBool()};
    const int target = target_duration(media.segments, 6);
    fuzz::must(target >= 6);
    fuzz::must(peak_bitrate(media.segments, target) >= 0);
    fuzz::must(average_bitrate(media.segments) >= 0);
    fuzz::must(check(media_playlist_text(media, target)) == media.segments.size());

    MasterPlaylist master;
    for (int i = from.ConsumeIntegralInRange(0, 6); i > 0; --i) {
        master.variants.push_back(variant(from));
        master.key_pictures.push_back(variant(from));
    }
    if (from.ConsumeBool()) {
        MediaRendition sound;
        sound.planned.group = "audio";
        sound.planned.label = "Audio";
        sound.playlist = "audio.m3u8";
        sound.language = language_tag(from.ConsumeRandomLengthString(20));
        sound.channels = from.ConsumeIntegral<int>();
        master.renditions.push_back(std::move(sound));
    }
    master.folder = from.ConsumeRemainingBytesAsString();
    fuzz::must(check(master_playlist_text(master)) == master.variants.size());
    return 0;
}
