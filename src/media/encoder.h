#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/json.h"
#include "media/filters.h"
#include "media/handles.h"
#include "media/sink.h"
#include "media/timing.h"
#include "model/encoding.h"

namespace ittybit::media {

/// Turns frames into packets. Opened before the first frame, so that the muxer knows the stream.
/// Packets carry their time base (`AVPacket::time_base`) and a duration; a picture whose
/// `pict_type` is I becomes a key frame. Sound is cut into the encoder's frame size. Several may be
/// opened, used and closed at one moment, each by one thread.
class Encoder : public Sink<Frame> {
public:
    /// Errors: `encode_failed`.
    static Result<std::unique_ptr<Encoder>> open(const PictureEncoding& how, Sink<Packet>& next);
    static Result<std::unique_ptr<Encoder>> open(const SoundEncoding& how, Sink<Packet>& next);
    ~Encoder() override;

    /// The opened encoder: what a track must be told. Until the first frame.
    const AVCodecContext& codec() const { return *codec_; }

    /// Nothing to encode is no error.
    void allow_nothing() { may_be_empty_ = true; }

    /// Asked after each packet; once it is true no further picture is encoded.
    void end_when(std::function<bool()> is_enough) { is_enough_ = std::move(is_enough); }

    Result<> push(Frame frame) override;
    Result<> finish() override;

private:
    explicit Encoder(Sink<Packet>& next) : next_(next) {}
    Result<> open_pictures(const PictureEncoding& how);
    void close();
    void give_a_picture();
    Result<> open_codec(const AVCodec& encoder, const json::object& options);
    Result<> send(AVFrame* frame);
    Result<> receive_all();
    void mend_decoding_time(AVPacket& packet) const;
    Result<> push_picture(Frame frame);
    Result<> push_sound(const AVFrame& frame);
    Result<> send_samples(int count);

    Sink<Packet>& next_;
    CodecContext codec_;
    std::optional<PictureEncoding> again_;  // with which it begins anew at each key picture
    AudioFifo fifo_;
    std::int64_t samples_ = 0;
    std::int64_t frames_ = 0;
    bool may_be_empty_ = false;
    std::function<bool()> is_enough_ = [] { return false; };
    std::map<std::int64_t, std::int64_t> durations_;  // by pts, of pictures inside
};

/// An encoder in front of a track, which it describes. Errors: `encode_failed`, the track's.
template <typename Encoding, typename Track>
Result<std::unique_ptr<Encoder>> encoder_for(const Encoding& how, Track& track) {
    auto encoder = TRY(Encoder::open(how, track));
    TRY(track.describe(encoder->codec()));
    return encoder;
}

}  // namespace ittybit::media
