#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "base/fields.h"
#include "base/json.h"
#include "media/filters.h"
#include "media/handles.h"
#include "media/sink.h"
#include "media/timing.h"

namespace ittybit::media {

/// How pictures are labelled: ITU-T H.273, always limited range.
struct PictureColour {
    std::string primaries = "bt709";  // libav's names
    std::string transfer = "bt709";
    std::string matrix = "bt709";
    static constexpr auto kFields = std::tuple{
        Field{&PictureColour::primaries, "primaries", ""},
        Field{&PictureColour::transfer, "transfer", ""},
        Field{&PictureColour::matrix, "matrix", ""},
    };
    bool operator==(const PictureColour&) const = default;
};

/// How pictures (8-bit 4:2:0) are encoded. A value of the plan.
struct PictureEncoding {
    std::string encoder;  // libav's name: libx264, …
    int width = 0;
    int height = 0;
    int ticks = 90000;  // the clock of timestamps, per second
    int fps_num = 0;    // the nominal rate
    int fps_den = 1;
    int key_interval = 0;                      // frames, at most
    std::optional<std::int64_t> bitrate = {};  // target, bits per second
    std::optional<std::int64_t> max_bitrate;   // enforced over buffer_bits
    std::optional<std::int64_t> buffer_bits;
    int threads = 1;
    PictureColour colour;
    json::object options;  // the encoder's own

    static constexpr auto kFields = std::tuple{
        Field{&PictureEncoding::encoder, "encoder", ""},
        Field{&PictureEncoding::width, "width", ""},
        Field{&PictureEncoding::height, "height", ""},
        Field{&PictureEncoding::ticks, "ticks", ""},
        Field{&PictureEncoding::fps_num, "fps_num", ""},
        Field{&PictureEncoding::fps_den, "fps_den", ""},
        Field{&PictureEncoding::key_interval, "key_interval", ""},
        Field{&PictureEncoding::bitrate, "bitrate", ""}.or_absent(),
        Field{&PictureEncoding::max_bitrate, "max_bitrate", ""}.or_absent(),
        Field{&PictureEncoding::buffer_bits, "buffer_bits", ""}.or_absent(),
        Field{&PictureEncoding::threads, "threads", ""},
        Field{&PictureEncoding::colour, "colour", ""},
        Field{&PictureEncoding::options, "options", ""},
    };
};

/// How sound is encoded. A value of the plan.
struct SoundEncoding {
    std::string encoder = {};
    SoundFormat format = {};
    std::optional<std::int64_t> bitrate = {};
    std::optional<int> bits_per_sample = {};  // lossless: of the source, when below the format's
    json::object options = {};

    static constexpr auto kFields = std::tuple{
        Field{&SoundEncoding::encoder, "encoder", ""},
        Field{&SoundEncoding::format, "format", ""},
        Field{&SoundEncoding::bitrate, "bitrate", ""}.or_absent(),
        Field{&SoundEncoding::bits_per_sample, "bits_per_sample", ""}.or_absent(),
        Field{&SoundEncoding::options, "options", ""},
    };
};

/// Turns frames into packets. Opened before the first frame, so that the muxer knows the stream.
/// Packets carry their time base (`AVPacket::time_base`) and a duration; a picture whose
/// `pict_type` is I becomes a key frame. Sound is cut into the encoder's frame size.
class Encoder : public Sink<Frame> {
public:
    /// Errors: `encode_failed`.
    static Result<std::unique_ptr<Encoder>> open(const PictureEncoding& how, Sink<Packet>& next);
    static Result<std::unique_ptr<Encoder>> open(const SoundEncoding& how, Sink<Packet>& next);

    /// The opened encoder: what a track must be told.
    const AVCodecContext& codec() const { return *codec_; }

    Result<> push(Frame frame) override;
    Result<> finish() override;

private:
    explicit Encoder(Sink<Packet>& next) : next_(next) {}
    Result<> open_codec(const AVCodec& encoder, const json::object& options);
    Result<> send(AVFrame* frame);
    Result<> receive_all();
    void mend_decoding_time(AVPacket& packet) const;
    Result<> push_picture(Frame frame);
    Result<> push_sound(const AVFrame& frame);
    Result<> send_samples(int count);

    Sink<Packet>& next_;
    CodecContext codec_;
    AudioFifo fifo_;
    std::int64_t samples_ = 0;
    std::int64_t frames_ = 0;
    std::map<std::int64_t, std::int64_t> durations_;  // by pts, of pictures inside
};

}  // namespace ittybit::media
