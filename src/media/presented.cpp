#include "media/presented.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "media/boxes.h"
#include "media/pids_by_codec.h"

namespace ittybit::media {
namespace {

using namespace std::string_view_literals;

/// A file with another name of four letters in front.
class Renamed : public ByteSource {
public:
    Renamed(ByteSource& source, std::uint64_t start, std::string_view name)
        : source_(source), start_(start), name_(name) {}

    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        const std::size_t count = TRY(source_.read_at(offset, out));
        for (std::size_t i = 0; i < name_.size(); ++i) {
            const std::uint64_t at = start_ + i;
            if (at >= offset && at < offset + count)
                out[at - offset] = static_cast<std::byte>(name_[i]);
        }
        return count;
    }
    std::optional<std::uint64_t> size() override { return source_.size(); }

private:
    ByteSource& source_;
    std::uint64_t start_;
    std::string_view name_;
};

/// Whether the sizes that come first in RF64 and BW64 are all zero.
Result<bool> is_without_sizes(ByteSource& source, std::uint64_t start) {
    Bytes bytes(source, start);
    const auto name = TRY(bytes.number(0, 4));
    if (name != letters("RF64") && name != letters("BW64")) return false;
    const bool has_sizes = TRY(bytes.number(12, 4)) == letters("ds64");
    const auto riff = TRY(bytes.number(20, 8));
    return has_sizes && riff == 0 && TRY(bytes.number(28, 8)) == 0;
}

}  // namespace

Result<std::unique_ptr<ByteSource>> presented(ByteSource& source, const Sniffed& sniffed) {
    std::unique_ptr<ByteSource> made;
    if (sniffed.demuxer == "mpegts") made = std::make_unique<PidsByCodec>(source);
    if (sniffed.demuxer == "wav" && TRY(is_without_sizes(source, sniffed.start)))
        made = std::make_unique<Renamed>(source, sniffed.start, "RIFF"sv);
    return made;
}

}  // namespace ittybit::media
