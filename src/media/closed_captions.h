#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "media/bitstream.h"
#include "media/handles.h"
#include "media/sink.h"

/// Closed captions in pictures (ATSC A/53, part 4, 6.2.3): triplets, of a type and two bytes, that
/// must each go on once and in their order, however often a picture is shown.
namespace ittybit::media {

/// Triplets on their way around stages that leave pictures out, repeat them or make two of one.
/// These stages, and both ends of the way, are on one thread.
class CaptionWay {
public:
    /// Takes a picture's triplets off. Where far more come than pictures can have, they are lost.
    void take(AVFrame& frame);
    /// Gives a picture those that came until it is over, as many as one can have. Errors:
    /// `encode_failed`.
    Result<> give(AVFrame& frame);

private:
    struct Triplet {
        std::int64_t at = 0;  // the time of its picture
        std::array<std::uint8_t, 3> bytes = {};
    };
    std::deque<Triplet> triplets_;
};

class TakeCaptions : public Sink<Frame> {
public:
    TakeCaptions(CaptionWay& way, Sink<Frame>& next) : way_(way), next_(next) {}
    Result<> push(Frame frame) override;
    Result<> finish() override { return next_.finish(); }

private:
    CaptionWay& way_;
    Sink<Frame>& next_;
};

class GiveCaptions : public Sink<Frame> {
public:
    GiveCaptions(CaptionWay& way, Sink<Frame>& next) : way_(way), next_(next) {}
    Result<> push(Frame frame) override;
    Result<> finish() override { return next_.finish(); }

private:
    CaptionWay& way_;
    Sink<Frame>& next_;
};

/// Which captions pictures have: a bit for each channel of CEA-608 that has anything, and others
/// for anything at all, and for CEA-708.
using SeenCaptions = std::uint32_t;

/// "CC1" to "CC4"; "SERVICE1" where there is CEA-708 alone, as players find it; none where there
/// are no captions. What carries nothing but padding is "CC1".
std::vector<std::string> caption_names(SeenCaptions seen);

/// Notes which captions there are.
class CaptionChannels : public Sink<Frame> {
public:
    explicit CaptionChannels(Sink<Frame>& next) : next_(next) {}
    Result<> push(Frame frame) override;
    Result<> finish() override { return next_.finish(); }

    SeenCaptions seen() const { return seen_; }

private:
    Sink<Frame>& next_;
    SeenCaptions seen_ = 0;
};

}  // namespace ittybit::media
