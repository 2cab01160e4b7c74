#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace ittybit::media {

/// A transport stream (ISO/IEC 13818-1) in which each PID keeps its coding. Where a map of a
/// program (2.4.4.8) gives one another stream type, as in recordings put one behind the other, its
/// packets and what the map says of it get a PID of their own from there on: libav heeds the first
/// map alone. What was seen of the maps counts behind them, also after going back; a part that was
/// never read is as it is.
class PidsByCodec : public ByteSource {
public:
    explicit PidsByCodec(ByteSource& source) : source_(source) {}

    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;
    std::optional<std::uint64_t> size() override { return source_.size(); }

private:
    using Bytes = std::span<std::uint8_t>;
    using Pid = std::uint16_t;

    void rename_all(Bytes bytes, std::uint64_t offset);
    void rename(Bytes packet, std::uint64_t offset);
    void see_programs(Bytes section);
    void rename_in_map(Bytes section, std::uint64_t offset);
    void note(Pid pid, std::uint8_t type, std::uint64_t offset);
    Pid name_of(Pid pid, std::uint64_t offset) const;
    Pid name_as(Pid pid, std::uint8_t type);

    ByteSource& source_;
    std::size_t stride_ = 0;  // bytes from packet to packet; 0 until known
    std::set<Pid> maps_;      // PIDs of the programs' maps
    std::map<Pid, std::map<std::uint64_t, std::uint8_t>> types_;  // of streams, from bytes on
    std::map<Pid, std::uint8_t> first_types_;
    std::map<std::pair<Pid, std::uint8_t>, Pid> others_;  // the names of what came later
};

}  // namespace ittybit::media
