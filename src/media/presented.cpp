#include "media/presented.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "media/boxes.h"
#include "media/id3_values.h"
#include "media/overlaid.h"
#include "media/pids_by_codec.h"

namespace ittybit::media {
namespace {

using namespace std::string_view_literals;

/// Whether the sizes that come first in RF64 and BW64 are all zero.
Result<bool> is_without_sizes(ByteSource& source, std::uint64_t start) {
    Bytes bytes(source, start);
    const auto name = TRY(bytes.number(0, 4));
    if (name != letters("RF64") && name != letters("BW64")) return false;
    const bool has_sizes = TRY(bytes.number(12, 4)) == letters("ds64");
    const auto riff = TRY(bytes.number(20, 8));
    return has_sizes && riff == 0 && TRY(bytes.number(28, 8)) == 0;
}

/// Of what a tag may stand in front (model/sniff).
bool has_id3(std::string_view demuxer) {
    constexpr std::array kTagged = {"mp3"sv,  "aac"sv, "flac"sv, "ac3"sv,
                                    "eac3"sv, "tta"sv, "ape"sv,  "dts"sv};
    return std::ranges::find(kTagged, demuxer) != kTagged.end();
}

}  // namespace

Result<std::unique_ptr<ByteSource>> presented(ByteSource& source, const Sniffed& sniffed) {
    std::unique_ptr<ByteSource> made;
    std::vector<Patch> patches;
    if (sniffed.start == 0 && has_id3(sniffed.demuxer)) patches = TRY(joined_values(source));
    if (sniffed.demuxer == "wav" && TRY(is_without_sizes(source, sniffed.start)))
        patches.push_back({sniffed.start, "RIFF"});
    if (sniffed.demuxer == "mpegts") made = std::make_unique<PidsByCodec>(source);
    if (!patches.empty()) made = std::make_unique<Overlaid>(source, std::move(patches));
    return made;
}

}  // namespace ittybit::media
