#include "media/pieces.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "media/error.h"

namespace ittybit::media {
namespace {

constexpr std::uint64_t kMagic = 0x0002'4543'4549'5054;
constexpr std::int64_t kMostHeaders = 1 << 20;      // bytes of an encoder's
constexpr std::size_t kMostReordered = 32;          // pictures that an encoder holds back
constexpr std::int32_t kLargestPacket = 256 << 20;  // bytes

Error broken(const std::string& what) {
    return {ErrorKind::kInternalError, "a piece of the video " + what, ""};
}

bool is_inside(const PlannedPiece& piece, std::int64_t pts) {
    return pts >= piece.from && (!piece.to || pts < *piece.to);
}

}  // namespace

Result<> PieceOf::push(Frame frame) {
    return is_inside(piece_, frame->pts) ? next_.push(std::move(frame)) : Result<>();
}

Result<std::unique_ptr<PieceWriter>> PieceWriter::create(
    const std::string& name, const PlannedPiece& piece, std::size_t tracks, const Limits& limits
) {
    Fd file(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return output_error(AVERROR(errno), "create the output file");
    std::unique_ptr<PieceWriter> made(new PieceWriter(std::move(file), piece, limits));
    const PieceHeader header{kMagic, piece.number, static_cast<std::int64_t>(tracks)};
    const MutexLock lock(made->mutex_);
    TRY(made->write(&header, sizeof header));
    return made;
}

PieceWriter::Track& PieceWriter::add_track() {
    return tracks_.emplace_back(*this, std::ssize(tracks_));
}

Result<> PieceWriter::write(const void* bytes, std::size_t count) {
    size_ += static_cast<std::int64_t>(count);
    if (size_ > limits_.output_bytes) return output_error(AVERROR(EFBIG), "write the output file");
    const auto* at = static_cast<const char*>(bytes);
    while (count > 0) {
        const auto written = ::write(file_.get(), at, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return output_error(AVERROR(errno), "write the output file");
        at += written;
        count -= static_cast<std::size_t>(written);
    }
    return {};
}

Result<> PieceWriter::Track::describe(const AVCodecContext& codec) {
    const std::int64_t size = codec.extradata_size;
    const MutexLock lock(writer_.mutex_);
    TRY(writer_.write(&size, sizeof size));
    return writer_.write(codec.extradata, static_cast<std::size_t>(size));
}

Result<> PieceWriter::Track::push(Packet packet) {
    is_past_ = writer_.piece_.to && packet->dts >= *writer_.piece_.to;
    if (packet->size == 0 || !is_inside(writer_.piece_, packet->pts)) return {};
    const PacketHeader header{number_,          packet->pts,   packet->dts,
                              packet->duration, packet->flags, packet->size};
    {
        const MutexLock lock(writer_.mutex_);
        TRY(writer_.write(&header, sizeof header));
        TRY(writer_.write(packet->data, static_cast<std::size_t>(packet->size)));
    }
    if (told_) told_(packet->pts);
    return {};
}

Result<> PieceWriter::finish(SeenCaptions captions) {
    const PacketHeader end{.flags = static_cast<std::int32_t>(captions)};
    const MutexLock lock(mutex_);
    return write(&end, sizeof end);
}

PieceTrack::PieceTrack(const AVCodecContext& codec)
    : time_base(codec.time_base),
      headers(
          reinterpret_cast<const char*>(codec.extradata),
          static_cast<std::size_t>(codec.extradata_size)
      ) {}

PieceReader::PieceReader(ByteSource& source, std::int64_t pieces, std::vector<PieceTrack> tracks)
    : source_(source), pieces_(pieces), tracks_(std::move(tracks)), times_(tracks_.size()) {}

Result<> PieceReader::read(void* out, std::size_t count) {
    const auto got = TRY(read_full(source_, position_, {static_cast<std::byte*>(out), count}));
    if (got < count) return broken("is cut off");
    position_ += got;
    return {};
}

Result<> PieceReader::begin_piece() {
    PieceHeader header;
    TRY(read(&header, sizeof header));
    if (header.magic != kMagic || header.tracks != std::ssize(tracks_)) return broken("is none");
    ++piece_;
    if (header.number != piece_)
        return broken(fmt::format("has number {} where {} belongs", header.number, piece_));
    for (const PieceTrack& track : tracks_) {
        std::int64_t size = 0;
        TRY(read(&size, sizeof size));
        if (size < 0 || size > kMostHeaders) return broken("has no such headers");
        std::string headers(static_cast<std::size_t>(size), '\0');
        TRY(read(headers.data(), headers.size()));
        if (headers != track.headers)
            return broken("was made by another version of its encoder than is here");
    }
    is_inside_ = true;
    for (JoinedTimes& times : times_) times.begin_piece();
    return {};
}

Result<Packet> PieceReader::next() {
    for (;;) {
        if (!is_inside_ && piece_ + 1 == pieces_) return Packet();
        if (!is_inside_) TRY(begin_piece());
        PacketHeader header;
        TRY(read(&header, sizeof header));
        if (header.size != 0) return read_packet(header);
        captions_ |= static_cast<SeenCaptions>(header.flags);
        is_inside_ = false;
    }
}

Result<Packet> PieceReader::read_packet(const PacketHeader& header) {
    const bool is_known = header.track >= 0 && header.track < std::ssize(tracks_);
    if (!is_known || header.size < 0 || header.size > kLargestPacket)
        return broken("has no such packet");
    const auto track = static_cast<std::size_t>(header.track);
    Packet packet = make_packet();
    if (const int code = av_new_packet(packet.get(), header.size); code < 0)
        return output_error(code, "join the video");
    TRY(read(packet->data, static_cast<std::size_t>(header.size)));
    packet->pts = header.pts;
    packet->dts = header.dts;
    packet->duration = header.duration;
    packet->flags = header.flags;
    packet->time_base = tracks_[track].time_base;
    packet->stream_index = static_cast<int>(track);
    times_[track].mend(*packet);
    return packet;
}

void JoinedTimes::begin_piece() {
    first_pts_.reset();
    early_ = 0;
    const auto count = std::min(held_back_, latest_.size());
    borrowed_.assign(latest_.end() - static_cast<std::ptrdiff_t>(count), latest_.end());
}

/// A packet is decoded when the picture is shown that comes so many earlier as the encoder holds
/// back. For its first packets, which come too early for that, an encoder makes times up; here they
/// are those of the pieces before.
void JoinedTimes::mend(AVPacket& packet) {
    if (!first_pts_) first_pts_ = packet.pts;
    if (packet.dts < *first_pts_) held_back_ = std::max(held_back_, ++early_);
    if (packet.dts < *first_pts_ && !borrowed_.empty()) {
        packet.dts = borrowed_.front();
        borrowed_.erase(borrowed_.begin());
    }
    if (last_dts_ != kNoTime) packet.dts = std::max(packet.dts, last_dts_ + 1);
    packet.dts = std::min(packet.dts, packet.pts);
    last_dts_ = packet.dts;
    latest_.insert(std::ranges::upper_bound(latest_, packet.pts), packet.pts);
    if (latest_.size() > kMostReordered) latest_.erase(latest_.begin());
}

}  // namespace ittybit::media
