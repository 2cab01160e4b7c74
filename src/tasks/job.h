#pragma once

#include <memory>
#include <span>

#include "base/bytes.h"
#include "image/animation_reader.h"
#include "media/input.h"
#include "model/plan.h"
#include "model/protocol.h"
#include "tasks/events.h"

namespace ittybit::tasks {

/// What every kind of task is given beside its options: borrowed for the length of the run.
/// Outputs are made in the current folder as `<assignment.stem>.<extension>`.
struct Job {
    const Assignment& assignment;
    ByteSource& source;
    Events& events;
    std::span<const std::unique_ptr<ByteSource>> further = {};  // what options name, in their order

    // The input as libraries read it, opened once for planning and running.
    std::unique_ptr<media::Input> media = {};
    std::unique_ptr<image::AnimationReader> animation = {};

    bool is_cover = false;  // the input is attached to another

    const Limits& limits() const { return assignment.limits; }
};

/// Whether all of the input may be read to decide: what is only explained is not fetched for it.
bool may_read_all(const Assignment& assignment);

/// The input, demuxed. Errors: as media::Input::open.
Result<media::Input*> open_media(Job& job);

/// The same, for a read of it. Errors: also `internal_error`, where it has no such stream.
Result<media::Input*> open_media(Job& job, const PlannedRead& read);

/// The input's frames, where it is a WebP, from the first on. Errors: as AnimationReader::open.
Result<image::AnimationReader*> open_animation(Job& job);

}  // namespace ittybit::tasks
