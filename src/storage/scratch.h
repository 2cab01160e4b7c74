#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace ittybit::storage {

/// A sparse file without a name, so that nothing of it outlives its descriptors.
class Scratch {
public:
    Scratch() = default;

    /// Errors: `disk_full`, `internal_error` (the folder cannot be written).
    static Result<Scratch> make(const std::string& folder);

    /// For pread, by us and by the child it is passed to.
    int reader() const { return reader_.get(); }

    Result<> write(std::int64_t offset, std::span<const std::byte> bytes);
    Result<> resize(std::int64_t size);
    /// Whether the file holds just these bytes there.
    bool holds(std::int64_t offset, std::span<const std::byte> bytes) const;

private:
    Fd writer_;
    Fd reader_;
};

/// What errno says about a failed write: `disk_full`, or `internal_error` with `what`.
Error write_error(const std::string& what);

}  // namespace ittybit::storage
