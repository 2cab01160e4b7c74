#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "media/handles.h"

namespace ittybit::media {

/// The clocks of a transport or program stream, of an Ogg file and their like, made one. Where
/// recordings were joined every stream's clock begins anew: from there on the new clock is put
/// behind the old one, by one shift for all streams, so that they stay with each other. A stream
/// changes to the new clock when its own times step, not before: what was interleaved behind the
/// join still belongs to the old one.
///
/// Where times may jump ahead, as those of a recorded screen do, and decoding times are guessed,
/// only a larger step back is a new clock, and of pictures that last long a still larger one.
class JoinedClock {
public:
    JoinedClock() : JoinedClock(false) {}
    explicit JoinedClock(bool may_jump);

    /// Shifts the packet's times onto the joined clock.
    void adjust(AVPacket& packet, AVRational time_base);

    /// Forgets everything, for use after a seek.
    void reset();

    /// Forgets where each stream is, and keeps the clocks: for use after going a little back.
    void forget_times();

    /// How often a clock began anew.
    int joins() const { return static_cast<int>(shifts_.size()) - 1; }

private:
    /// Microseconds on the joined clock.
    struct Stream {
        std::size_t clock = 0;                  // of shifts_
        std::optional<std::int64_t> last = {};  // decoding time
        std::int64_t next = 0;                  // where the following packet is expected
    };
    bool is_apart(std::int64_t dts) const;
    std::size_t clock_after_step(const Stream& stream, std::int64_t raw_dts);
    void follow(Stream& stream, std::int64_t raw_dts, std::int64_t duration);

    std::int64_t back_us_;   // a larger step back begins a new clock
    std::int64_t forth_us_;  // a larger step ahead is a fault, not a gap
    bool are_guesses_;
    std::vector<std::int64_t> shifts_ = {0};  // microseconds to add to each clock
    std::vector<Stream> streams_;
    std::optional<std::int64_t> last_;  // of any stream
};

}  // namespace ittybit::media
