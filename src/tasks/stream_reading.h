#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "media/intake.h"
#include "media/pipeline.h"
#include "media/sink.h"
#include "model/plan.h"
#include "tasks/job.h"
#include "tasks/reading.h"

namespace ittybit::tasks {

/// What hangs on one read: whatever takes its frames, and its packets.
struct Taps {
    std::vector<media::Sink<media::Frame>*> frames;
    std::vector<media::Sink<media::Packet>*> packets;
};

/// What is read of one input, for all that is made of it at once: each stream is decoded once,
/// however many take its frames.
class StreamReading {
public:
    /// The job's input is read; `pipeline` takes the decoders.
    StreamReading(Job& job, media::Pipeline& pipeline) : job_(job), pipeline_(pipeline) {}
    StreamReading(const StreamReading&) = delete;
    StreamReading& operator=(const StreamReading&) = delete;
    ~StreamReading() = default;

    /// The same for equal reads, whatever the number of the decoder's threads. Stays where it is.
    Taps& taps_of(const PlannedRead& read);

    /// The sinks of the input's streams: decoders in front of what taps took. Errors: as
    /// media::Decoder::open.
    Result<PacketSinks> open();

    /// Notes what is read, from the first packet on.
    media::Intake& take_in(const media::Cut& cut);
    /// Nothing where no stream was read.
    const std::optional<media::Intake>& intake() const { return intake_; }

private:
    struct Tapped {
        PlannedRead read;
        Taps taps = {};
    };

    Result<> decode(Tapped& tapped, PacketSinks& sinks);

    Job& job_;
    media::Pipeline& pipeline_;
    std::deque<Tapped> tapped_;
    std::optional<media::Intake> intake_;
};

/// One sink for all that take the same.
template <typename T>
media::Sink<T>& joined(media::Pipeline& pipeline, const std::vector<media::Sink<T>*>& sinks) {
    return sinks.size() == 1 ? *sinks.front() : pipeline.make<media::Tee<T>>(sinks);
}

}  // namespace ittybit::tasks
