#include "media/pids_by_codec.h"

#include <algorithm>
#include <array>
#include <vector>

namespace ittybit::media {
namespace {

using Bytes = std::span<std::uint8_t>;

constexpr std::size_t kPacket = 188;
constexpr std::array<std::size_t, 3> kStrides = {188, 192, 204};
constexpr std::size_t kMargin = 2 * kStrides.back();  // in which a packet and the one beside it lie
constexpr std::uint8_t kSync = 0x47;
constexpr std::size_t kSum = 4;  // bytes at the end of a section

std::uint16_t pid_at(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>((bytes[at] & 0x1FU) << 8U | bytes[at + 1]);
}

void put_pid(Bytes bytes, std::size_t at, std::uint16_t pid) {
    bytes[at] = static_cast<std::uint8_t>((bytes[at] & 0xE0U) | pid >> 8U);
    bytes[at + 1] = static_cast<std::uint8_t>(pid);
}

std::size_t length_at(Bytes bytes, std::size_t at) {
    return (bytes[at] & 0x0FU) << 8U | bytes[at + 1];
}

/// The sum of a section (annex A).
std::uint32_t sum_of(Bytes bytes) {
    std::uint32_t sum = 0xFFFFFFFF;
    for (const std::uint8_t byte : bytes) {
        sum ^= static_cast<std::uint32_t>(byte) << 24U;
        for (int bit = 0; bit < 8; ++bit) sum = (sum << 1U) ^ ((sum >> 31U) * 0x04C11DB7U);
    }
    return sum;
}

/// The section of a table that begins and ends in this packet; empty where none does.
Bytes section_in(Bytes packet, std::uint8_t table) {
    constexpr std::uint8_t kBegins = 0x40;
    constexpr std::uint8_t kHasField = 0x20;
    constexpr std::size_t kLeast = 12;
    if ((packet[1] & kBegins) == 0) return {};
    std::size_t at = 4;
    if ((packet[3] & kHasField) != 0) at += std::size_t{1} + packet[at];
    if (at >= kPacket) return {};
    at += std::size_t{1} + packet[at];
    if (at + kLeast > kPacket || packet[at] != table) return {};
    const std::size_t length = 3 + length_at(packet, at + 1);
    if (length < kLeast || at + length > kPacket) return {};
    return packet.subspan(at, length);
}

/// Of codings that one decoder reads, one stands for both: MPEG-1 and MPEG-2 (table 2-34).
std::uint8_t coding(std::uint8_t type) {
    if (type == 1) return 2;
    return type == 4 ? 3 : type;
}

/// Whether packets are that far apart, as far as it can be seen.
bool is_packet(Bytes bytes, std::size_t at, std::size_t stride) {
    const auto is_sync = [&](std::size_t place) { return bytes[place] == kSync; };
    if (at + kPacket > bytes.size() || !is_sync(at)) return false;
    const bool has_next = at + stride < bytes.size();
    return (has_next && is_sync(at + stride)) || (at >= stride && is_sync(at - stride));
}

/// How far apart packets are, by the most that follow one another; 0 where there are too few.
std::size_t find_stride(Bytes bytes) {
    constexpr std::size_t kLeastPackets = 5;
    for (const std::size_t stride : kStrides) {
        for (std::size_t start = 0; start < stride; ++start) {
            std::size_t count = 0;
            while (start + count * stride < bytes.size() && bytes[start + count * stride] == kSync)
                ++count;
            if (count >= kLeastPackets) return stride;
        }
    }
    return 0;
}

}  // namespace

Result<std::size_t> PidsByCodec::read_at(std::uint64_t offset, std::span<std::byte> out) {
    const std::size_t before = std::min<std::uint64_t>(offset, kMargin);
    std::vector<std::uint8_t> bytes(before + out.size() + kMargin);
    const std::size_t length =
        TRY(read_full(source_, offset - before, std::as_writable_bytes(std::span(bytes))));
    if (length <= before) return std::size_t{0};
    rename_all(Bytes(bytes).first(length), offset - before);
    const std::size_t given = std::min(length - before, out.size());
    std::ranges::copy(std::as_bytes(Bytes(bytes).subspan(before, given)), out.begin());
    return given;
}

void PidsByCodec::rename_all(Bytes bytes, std::uint64_t offset) {
    if (stride_ == 0) stride_ = find_stride(bytes);
    if (stride_ == 0) return;
    for (std::size_t at = 0; at + kPacket <= bytes.size();) {
        const bool is_there = is_packet(bytes, at, stride_);
        if (is_there) rename(bytes.subspan(at, kPacket), offset + at);
        at += is_there ? stride_ : 1;
    }
}

void PidsByCodec::rename(Bytes packet, std::uint64_t offset) {
    constexpr std::uint8_t kPrograms = 0;  // tables
    constexpr std::uint8_t kMap = 2;
    const Pid pid = pid_at(packet, 1);
    if (pid == 0) {
        see_programs(section_in(packet, kPrograms));
    } else if (maps_.contains(pid)) {
        rename_in_map(section_in(packet, kMap), offset);
    } else {
        put_pid(packet, 1, name_of(pid, offset));
    }
}

void PidsByCodec::see_programs(Bytes section) {
    for (std::size_t at = 8; at + 4 + kSum <= section.size(); at += 4) {
        const bool is_network = section[at] == 0 && section[at + 1] == 0;
        if (!is_network) maps_.insert(pid_at(section, at + 2));
    }
}

void PidsByCodec::rename_in_map(Bytes section, std::uint64_t offset) {
    constexpr std::size_t kHead = 12;
    if (section.size() < kHead + kSum) return;
    const Bytes body = section.first(section.size() - kSum);
    if (sum_of(section) != 0) return;
    std::size_t at = kHead + length_at(body, kHead - 2);
    while (at + 5 <= body.size()) {
        const Pid pid = pid_at(body, at + 1);
        const std::uint8_t type = coding(body[at]);
        note(pid, type, offset);
        put_pid(body, at + 1, name_as(pid, type));
        at += 5 + length_at(body, at + 3);
    }
    put_pid(body, 8, name_of(pid_at(body, 8), offset));  // of the clock
    const std::uint32_t sum = sum_of(body);
    for (std::size_t i = 0; i < kSum; ++i)
        section[body.size() + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
}

/// What a map says again is not kept.
void PidsByCodec::note(Pid pid, std::uint8_t type, std::uint64_t offset) {
    constexpr std::size_t kMostChanges = 100;  // of one PID
    first_types_.try_emplace(pid, type);
    auto& types = types_[pid];
    const auto behind = types.upper_bound(offset);
    const bool is_new = behind == types.begin() || std::prev(behind)->second != type;
    if (is_new && types.size() < kMostChanges) types[offset] = type;
}

PidsByCodec::Pid PidsByCodec::name_of(Pid pid, std::uint64_t offset) const {
    const auto types = types_.find(pid);
    if (others_.empty() || types == types_.end()) return pid;
    const auto behind = types->second.upper_bound(offset);
    if (behind == types->second.begin()) return pid;
    const auto name = others_.find({pid, std::prev(behind)->second});
    return name == others_.end() ? pid : name->second;
}

/// A PID that no map names, from the last ones on, which hardly anybody uses.
PidsByCodec::Pid PidsByCodec::name_as(Pid pid, std::uint8_t type) {
    constexpr Pid kLast = 0x1FF0;
    constexpr std::size_t kMostOthers = 100;
    if (first_types_.at(pid) == type) return pid;
    const auto known = others_.find({pid, type});
    if (known != others_.end()) return known->second;
    if (others_.size() == kMostOthers) return pid;
    auto name = static_cast<Pid>(kLast - others_.size());
    while (name > 0 && (first_types_.contains(name) || maps_.contains(name))) --name;
    others_[{pid, type}] = name;
    first_types_.try_emplace(name, type);
    return name;
}

}  // namespace ittybit::media
