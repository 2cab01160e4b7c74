#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "media/handles.h"
#include "media/meter.h"
#include "media/pieces.h"
#include "media/pipeline.h"
#include "media/sink.h"
#include "model/plan.h"
#include "tasks/job.h"

namespace ittybit::tasks {

/// Where the joined packets of one track go.
struct Joint {
    media::PieceTrack made;
    media::Sink<media::Packet>* track = nullptr;
};

/// One output of a plan while it is made: where its branches lead, and whether it is right at the
/// end. Stays where it was made: stages of the pipeline lead into it.
class Product {
public:
    Product() = default;
    Product(const Product&) = delete;
    Product& operator=(const Product&) = delete;
    virtual ~Product() = default;

    /// The encoder of a branch, opened, and all behind it. Errors: `encode_failed`, `disk_full`.
    virtual Result<media::Sink<media::Frame>*> add_picture(
        media::Pipeline& pipeline, const PicturePlan& picture, const PictureBranch& branch
    );
    virtual Result<media::Sink<media::Frame>*> add_sound(
        media::Pipeline& pipeline, const SoundBranch& branch
    );

    /// A track for captions in packets. Errors: `encode_failed`.
    virtual Result<media::Sink<media::Packet>*> add_text(
        const TextPlan& text, const TextBranch& branch
    );

    /// A track for what was encoded in pieces. Errors: `encode_failed`.
    virtual Result<Joint> join(const PicturePlan& picture, const PictureBranch& branch);

    /// Which captions the joined pictures have.
    virtual void tell_captions(media::SeenCaptions) {}

    /// A track for packets that are copied. Errors: `encode_failed`.
    virtual Result<media::Sink<media::Packet>*> copy(
        const PlannedTrack& track, const AVStream& stream
    );

    /// Once all went through: the plan that must be followed in place of this one, by what only
    /// reading told. Nothing where this can be finished.
    virtual std::optional<Plan> better_plan() const { return std::nullopt; }

    /// Verifies what was made, tells that it is ready, and gives its facts. Errors:
    /// `output_invalid`, `disk_full`.
    virtual Result<File> finish() = 0;
};

/// What an output is made with: borrowed, but for the meter's output.
struct Making {
    const Plan& plan;
    const OutputFile& output;
    const Assignment& assignment;
    Events& events;
    media::Meter& meter;
};

/// What an output's muxer stands for, one of those below.
Result<std::unique_ptr<Product>> make_product(const Making& making);

/// A file of one of libav's muxers.
Result<std::unique_ptr<Product>> make_file(const Making& making);
/// An HLS stream: playlists and segments of each rendition.
Result<std::unique_ptr<Product>> make_stream(const Making& making);
/// A GIF or an animated WebP.
Result<std::unique_ptr<Product>> make_animation(const Making& making);
/// A piece of a picture, in all its branches, for others to join.
Result<std::unique_ptr<Product>> make_piece(const Making& making);
/// The peaks of a sound.
Result<std::unique_ptr<Product>> make_waveform(const Making& making);

}  // namespace ittybit::tasks
