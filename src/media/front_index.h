#pragma once

#include <cstdint>
#include <span>

#include "base/json.h"
#include "base/result.h"

/// The index (`moov`) of an MP4 or MOV in front of its data.
namespace ittybit::media {

/// What of a track decides the size of its index.
struct IndexEntries {
    std::int64_t samples = 0;
    std::int64_t keys = 0;         // 0 when every sample is one
    std::int64_t time_runs = 0;    // changes of the sample duration
    std::int64_t offset_runs = 0;  // changes of the distance from decoding to presentation
    std::int64_t bytes = 0;
};

/// An upper bound of the bytes that the index of such tracks takes, with these tags.
std::int64_t index_size(std::span<const IndexEntries> tracks, const json::object& tags);

/// Moves the index of a finished file from its end into the room of `reserved` bytes at
/// `reserve_at`, making the room larger where it must be. Errors: `disk_full`, `encode_failed`.
Result<> move_index_to_front(int descriptor, std::int64_t reserve_at, std::int64_t reserved);

}  // namespace ittybit::media
