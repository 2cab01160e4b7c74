#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ittybit::conformance {

/// The files that a stream consists of, by the addresses that its playlists resolve to.
class Files {
public:
    Files() = default;
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;
    virtual ~Files() = default;

    enum class Presence { kThere, kMissing, kLeftOut };  // left out: nobody wanted to read it
    virtual Presence presence(const std::string& uri) = 0;
    /// Why a file is missing, in words; may be empty.
    virtual std::string why_missing(const std::string& uri) = 0;

    /// Bytes of a file that is there.
    virtual std::int64_t size(const std::string& uri) = 0;
    /// How many it has as it is delivered, where they are encrypted there but not here.
    virtual std::optional<std::int64_t> encrypted_size(const std::string&) { return std::nullopt; }
    /// Errors: those of reading. Fewer bytes than `length` only at the end of the file.
    virtual Result<std::vector<std::uint8_t>> read(
        const std::string& uri, std::int64_t offset, std::int64_t length
    ) = 0;
};

}  // namespace ittybit::conformance
