#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "media/cues.h"
#include "media/handles.h"
#include "media/sink.h"
#include "model/encoding.h"

namespace ittybit::media {

/// Lays subtitles into pictures of 8-bit 4:2:0 at their times. A picture that stays for long is
/// passed on anew whenever something comes or goes meanwhile.
class BurnIn : public Sink<Frame> {
public:
    struct Settings {
        PictureColour colour;
        Size size;
        int ticks = 90000;  // of the frames' times, a second
        int grid = 1;       // ticks; pictures begin at its multiples
    };
    /// Errors: `internal_error` when no font is installed.
    static Result<std::unique_ptr<BurnIn>> make(
        const Cues& cues, const Settings& settings, Sink<Frame>& next
    );
    ~BurnIn() override;

    Result<> push(Frame frame) override;
    Result<> finish() override { return next_.finish(); }

    /// What of the subtitles will not be seen as it was meant.
    const std::vector<std::string>& warnings() const { return warnings_; }

private:
    Result<> draw(Frame frame);

    /// libass, and what it has drawn last.
    struct Drawing;
    BurnIn(const Settings& settings, Sink<Frame>& next, std::unique_ptr<Drawing> drawing);

    const Settings settings_;
    Sink<Frame>& next_;
    std::unique_ptr<Drawing> drawing_;
    std::vector<std::int64_t> changes_;  // when something comes or goes, in milliseconds
    std::vector<std::string> warnings_;
};

}  // namespace ittybit::media
