#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "media/gif_table.h"
#include "media/handles.h"
#include "media/input.h"
#include "media/sink.h"

namespace ittybit::media {

struct DecoderOptions {
    int threads = 1;         // the caller chooses from cores, codec and size
    bool low_delay = false;  // slice threads only: the first frames come after fewer packets
    bool keys_only = false;  // decode nothing but key frames
    bool is_strict = false;  // a damaged picture is none, not a partly grey one
};

/// Turns the packets of one stream into frames, pushed on in presentation order. Every frame has a
/// `pts` in `time_base()`, increasing; video frames a duration where one is known. What edit lists
/// and encoder delay cut away is not passed on; cropping is applied; rotation is not (see
/// stream.h). Sizes, formats and layouts may change between frames. A damaged packet is skipped and
/// counted; a stream may go on in another coding; only when nothing at all decodes does `finish`
/// fail.
class Decoder : public Sink<Packet> {
public:
    /// Errors: `unsupported_media` when no decoder reads the codec, `limit_exceeded` (pixels).
    static Result<std::unique_ptr<Decoder>> open(
        const Input& input, int stream_index, const DecoderOptions& options, Sink<Frame>& next
    );

    Result<> push(Packet packet) override;

    /// Errors: `corrupt_media` or `unsupported_media` when there were packets but no frame.
    Result<> finish() override;

    /// Forgets everything held back, for use after a seek. Nothing is pushed on.
    void reset();

    /// Whether packets from now on may be left undecoded where no other picture is made of theirs.
    void leave_out_unreferenced(bool is_wanted);

    AVRational time_base() const { return time_base_; }
    const AVCodecContext& codec() const { return *codec_; }
    std::int64_t frames() const { return frames_; }    // passed on so far
    std::int64_t damaged() const { return damaged_; }  // packets or frames skipped so far

private:
    Decoder(
        const Input& input, const AVStream& stream, const DecoderOptions& options, Sink<Frame>& next
    );
    Result<> open_codec();
    Result<> begin_anew(std::span<const std::uint8_t> header);
    Result<> change_coding(AVCodecID coding);
    Result<> open_or_keep();
    Result<> send(const AVPacket* packet);
    Result<> receive_all();
    void note_damage(int code);
    Result<> pass_on(Frame frame);
    std::int64_t held_back(const AVFrame& first, std::int64_t duration) const;
    void add_what_container_tells(AVFrame& frame) const;
    Result<> crop(AVFrame& frame) const;
    void set_time(AVFrame& frame);

    Sink<Frame>& next_;
    AVMediaType type_;
    AVRational time_base_;
    bool has_decoding_times_;  // and no others
    AVRational frame_rate_;
    Colours colours_;   // of the stream
    Crop crop_;         // by the container
    std::string name_;  // for messages: "the video (h264)"
    DecoderOptions options_;
    std::int64_t most_pixels_;
    const AVCodec* reader_;
    CodecParameters parameters_;  // of the link, in chained files
    CodecContext codec_;
    GifTable gif_table_;
    std::int64_t packets_ = 0;
    std::int64_t frames_ = 0;
    std::int64_t damaged_ = 0;
    bool is_unsupported_ = false;  // libav said that it lacks a feature, not that data are broken
    std::int64_t first_dts_ = kNoTime;
    std::int64_t delay_ = 0;
    std::int64_t next_pts_ = kNoTime;
    std::int64_t last_pts_ = kNoTime;
};

/// Whether libav here has a decoder for the stream's codec, and it is not encrypted.
bool is_decodable(const AVStream& stream);

/// `unsupported_media` for a stream that is not decodable: encrypted, or a codec nobody here knows.
Error why_not_decodable(const Input& input, int stream_index);

}  // namespace ittybit::media
