#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/bytes.h"
#include "base/thread_safety.h"
#include "model/protocol.h"
#include "sandbox/line_reader.h"
#include "sandbox/media_process.h"

namespace ittybit::sandbox {

/// A child's questions to its parent: one at a time, however many inputs it has. Any thread.
class Questions {
public:
    /// `replies` is the socket that the writer writes to.
    Questions(EventWriter& events, LineReader& replies) : events_(events), replies_(replies) {}

    Result<Reply> ask(const Need& need);

private:
    Mutex mutex_;
    EventWriter& events_;
    LineReader& replies_ GUARDED_BY(mutex_);
};

/// An input of a child: a passed descriptor read with pread. Where the file is not complete yet,
/// asks the parent for the bytes first, a megabyte at a time, and waits for its answer.
class ChildSource : public ByteSource {
public:
    /// `number` is its place in the assignment.
    ChildSource(int descriptor, int number, const AssignedInput& input, Questions& questions);

    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;
    std::optional<std::uint64_t> size() override { return size_; }

private:
    Result<> ensure(std::uint64_t offset, std::uint64_t length);
    bool is_present(std::uint64_t offset, std::uint64_t end) const;
    void add_present(std::uint64_t begin, std::uint64_t end);

    FileSource file_;
    const int number_;
    bool is_complete_;
    std::optional<std::uint64_t> size_;
    Questions& questions_;
    std::map<std::uint64_t, std::uint64_t> present_;  // begin → end, apart from each other
};

}  // namespace ittybit::sandbox
