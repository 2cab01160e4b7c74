#include "media/programs.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace ittybit::media {
namespace {

std::span<AVProgram* const> programs(const AVFormatContext& format) {
    return {format.programs, format.nb_programs};
}

/// The streams that a program names now.
std::span<const unsigned> members(const AVProgram& program) {
    return {program.stream_index, program.nb_stream_indexes};
}

bool names(const AVProgram& program, int stream) {
    return std::ranges::find(members(program), static_cast<unsigned>(stream)) !=
           members(program).end();
}

bool is_named(const AVFormatContext& format, int stream) {
    return std::ranges::any_of(programs(format), [&](const AVProgram* program) {
        return names(*program, stream);
    });
}

std::string_view language(const AVStream& stream) {
    const auto* entry = av_dict_get(stream.metadata, "language", nullptr, 0);
    return entry == nullptr ? "" : entry->value;
}

bool is_alike(const AVStream& one, const AVStream& other) {
    return one.codecpar->codec_type == other.codecpar->codec_type &&
           av_cmp_q(one.time_base, other.time_base) == 0 && language(one) == language(other);
}

/// Packets within which all streams have shown up: a multiplexer may collect one's packets for
/// long.
std::int64_t beginning_of(std::size_t streams) {
    return std::max<std::int64_t>(100, 25 * static_cast<std::int64_t>(streams));
}

constexpr std::int64_t kLongEnough = 50;  // of one stream, whatever else is read

}  // namespace

bool may_share_program(const AVFormatContext& format, int one, int other) {
    if (!is_named(format, one) || !is_named(format, other)) return true;
    return std::ranges::any_of(programs(format), [&](const AVProgram* program) {
        return names(*program, one) && names(*program, other);
    });
}

bool may_continue(const AVFormatContext& format, int stream, int before) {
    const bool can_move = (format.iformat->flags & AVFMT_TS_DISCONT) != 0;
    if (!can_move || stream == before) return false;
    if (std::max(stream, before) >= static_cast<int>(format.nb_streams)) return false;
    const AVStream& one = *format.streams[stream];
    const AVStream& other = *format.streams[before];
    if (!is_alike(one, other)) return false;
    // In another coding it takes the place of one that the program names no more.
    if (one.codecpar->codec_id != other.codecpar->codec_id)
        return is_named(format, stream) && !is_named(format, before);
    return may_share_program(format, stream, before);
}

void tell_coding(AVPacket& packet, AVCodecID coding) {
    packet.opaque = const_cast<AVCodecDescriptor*>(avcodec_descriptor_get(coding));
}

AVCodecID told_coding(const AVPacket& packet) {
    const auto* told = static_cast<const AVCodecDescriptor*>(packet.opaque);
    return told == nullptr ? AV_CODEC_ID_NONE : told->id;
}

/// A stream that begins long after others moved there from the first like it.
int Movements::find_before(const AVFormatContext& format, int stream) const {
    for (std::size_t i = 0; i < streams_.size(); ++i) {
        const Seen& other = streams_[i];
        const auto index = static_cast<int>(i);
        const bool is_old = other.packets > kLongEnough;
        const bool is_taken =
            std::ranges::any_of(streams_, [&](const Seen& seen) { return seen.before == index; });
        const bool has_gone = !is_taken && other.before < 0;
        if (is_old && has_gone && may_continue(format, stream, index)) return index;
    }
    return -1;
}

int Movements::index_of(const AVFormatContext& format, const AVPacket& packet) {
    const int stream = packet.stream_index;
    const auto index = static_cast<std::size_t>(stream);
    if (index >= streams_.size()) streams_.resize(index + 1);
    ++packets_;
    Seen& seen = streams_[index];
    ++seen.packets;
    if (seen.first < 0) {
        seen.first = packets_;
        seen.position = packet.pos;
        seen.before = find_before(format, stream);
    }
    // What comes again has not moved.
    for (Seen& other : streams_) {
        if (other.before != stream) continue;
        if (packet.pos < other.position) return -1;  // of what a parser held back nobody knows it
        other.before = -1;
    }
    return seen.before < 0 ? stream : seen.before;
}

bool Movements::begins_late(int stream) const {
    const auto index = static_cast<std::size_t>(stream);
    return index < streams_.size() && streams_[index].first > beginning_of(streams_.size()) &&
           streams_[index].before < 0;
}

bool Movements::any() const {
    return std::ranges::any_of(streams_, [](const Seen& seen) { return seen.before >= 0; });
}

}  // namespace ittybit::media
