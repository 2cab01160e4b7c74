#pragma once

#include <vector>

#include "conformance/fragment.h"

namespace ittybit::conformance {

/// Whether look_into_picture knows the coding of a track.
bool can_look_into(const Track& track);

/// Looks into a sample of such a track, and reports what is wrong with them.
PictureKind look_into_picture(
    const Sample& sample, const Track& track, const manifest::Place& place, manifest::Report& report
);

/// The same for an access unit with start codes (H.264, annex B), without reports.
PictureKind kind_of_access_unit(Bytes unit);

/// Whether an access unit of H.264 with start codes has both kinds of parameter sets.
bool has_parameter_sets(Bytes unit);

/// The first H.264 sequence parameter set of an access unit with start codes.
std::optional<PictureFacts> picture_facts_of(Bytes unit);

}  // namespace ittybit::conformance
