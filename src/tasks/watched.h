#pragma once

#include <span>

#include "media/copying.h"
#include "media/loudness.h"
#include "media/timing.h"
#include "model/plan.h"
#include "tasks/expectation.h"
#include "tasks/sound_level.h"

namespace ittybit::tasks {

/// A stream on its way, whose count is compared with what was expected of it.
struct Watched {
    const PicturePlan* picture = nullptr;  // of the two one
    const SoundPlan* sound = nullptr;
    const media::PictureWindow* window = nullptr;  // of the three one, or none
    const media::Soundtrack* soundtrack = nullptr;
    const media::Copying* copying = nullptr;
    const SoundLevel* level = nullptr;            // of sound, where it has one
    const media::LoudnessMeter* meter = nullptr;  // likewise
};

/// What went through of those that a plan's reads gave.
AllThrough through(std::span<const Watched> watched, const Plan& plan);

/// How loud sounds are that have a level: facts of the first, warnings of all.
void tell_loudness(std::span<const Watched> watched, Finished& finished);

}  // namespace ittybit::tasks
