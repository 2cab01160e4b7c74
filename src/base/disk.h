#pragma once

#include <cstdint>
#include <string>

namespace ittybit {

/// How many bytes may still be written to the disk that a folder lies on, when `keep` bytes, at
/// most a tenth of the disk, are to stay free. Negative where less is free.
std::int64_t room_on_disk(const std::string& folder, std::int64_t keep);

}  // namespace ittybit
