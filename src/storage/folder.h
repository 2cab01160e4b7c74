#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "storage/storage.h"

namespace ittybit::storage {

/// open_folder() on a disk of which `keep_free` bytes stay free, a tenth of it at most: what is
/// stored beyond that is `disk_full` before it is written.
Result<std::unique_ptr<Storage>> open_folder(const std::string& root, std::int64_t keep_free);

}  // namespace ittybit::storage
