#pragma once

#include <vector>

#include "conformance/fragment.h"

namespace ittybit::conformance {

/// What kind of picture a sample is (H.264 7.4.1.2.4, H.265 7.4.2.2).
enum class PictureKind {
    kOther,
    kKey,      // IDR: nothing behind it refers to anything before it
    kOpenKey,  // decoding may begin here, but leading pictures refer to what is before
    kLeading,  // one of those
    kUnreadable,
};

/// Looks into a sample of a track with NAL units, and reports what is wrong with them.
PictureKind look_into_picture(
    const Sample& sample, const Track& track, const manifest::Place& place, manifest::Report& report
);

/// The same for an access unit with start codes (H.264, annex B), without reports.
PictureKind kind_of_access_unit(Bytes unit);

/// The first H.264 sequence parameter set of an access unit with start codes.
std::optional<PictureFacts> picture_facts_of(Bytes unit);

}  // namespace ittybit::conformance
