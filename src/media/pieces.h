#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "media/handles.h"
#include "media/sink.h"
#include "model/limits.h"
#include "model/plan.h"

/// A picture that is encoded piece by piece, each by another process, and joined packet by packet.
///
/// Between them packets lie in a form of our own, which keeps all that an encoder says of them:
/// per piece a PieceHeader and the encoder's headers, per packet a PacketHeader and its bytes, and
/// a PacketHeader without bytes at the end. Pieces one behind the other are one file. Numbers are
/// little-endian, as on every machine this runs on.
namespace ittybit::media {

/// Passes on the pictures that begin in [from, to) ticks, as they are.
class PieceOf : public Sink<Frame> {
public:
    PieceOf(const PlannedPiece& piece, Sink<Frame>& next) : piece_(piece), next_(next) {}
    Result<> push(Frame frame) override;
    Result<> finish() override { return next_.finish(); }

private:
    const PlannedPiece piece_;
    Sink<Frame>& next_;
};

struct PieceHeader {
    std::uint64_t magic = 0;
    std::int64_t number = 0;
    std::int64_t headers = 0;  // bytes of the encoder's, which follow
};

struct PacketHeader {
    std::int64_t pts = 0;
    std::int64_t dts = 0;
    std::int64_t duration = 0;
    std::int32_t flags = 0;
    std::int32_t size = 0;  // bytes, which follow; 0: this ends the piece
};

/// Writes one piece into a file of the current folder.
class PieceWriter : public Sink<Packet> {
public:
    /// Errors: `disk_full`, later also `limit_exceeded` (output_bytes).
    static Result<std::unique_ptr<PieceWriter>> create(
        const std::string& name, const Limits& limits
    );

    /// Before the first packet.
    Result<> begin(const PlannedPiece& piece, const AVCodecContext& codec);
    /// Hears how far it is, in ticks from the front of all.
    void tell(std::function<void(std::int64_t)> told) { told_ = std::move(told); }

    Result<> push(Packet packet) override;
    Result<> finish() override;

    std::int64_t size() const { return size_; }  // bytes

private:
    PieceWriter(Fd file, const Limits& limits) : file_(std::move(file)), limits_(limits) {}
    Result<> write(const void* bytes, std::size_t count);

    Fd file_;
    const Limits limits_;
    std::function<void(std::int64_t)> told_;
    std::int64_t size_ = 0;
};

/// Reads pieces that lie one behind the other, as one stream: decoding times go on over the joints
/// as if one encoder had made them all.
class PieceReader {
public:
    /// `codec`: an encoder of the same settings, opened, of which nothing more is needed.
    PieceReader(ByteSource& source, std::int64_t pieces, const AVCodecContext& codec);

    /// The next packet; null behind the last piece. Errors: `internal_error` where pieces are
    /// missing, in another order, or of another encoder; those of the source.
    Result<Packet> next();

private:
    Result<> begin_piece();
    Result<> read(void* out, std::size_t count);
    Result<Packet> read_packet(const PacketHeader& header);
    void mend_decoding_time(AVPacket& packet);

    ByteSource& source_;
    const std::int64_t pieces_;
    const AVRational time_base_;
    const std::string headers_;  // what each piece's encoder has to have said
    std::uint64_t position_ = 0;
    std::int64_t piece_ = -1;  // that is being read
    bool is_inside_ = false;
    std::optional<std::int64_t> first_pts_;  // of the piece
    std::size_t early_ = 0;                  // of its packets, decoded before that
    std::size_t held_back_ = 0;              // pictures, by the encoder: the most that were early
    std::vector<std::int64_t> latest_;       // pts of all that came, in order
    std::vector<std::int64_t> borrowed_;     // of them, those before the piece
    std::int64_t last_dts_ = kNoTime;
};

}  // namespace ittybit::media
