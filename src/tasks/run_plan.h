#pragma once

#include "media/input.h"
#include "media/output.h"
#include "media/pipeline.h"
#include "tasks/job.h"
#include "tasks/plan.h"

/// Doing what a Plan says, and checking what came out.
namespace ittybit::tasks {

/// Builds the stages from decoded pictures to a track: window, treatment, constant rate, encoder,
/// each heavy part on a thread of its own.
Result<media::PictureWindow*> add_picture_stages(
    media::Pipeline& pipeline,
    const Plan& plan,
    const media::SourceTime& source,
    const Limits& limits,
    media::Output::Track& track
);

/// The same for decoded sound.
Result<media::Soundtrack*> add_sound_stages(
    media::Pipeline& pipeline,
    const Plan& plan,
    const media::SourceTime& source,
    const Limits& limits,
    media::Output::Track& track
);

/// The stages that bring decoded sound to a format, mixed to fewer channels where it has more.
media::Sink<media::Frame>& add_resampling(
    media::Pipeline& pipeline,
    const media::SoundFormat& format,
    bool is_mixed,
    media::Sink<media::Frame>& next
);

/// Goes to where reading must begin for the plan's start: the last key frame before it, with room
/// for decoders to find in; the front when the container cannot seek.
Result<> seek_to_start(media::Input& input, const TimePlan& time, int stream);

/// Decides when reading can end: once every stream that is read has passed the plan's end.
class ReadingEnd {
public:
    ReadingEnd(const media::Input& input, const TimePlan& time, std::vector<int> streams);
    bool operator()(const AVPacket& packet);

private:
    const media::Input& input_;
    std::optional<double> end_;
    std::vector<int> unfinished_;
};

/// A meter that tells a job's Events.
media::Meter make_meter(const TimePlan& time, Events& events);

/// Runs the plan on an input and verifies the output. Errors: all of SPEC's job errors.
Result<Finished> run_plan(const Plan& plan, media::Input& input, Job& job);

/// Creates the plan's file; what of it is final leaves while the rest is made.
Result<std::unique_ptr<media::Output>> create_output(
    const Plan& plan, const Limits& limits, media::Meter& meter, Events& events
);

/// Verifies a finished output, tells that it is ready, and gives its facts.
Result<Finished> finish_job(const Plan& plan, const media::Output& output, Job& job);

/// What `--explain` answers.
Finished explain(const Plan& plan);

}  // namespace ittybit::tasks
