#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/bytes.h"
#include "model/protocol.h"
#include "sandbox/line_reader.h"
#include "sandbox/media_process.h"

namespace ittybit::sandbox {

/// The input of a child: a passed descriptor read with pread. Where the file is not complete yet,
/// asks the parent for the bytes first, a megabyte at a time, and waits for its answer.
class ChildSource : public ByteSource {
public:
    /// `replies` is the socket that the writer writes to.
    ChildSource(
        int descriptor, const Assignment& assignment, EventWriter& events, LineReader& replies
    );

    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;
    std::optional<std::uint64_t> size() override { return size_; }

private:
    Result<> ensure(std::uint64_t offset, std::uint64_t length);
    bool is_present(std::uint64_t offset, std::uint64_t end) const;
    void add_present(std::uint64_t begin, std::uint64_t end);

    FileSource file_;
    bool is_complete_;
    std::optional<std::uint64_t> size_;
    EventWriter& events_;
    LineReader& replies_;
    std::map<std::uint64_t, std::uint64_t> present_;  // begin → end, apart from each other
};

}  // namespace ittybit::sandbox
