#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "base/fields.h"
#include "media/handles.h"
#include "media/output.h"
#include "media/sink.h"

namespace ittybit::media {

/// How 256 colours are chosen and shared out.
struct GifSettings {
    int colours = 256;             // 4–256, the transparent one included
    std::string dither = "bayer";  // libav's name: none, bayer, sierra2_4a
    int bayer_scale = 3;           // 0 coarse – 5 fine
    int ticks = 100;               // the clock of the frames' timestamps, per second
    /// Frames are held until a palette is chosen for them all; beyond this many bytes it is chosen
    /// for those that are there, and a new one for what follows.
    std::size_t most_bytes_held = 256'000'000;
};

/// Turns BGRA pictures of one size into a GIF's packets: a palette for each stretch of frames,
/// whatever does not change left out. Timestamps become hundredths of a second, without drift.
class Gif : public Sink<Frame> {
public:
    Gif(GifSettings settings, Output::Track& track) : settings_(settings), track_(track) {}

    /// Errors: `encode_failed`, those of the output.
    Result<> push(Frame frame) override;
    Result<> finish() override;

    std::int64_t frames() const { return frames_; }

private:
    Result<Frame> make_palette() const;
    Result<> encode_held();
    Result<> open_encoder(const AVFrame& like);
    Result<> send(AVFrame* frame);
    std::int64_t hundredths(std::int64_t ticks) const;

    GifSettings settings_;
    Output::Track& track_;
    std::deque<Frame> held_;
    std::size_t bytes_held_ = 0;
    std::int64_t frames_ = 0;
    CodecContext encoder_;
};

}  // namespace ittybit::media
