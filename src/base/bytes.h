#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"

namespace ittybit {

/// Bytes at rest that can be read anywhere, any number of times: a local file, a cache that is
/// filled while it is read, a buffer in a test. Calls may wait; one thread at a time.
class ByteSource {
public:
    ByteSource() = default;
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;
    virtual ~ByteSource() = default;

    /// Reads up to `out.size()` bytes at `offset`; 0 only at or behind the end.
    virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;

    /// The whole length in bytes; nothing while it is not known.
    virtual std::optional<std::uint64_t> size() = 0;
};

/// The bytes of an open regular file. Does not own the descriptor.
class FileSource : public ByteSource {
public:
    explicit FileSource(int descriptor) : descriptor_(descriptor) {}
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;
    std::optional<std::uint64_t> size() override;

private:
    int descriptor_;
};

/// Bytes in memory, which must outlive it.
class MemorySource : public ByteSource {
public:
    explicit MemorySource(std::span<const std::byte> bytes) : bytes_(bytes) {}
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;
    std::optional<std::uint64_t> size() override { return bytes_.size(); }

private:
    std::span<const std::byte> bytes_;
};

/// Fills `out` with what is at `offset`: fewer bytes than that only where the source ends. Errors:
/// those of the source.
Result<std::size_t> read_full(ByteSource& source, std::uint64_t offset, std::span<std::byte> out);

/// The same as text of at most `length` bytes.
Result<std::string> read_text(ByteSource& source, std::uint64_t offset, std::size_t length);

}  // namespace ittybit
