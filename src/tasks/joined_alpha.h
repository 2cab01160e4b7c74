#pragma once

#include <deque>
#include <optional>

#include "media/input.h"
#include "media/sink.h"

namespace ittybit::tasks {

/// The track with the alpha of another: of an animated AVIF (AV1 Image File Format, 4), where libav
/// gives both as films.
std::optional<int> find_alpha(const media::Input& input, int colour);

/// The colour's planes and the alpha's as a fourth; the colour alone where they do not fit.
media::Frame join_alpha(media::Frame colour, const AVFrame& alpha);

/// Joins the frames of two tracks, decoded by turns on one thread, to frames with alpha. What has
/// no partner of its time is dropped.
class JoinedAlpha {
public:
    /// `colour` and `alpha`: the clocks of the two tracks.
    JoinedAlpha(AVRational colour, AVRational alpha, media::Sink<media::Frame>& next)
        : clocks_{colour, alpha}, next_(next) {}

    media::Sink<media::Frame>& colour() { return colour_; }
    media::Sink<media::Frame>& alpha() { return alpha_; }

private:
    /// One of the two entrances.
    class Side : public media::Sink<media::Frame> {
    public:
        explicit Side(JoinedAlpha& joined) : joined_(joined) {}
        Result<> push(media::Frame frame) override {
            frames.push_back(std::move(frame));
            return joined_.join();
        }
        Result<> finish() override {
            is_finished = true;
            return joined_.finish();
        }
        std::deque<media::Frame> frames;
        bool is_finished = false;

    private:
        JoinedAlpha& joined_;
    };

    Result<> join();
    Result<> finish();

    struct {
        AVRational colour;
        AVRational alpha;
    } clocks_;
    media::Sink<media::Frame>& next_;
    Side colour_{*this};
    Side alpha_{*this};
};

}  // namespace ittybit::tasks
