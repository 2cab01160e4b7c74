#include "conformance/transport_stream.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "conformance/coded.h"

namespace ittybit::conformance {
namespace {

using manifest::Place;
using manifest::Report;
using manifest::rule;

constexpr std::size_t kPacket = 188;
constexpr int kNothing = 0x1FFF;  // the program id of packets without content
constexpr std::size_t kLongestHead = 65536;
constexpr int kH264 = 0x1B, kH265 = 0x24, kAdts = 0x0F, kAc3 = 0x81, kEac3 = 0x87, kMpegAudio = 3,
              kMpegAudio2 = 4;

/// Whether the checksum at the end of a section is right (ISO/IEC 13818-1, annex A); one that goes
/// on in other packets is not looked at. `table` begins with the section.
bool is_intact(Bytes table) {
    ByteReader in(table);
    in.u8();
    const std::size_t length = (in.u16() & 0xFFFU) + std::size_t{3};
    if (length > table.size()) return true;
    std::uint32_t sum = UINT32_MAX;
    for (const auto byte : table.first(length)) {
        sum ^= static_cast<std::uint32_t>(byte) << 24U;
        for (int i = 0; i < 8; ++i) sum = sum << 1U ^ ((sum >> 31U) != 0 ? 0x04C11DB7U : 0U);
    }
    return sum == 0;
}

/// A time of 33 bits with markers between (2.4.3.7).
std::int64_t read_time(ByteReader& in) {
    const std::uint64_t high = in.u8(), middle = in.u16(), low = in.u16();
    return static_cast<std::int64_t>((high >> 1U & 7U) << 30U | middle >> 1U << 15U | low >> 1U);
}

/// Reads the packets of one segment.
class SegmentReader {
public:
    SegmentReader(Bytes bytes, const std::string& file, Report& report)
        : bytes_(bytes), file_(file), report_(report) {}

    TransportSegment read(Bytes tables) {
        for (; tables.size() >= kPacket; tables = tables.subspan(kPacket))
            take_packet(tables.first(kPacket));
        counters_.clear();
        report_.expect(
            bytes_.size() % kPacket == 0, rule("ts-packet"), at(bytes_.size()),
            "the segment is no whole number of packets"
        );
        for (at_ = 0; at_ + kPacket <= bytes_.size(); at_ += kPacket) {
            if (!report_.expect(
                    bytes_[at_] == 0x47, rule("ts-packet"), at(at_),
                    "a packet without its sync byte"
                ))
                break;
            take_packet(bytes_.subspan(at_, kPacket));
        }
        for (auto& [pid, stream] : segment_.streams) end_packet(pid, stream);
        report_.expect(has_map_, rule("ts-tables"), at(0), "no PAT and PMT");
        return std::move(segment_);
    }

private:
    Place at(std::size_t byte) const { return {file_, {}, static_cast<std::int64_t>(byte)}; }

    void take_packet(Bytes packet) {
        ByteReader in(packet);
        in.u8();
        const auto word = in.u16();
        const bool begins = (word & 0x4000U) != 0;
        const int pid = word & 0x1FFF;
        const auto control = in.u8();
        if ((control & 0x20U) != 0) take_adaptation(in.bytes(in.u8()), pid);
        const bool has_payload = (control & 0x10U) != 0;
        if (pid == kNothing) return;
        report_.expect(
            (word & 0x8000U) == 0 && (control & 0xC0U) == 0, rule("ts-packet"), at(at_),
            "a packet that is said to be broken or scrambled"
        );
        const auto payload = in.rest();
        check_counter(pid, control & 0xFU, has_payload, payload);
        if (!has_payload || in.is_short()) return;
        if (pid == 0) return read_pat(payload, begins);
        if (pid == map_pid_) return read_pmt(payload, begins);
        const auto found = segment_.streams.find(pid);
        if (found != segment_.streams.end()) take_payload(pid, found->second, payload, begins);
        if (begins && payload.size() > 3 && payload[0] == 0 && payload[1] == 0 && payload[2] == 1)
            report_.expect(has_map_, rule("ts-tables"), at(at_), "media before PAT and PMT");
    }

    void take_adaptation(Bytes field, int pid) {
        ByteReader in(field);
        const auto flags = in.u8();
        if ((flags & 0x80U) != 0) counters_.erase(pid);  // discontinuity_indicator
        if ((flags & 0x10U) == 0 || segment_.clock || pid != clock_pid_) return;
        segment_.clock = static_cast<std::int64_t>(in.take(6) >> 15U);
    }

    /// The same packet may come twice (2.4.3.3).
    void check_counter(int pid, unsigned counter, bool has_payload, Bytes payload) {
        if (!has_payload) return;
        const auto known = counters_.find(pid);
        if (known != counters_.end()) {
            const auto& before = known->second;
            const bool is_same =
                counter == before.counter && std::ranges::equal(payload, before.payload);
            report_.expect(
                is_same || counter == ((before.counter + 1) & 0xFU), rule("ts-continuity"), at(at_),
                fmt::format("program id {}: {} after {}", pid, counter, before.counter)
            );
        }
        counters_[pid] = {counter, payload};
    }

    void check_table(Bytes table) {
        constexpr int kMost = 1000;  // of a segment; each byte takes a while
        report_.expect(
            ++tables_ > kMost || is_intact(table), rule("ts-tables"), at(at_),
            "the checksum of a table is wrong"
        );
    }

    void read_pat(Bytes payload, bool begins) {
        if (!begins || payload.empty()) return;
        ByteReader in(payload);
        in.skip(in.u8());
        check_table(in.rest());
        in.skip(1);
        const auto length = in.u16() & 0xFFFU;
        in.skip(5);
        int programs = 0;
        for (std::size_t left = length > 9 ? length - 9 : 0; left >= 4; left -= 4) {
            const auto number = in.u16();
            const auto pid = in.u16() & 0x1FFF;
            if (number == 0 || in.is_short()) continue;
            ++programs;
            map_pid_ = pid;
        }
        report_.expect(
            programs == 1, rule("ts-tables"), at(at_), fmt::format("{} programs", programs)
        );
    }

    void read_pmt(Bytes payload, bool begins) {
        if (!begins || payload.empty()) return;
        ByteReader in(payload);
        in.skip(in.u8());
        check_table(in.rest());
        in.skip(1);
        const std::size_t length = in.u16() & 0xFFFU;
        in.skip(5);
        clock_pid_ = in.u16() & 0x1FFF;
        segment_.has_clock = clock_pid_ != kNothing;
        const std::size_t about = in.u16() & 0xFFFU;
        in.skip(about);
        std::size_t left = length > 13 + about ? length - 13 - about : 0;
        while (left >= 5 && !in.is_short()) {
            const int type = in.u8();
            const int pid = in.u16() & 0x1FFF;
            const std::size_t more = in.u16() & 0xFFFU;
            in.skip(more);
            left -= std::min(left, more + 5);
            segment_.streams[pid].type = type;
        }
        has_map_ = true;
    }

    void take_payload(int pid, ElementaryStream& stream, Bytes payload, bool begins) {
        if (begins) {
            end_packet(pid, stream);
            ByteReader in(payload);
            if (!report_.expect(
                    in.u24() == 1, rule("ts-packet"), at(at_),
                    "a packet of media that begins without its start code"
                ))
                return;
            in.skip(4);
            const auto flags = in.u8();
            const auto head = in.u8();
            auto header = ByteReader(in.bytes(head));
            if ((flags & 0x80U) != 0) stream.times.push_back(read_time(header));
            if ((flags & 0xC0U) == 0xC0)
                report_.expect(
                    ticks_between(read_time(header), stream.times.back()) >= 0,
                    rule("ts-timestamps"), at(at_), "what is shown before it is decoded"
                );
            payload = in.rest();
            unit_.erase(pid);
        }
        auto& unit = unit_[pid];
        const auto room = kLongestHead - std::min(kLongestHead, unit.size());
        const auto piece = payload.first(std::min(room, payload.size()));
        unit.insert(unit.end(), piece.begin(), piece.end());
    }

    /// An access unit (in most streams) is there, or its beginning.
    void end_packet(int pid, ElementaryStream& stream) {
        const auto found = unit_.find(pid);
        if (found == unit_.end()) return;
        if (stream.head.empty()) {
            stream.head = found->second;
            stream.has_sets = stream.type != kH264 || has_parameter_sets(stream.head);
        }
        const bool is_key =
            stream.type == kH264 && kind_of_access_unit(found->second) == PictureKind::kKey;
        if (is_key && !stream.times.empty()) stream.keys.push_back(stream.times.back());
        unit_.erase(found);
    }

    const Bytes bytes_;
    const std::string& file_;
    Report& report_;
    TransportSegment segment_;
    std::size_t at_ = 0;
    struct Counted {
        unsigned counter = 0;
        Bytes payload;
    };
    int map_pid_ = -1;
    int clock_pid_ = kNothing;
    bool has_map_ = false;
    int tables_ = 0;  // whose checksum was looked at
    std::map<int, Counted> counters_;
    std::map<int, std::vector<std::uint8_t>> unit_;  // that is being read, its first bytes
};

}  // namespace

bool ElementaryStream::is_picture() const {
    return type == kH264 || type == kH265 || type == 1 || type == 2;
}

bool ElementaryStream::is_sound() const {
    return type == kAdts || type == kAc3 || type == kEac3 || type == kMpegAudio ||
           type == kMpegAudio2;
}

std::string ElementaryStream::codec() const {
    if (type == kAc3) return "ac-3";
    if (type == kEac3) return "ec-3";
    if (type == kMpegAudio || type == kMpegAudio2) return "mp4a.40.34";
    if (type == kAdts && head.size() > 2) return fmt::format("mp4a.40.{}", (head[2] >> 6U) + 1);
    const auto facts = type == kH264 ? picture_facts_of(head) : std::nullopt;
    return facts ? fmt::format(
                       "avc1.{:02x}{:02x}{:02x}", facts->profile, facts->constraints, facts->level
                   )
                 : "";
}

TransportSegment read_transport_segment(
    Bytes bytes, const std::string& file, Report& report, Bytes tables
) {
    return SegmentReader(bytes, file, report).read(tables);
}

std::int64_t ticks_between(std::int64_t earlier, std::int64_t later) {
    constexpr std::int64_t kWrap = std::int64_t{1} << 33;
    const auto ahead = (later - earlier) % kWrap;
    if (ahead > kWrap / 2) return ahead - kWrap;
    return ahead < -kWrap / 2 ? ahead + kWrap : ahead;
}

}  // namespace ittybit::conformance
