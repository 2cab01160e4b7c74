#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "storage/segment_cipher.h"
#include "work/destination.h"

namespace ittybit::work {

/// A destination of a stream that is encrypted on its way there: what the child has made is copied
/// into a folder in `parent`, its segments as AES-128 makes them (model/encrypted_stream.h), and
/// only that folder is shown to `inner`. Errors of what it takes: also `task_crashed` for a file
/// that has no place in a stream, so that nothing leaves in the clear by another name; those of
/// sandbox::Workspace.
Result<std::unique_ptr<Destination>> encrypted(
    std::unique_ptr<Destination> inner,
    const storage::Block& key,
    const std::filesystem::path& parent,
    const std::stop_token& stop
);

}  // namespace ittybit::work
