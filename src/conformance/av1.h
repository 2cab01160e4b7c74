#pragma once

#include <optional>

#include "conformance/picture.h"
#include "manifest/report.h"

namespace ittybit::conformance {

/// The profile, level index and largest size of the first sequence header among OBUs (AV1 5.5).
/// Nothing where there is none that can be read.
std::optional<PictureFacts> find_av1_sequence(Bytes units);

/// What kind of picture a sample of OBUs is; reports what is wrong with them.
PictureKind look_into_av1(Bytes sample, const manifest::Place& place, manifest::Report& report);

}  // namespace ittybit::conformance
