#pragma once

#include <functional>

#include "media/input.h"
#include "media/intake.h"
#include "media/timing.h"
#include "model/plan.h"
#include "tasks/reading.h"

namespace ittybit::tasks {

/// What reads a plan's piece, and who sees it.
struct PieceReading {
    const Plan& plan;
    media::Input& input;
    const media::PictureWindow& film;  // of its picture
    media::Intake& intake;             // of its picture
    std::function<bool()> is_stopped;  // asked with each packet
};

/// Reads the picture of a piece, up to where none of its pictures needs more; where that never
/// comes, the sounds as long as which it lasts, too. Errors: as media::pump.
Result<> read_piece(const PieceReading& reading, PacketSinks sinks);

}  // namespace ittybit::tasks
