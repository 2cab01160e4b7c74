#pragma once

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "image/handles.h"

namespace ittybit::image {

/// What libvips is reading from, and the first thing that went wrong there. Shared by the source
/// object inside libvips and the pictures computed from it.
struct SourceState {
    ByteSource* bytes = nullptr;
    std::uint64_t position = 0;
    std::optional<Error> error;
};

/// The length, found by reading on where the source does not know it yet; absent after an error.
std::optional<std::uint64_t> find_size(SourceState& state);

/// A libvips source that reads from `state->bytes`.
Source make_source(std::shared_ptr<SourceState> state);

/// Takes libvips' message of the last failure, in one line.
std::string take_message();

}  // namespace ittybit::image
