#include "media/edit_lists.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "media/boxes.h"

namespace ittybit::media {
namespace {

/// Ticks of a film in a second, in which lists count; tables of samples have finer ones. Coarser
/// ones do not tell where sound ends.
constexpr std::uint64_t kLeastScale = 500;

/// Calls `seen` with the boxes of that name in another.
template <typename Seen>
Result<> each_named(Bytes& bytes, const Piece& outer, std::uint64_t name, Seen seen) {
    constexpr int kMostBoxes = 10'000;
    std::uint64_t at = outer.begin;
    for (int boxes = 0; boxes < kMostBoxes; ++boxes) {
        const auto box = TRY(read_box(bytes, at, outer.end));
        if (!box) break;
        if (box->name == name) TRY(seen(*box));
        at = box->end;
    }
    return {};
}

/// Gives where the track ends, in the film's ticks; nothing where that is left open.
Result<std::optional<std::uint64_t>> read_list(Bytes& bytes, const Piece& list, EditLists& found) {
    constexpr std::uint64_t kMostEdits = 10'000;
    const bool is_long = TRY(bytes.number(list.begin, 1)) == 1;
    const std::uint64_t count = std::min(TRY(bytes.number(list.begin + 4, 4)), kMostEdits);
    const int width = is_long ? 8 : 4;
    const auto step = static_cast<std::uint64_t>(width);
    const std::uint64_t nothing = is_long ? ~std::uint64_t{0} : 0xFFFFFFFF;
    std::uint64_t at = list.begin + 8;
    std::uint64_t end = 0;
    int parts = 0;
    bool is_told = count > 0;
    for (std::uint64_t i = 0; i < count && at < list.end; ++i) {
        const auto length = TRY(bytes.number(at, width));
        const bool is_empty = TRY(bytes.number(at + step, width)) == nothing;
        const bool stands_still = TRY(bytes.number(at + 2 * step, 2)) == 0;
        const bool is_pause = (is_empty || stands_still) && parts > 0 && i + 1 < count;
        found.are_pauses |= is_pause;
        is_told &= !is_pause && length > 0;
        if (!is_empty && !stands_still) found.are_several |= ++parts > 1;
        if (!is_empty || parts == 0) end += length;
        at += 2 * step + 4;
    }
    return is_told ? std::optional(end) : std::nullopt;
}

/// A number of four bytes behind the times in a `tkhd` or `mvhd`, where they are of eight or four.
Result<std::uint64_t> number_behind_times(Bytes& bytes, const Piece& header) {
    const bool is_long = TRY(bytes.number(header.begin, 1)) == 1;
    return bytes.number(header.begin + 4 + (is_long ? 16 : 8), 4);
}

Result<> read_track(Bytes& bytes, const Piece& track, std::uint64_t scale, EditLists& found) {
    std::uint64_t id = 0;
    const auto head = [&](const Piece& header) -> Result<> {
        id = TRY(number_behind_times(bytes, header));
        return {};
    };
    TRY(each_named(bytes, track, letters("tkhd"), head));
    const auto list = [&](const Piece& box) -> Result<> {
        const auto end = TRY(read_list(bytes, box, found));
        if (end && scale >= kLeastScale)
            found.ends[static_cast<int>(id)] =
                static_cast<double>(*end) / static_cast<double>(scale);
        return {};
    };
    return each_named(bytes, track, letters("edts"), [&](const Piece& edits) {
        return each_named(bytes, edits, letters("elst"), list);
    });
}

bool has_frames_of_one_length(AVCodecID codec) {
    return codec == AV_CODEC_ID_AAC || codec == AV_CODEC_ID_MP3 || codec == AV_CODEC_ID_AC3 ||
           codec == AV_CODEC_ID_EAC3;
}

/// Samples at the end of a packet that the decoder is to leave out, beside what is said of its
/// beginning (libav's layout).
void leave_out_at_end(AVPacket& packet, std::uint32_t samples) {
    constexpr std::size_t kSize = 10;
    std::size_t size = 0;
    auto* told = av_packet_get_side_data(&packet, AV_PKT_DATA_SKIP_SAMPLES, &size);
    if (told == nullptr || size < kSize) {
        told = av_packet_new_side_data(&packet, AV_PKT_DATA_SKIP_SAMPLES, kSize);
        if (told == nullptr) return;
        std::fill_n(told, kSize, std::uint8_t{0});
    }
    for (unsigned i = 0; i < 4; ++i) told[4 + i] = static_cast<std::uint8_t>(samples >> 8 * i);
}

}  // namespace

Result<EditLists> edit_lists(ByteSource& source, std::uint64_t start) {
    EditLists found;
    Bytes bytes(source, start);
    const auto whole = source.size().value_or(std::numeric_limits<std::int64_t>::max());
    const Piece file{.name = 0, .begin = 0, .end = whole - std::min(whole, start)};
    std::uint64_t scale = 0;
    const auto head = [&](const Piece& header) -> Result<> {
        scale = TRY(number_behind_times(bytes, header));
        return {};
    };
    // Lists of what grows by fragments tell of its beginning.
    const auto fragments = [&](const Piece&) -> Result<> {
        scale = 0;
        return {};
    };
    const auto track = [&](const Piece& box) { return read_track(bytes, box, scale, found); };
    const auto movie = [&](const Piece& box) -> Result<> {
        TRY(each_named(bytes, box, letters("mvhd"), head));
        TRY(each_named(bytes, box, letters("mvex"), fragments));
        return each_named(bytes, box, letters("trak"), track);
    };
    TRY(each_named(bytes, file, letters("moov"), movie));
    return found;
}

void cut_at_end(AVPacket& packet, const AVStream& stream, const EditLists& edits) {
    constexpr double kTick = 1.0 / kLeastScale;
    const AVCodecParameters& codec = *stream.codecpar;
    const auto told = edits.ends.find(stream.id);
    const bool may_be_cut = told != edits.ends.end() && has_frames_of_one_length(codec.codec_id) &&
                            codec.sample_rate > 0 && packet.pts != AV_NOPTS_VALUE;
    if (!may_be_cut) return;
    const double begin = static_cast<double>(packet.pts) * av_q2d(stream.time_base);
    const double tabled = begin + static_cast<double>(packet.duration) * av_q2d(stream.time_base);
    const double end = std::abs(tabled - told->second) < kTick ? tabled : told->second;
    const double samples = codec.frame_size - (end - begin) * codec.sample_rate;
    if (samples >= 1 && samples < codec.frame_size)
        leave_out_at_end(packet, static_cast<std::uint32_t>(std::lround(samples)));
}

}  // namespace ittybit::media
