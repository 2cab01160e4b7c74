#include "sandbox/child_source.h"

#include <algorithm>
#include <utility>

namespace ittybit::sandbox {
namespace {

/// How much is asked for at once: fewer questions, and a header rarely needs a second one.
constexpr std::uint64_t kBlock = std::uint64_t{1} << 20U;

Error parent_gone() {
    return {ErrorKind::kTaskCrashed, "the input's source is gone", ""};
}

std::optional<std::uint64_t> size_of(const AssignedInput& input, FileSource& file) {
    if (input.is_complete) return file.size();
    if (!input.size) return std::nullopt;
    return static_cast<std::uint64_t>(*input.size);
}

}  // namespace

Result<Reply> Questions::ask(const Need& need) {
    const MutexLock lock(mutex_);
    events_.send(need);
    for (;;) {
        if (const auto line = replies_.next_line()) return decode_line<Reply>(*line);
        if (TRY(replies_.receive()) == LineReader::Received::kEnd) return parent_gone();
    }
}

ChildSource::ChildSource(
    int descriptor, int number, const AssignedInput& input, Questions& questions
)
    : file_(descriptor),
      number_(number),
      is_complete_(input.is_complete),
      size_(size_of(input, file_)),
      questions_(questions) {}

Result<std::size_t> ChildSource::read_at(std::uint64_t offset, std::span<std::byte> out) {
    if (size_ && offset >= *size_) return std::size_t{0};
    if (!is_complete_) TRY(ensure(offset, out.size()));
    // What lies behind the end is a hole in the scratch file, not input.
    if (size_ && offset >= *size_) return std::size_t{0};
    if (size_) out = out.first(std::min<std::uint64_t>(out.size(), *size_ - offset));
    return file_.read_at(offset, out);
}

Result<> ChildSource::ensure(std::uint64_t offset, std::uint64_t length) {
    const std::uint64_t end = size_ ? std::min(*size_, offset + length) : offset + length;
    if (is_present(offset, end)) return {};
    const std::uint64_t wanted = (std::max(end, offset + 1) + kBlock - 1) / kBlock * kBlock;
    const std::uint64_t asked_end = size_ ? std::min(*size_, wanted) : wanted;
    const auto reply = TRY(questions_.ask(
        {number_, static_cast<std::int64_t>(offset), static_cast<std::int64_t>(asked_end - offset)}
    ));
    if (reply.error) return reply.error->error();
    if (reply.input_size) size_ = static_cast<std::uint64_t>(*reply.input_size);
    add_present(offset, asked_end);
    return {};
}

bool ChildSource::is_present(std::uint64_t offset, std::uint64_t end) const {
    const auto after = present_.upper_bound(offset);
    if (after == present_.begin()) return false;
    return std::prev(after)->second >= end;
}

void ChildSource::add_present(std::uint64_t begin, std::uint64_t end) {
    auto next = present_.upper_bound(begin);
    if (next != present_.begin() && std::prev(next)->second >= begin) {
        --next;
        begin = next->first;
    }
    while (next != present_.end() && next->first <= end) {
        end = std::max(end, next->second);
        next = present_.erase(next);
    }
    present_[begin] = end;
}

}  // namespace ittybit::sandbox
