#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/disk.h"
#include "base/result.h"

namespace ittybit::storage {

/// What may still be stored on the disk that a folder lies on. Nothing is set aside: bytes are
/// written as soon as they are allowed.
class Allowance {
public:
    /// `keep_free`: bytes that stay free, at most a tenth of the disk.
    Allowance(std::string folder, std::int64_t keep_free)
        : folder_(std::move(folder)), keep_free_(keep_free) {}

    /// From now on leaves half of the room there is to others.
    void leave_half() { for_others_ = std::max<std::int64_t>(0, room()) / 2; }

    /// Whether so many bytes more may be stored. Errors: `disk_full`.
    Result<> check(std::int64_t bytes) const {
        const auto left = room() - for_others_;
        if (bytes <= left) return {};
        return Error{
            ErrorKind::kDiskFull,
            fmt::format(
                "the disk is full: {} bytes are to be stored, and {} can be had; free some space "
                "and try again",
                bytes, std::max<std::int64_t>(0, left)
            ),
            ""
        };
    }

private:
    std::int64_t room() const { return room_on_disk(folder_, keep_free_); }

    std::string folder_;
    std::int64_t keep_free_;
    std::int64_t for_others_ = 0;
};

}  // namespace ittybit::storage
