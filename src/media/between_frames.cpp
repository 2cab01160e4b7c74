#include "media/between_frames.h"

#include <algorithm>
#include <limits>
#include <string>

#include "media/input.h"
#include "model/sound_frames.h"

namespace ittybit::media {
namespace {

using FrameLength = std::size_t (*)(std::string_view, std::size_t);

FrameLength length_in(std::string_view demuxer) {
    if (demuxer == "mp3") return mpeg_audio_frame;
    if (demuxer == "aac") return adts_frame;
    return demuxer == "ac3" || demuxer == "eac3" ? ac3_frame : nullptr;
}

/// Bytes from places that follow one another.
class Window {
public:
    explicit Window(ByteSource& source) : source_(source) {}

    /// From a place on; fewer than the longest frame and a header only at the end.
    Result<std::string_view> look(std::uint64_t at) {
        if (at + kLook > start_ + bytes_.size() && !is_last_) TRY(fill(at));
        return std::string_view(bytes_).substr(std::min<std::size_t>(at - start_, bytes_.size()));
    }

private:
    static constexpr std::size_t kBytes = 65536;
    static constexpr std::size_t kLook = 8192 + 32;

    Result<> fill(std::uint64_t at) {
        bytes_ = TRY(read_text(source_, at, kBytes));
        start_ = at;
        is_last_ = bytes_.size() < kBytes;
        return {};
    }

    ByteSource& source_;
    std::string bytes_;
    std::uint64_t start_ = 0;
    bool is_last_ = false;
};

}  // namespace

Result<FramesAndRest> frames_and_rest(
    ByteSource& source, std::uint64_t from, std::uint64_t to, std::string_view demuxer
) {
    FramesAndRest found;
    const FrameLength length_of = length_in(demuxer);
    if (length_of == nullptr) return found;
    Window window(source);
    constexpr std::uint64_t kMostPadding = 4096;  // bytes: files are filled up to whole sectors
    std::uint64_t zeros = 0;                      // up to here
    bool is_behind_frame = false;
    for (std::uint64_t at = from; at < to;) {
        const auto head = TRY(window.look(at));
        if (head.empty()) break;
        if (const std::size_t tag = tag_length(head); tag > 0) {
            at += tag;
            continue;
        }
        const std::size_t length = length_of(head, 0);
        // Amid other bytes, a header is believed for the one behind its frame.
        if (length > 0 && length < head.size())
            is_behind_frame |= length_of(head, length) > 0 || tag_length(head.substr(length)) > 0;
        if (length > 0 && is_behind_frame) {
            zeros = 0;
            found.frames += length;
            found.longest_frame = std::max<std::uint64_t>(found.longest_frame, length);
            at += length;
            continue;
        }
        is_behind_frame = false;
        zeros = head[0] == '\0' ? zeros + 1 : 0;
        const bool is_padding = found.frames == 0 && zeros > 0 && found.rest == 0;
        if (!is_padding) ++found.rest;
        ++at;
    }
    if (zeros <= kMostPadding) found.rest -= std::min(zeros, found.rest);
    return found;
}

Result<double> Input::part_between_frames() const {
    const auto from = sniffed_.start + read_from_.value_or(0);
    const auto to =
        is_at_end_ ? std::numeric_limits<std::uint64_t>::max() : sniffed_.start + read_to_;
    const auto found = TRY(frames_and_rest(source_, from, to, sniffed_.demuxer));
    if (found.frames == 0 || found.rest <= found.longest_frame) return 0.0;
    return static_cast<double>(found.rest) / static_cast<double>(found.frames);
}

}  // namespace ittybit::media
