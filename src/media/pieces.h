#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/thread_safety.h"
#include "media/closed_captions.h"
#include "media/handles.h"
#include "media/sink.h"
#include "model/limits.h"
#include "model/plan.h"

/// A picture that is encoded piece by piece, each by another process, and joined packet by packet.
///
/// A piece has a track for each encoder that makes something of the picture. Between them packets
/// lie in a form of our own, which keeps all that an encoder says of them: per piece a PieceHeader
/// and for each track the length of the encoder's headers and they, per packet a PacketHeader and
/// its bytes, and a PacketHeader without bytes at the end. Pieces one behind the other are one
/// file. Numbers are little-endian, as on every machine this runs on.
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
    std::int64_t tracks = 0;
};

struct PacketHeader {
    std::int64_t track = 0;  // from 0
    std::int64_t pts = 0;
    std::int64_t dts = 0;
    std::int64_t duration = 0;
    std::int32_t flags = 0;  // at the end: SeenCaptions of the best track
    std::int32_t size = 0;   // bytes, which follow; 0: this ends the piece
};

/// Writes one piece into a file of the current folder. What begins outside of it is left out.
class PieceWriter {
public:
    /// The inbox of an encoder, on a thread of its own.
    class Track : public Sink<Packet> {
    public:
        Track(PieceWriter& writer, std::int64_t number) : writer_(writer), number_(number) {}

        /// Before the first packet of any, in the order of the tracks.
        Result<> describe(const AVCodecContext& codec);
        /// Hears how far it is, in ticks from the front of all.
        void tell(std::function<void(std::int64_t)> told) { told_ = std::move(told); }

        Result<> push(Packet packet) override;
        Result<> finish() override { return {}; }

        /// Whether all of the piece was there: what is decoded later is shown behind it.
        bool is_past() const { return is_past_; }

    private:
        PieceWriter& writer_;
        const std::int64_t number_;
        bool is_past_ = false;
        std::function<void(std::int64_t)> told_;
    };

    /// Errors: `disk_full`, later also `limit_exceeded` (output_bytes).
    static Result<std::unique_ptr<PieceWriter>> create(
        const std::string& name, const PlannedPiece& piece, std::size_t tracks, const Limits& limits
    );
    PieceWriter(const PieceWriter&) = delete;
    PieceWriter& operator=(const PieceWriter&) = delete;
    ~PieceWriter() = default;

    Track& add_track();
    /// Once all tracks are at their end.
    Result<> finish(SeenCaptions captions);

    std::int64_t size() const {  // bytes
        const MutexLock lock(mutex_);
        return size_;
    }

private:
    PieceWriter(Fd file, const PlannedPiece& piece, const Limits& limits)
        : file_(std::move(file)), piece_(piece), limits_(limits) {}
    Result<> write(const void* bytes, std::size_t count) REQUIRES(mutex_);

    Fd file_;
    const PlannedPiece piece_;
    const Limits limits_;
    std::deque<Track> tracks_;
    mutable Mutex mutex_;
    std::int64_t size_ GUARDED_BY(mutex_) = 0;
};

/// What each piece's encoder of a track has to have said.
struct PieceTrack {
    /// `codec`: an encoder of the same settings, opened.
    explicit PieceTrack(const AVCodecContext& codec);
    AVRational time_base;
    std::string headers;
};

/// The decoding times of one track, which go on over the joints as if one encoder had made them
/// all.
class JoinedTimes {
public:
    void begin_piece();
    void mend(AVPacket& packet);

private:
    std::optional<std::int64_t> first_pts_;  // of the piece
    std::size_t early_ = 0;                  // of its packets, decoded before that
    std::size_t held_back_ = 0;              // pictures, by the encoder: the most that were early
    std::vector<std::int64_t> latest_;       // pts of all that came, in order
    std::vector<std::int64_t> borrowed_;     // of them, those before the piece
    std::int64_t last_dts_ = kNoTime;
};

/// Reads pieces that lie one behind the other, as one stream for each track.
class PieceReader {
public:
    PieceReader(ByteSource& source, std::int64_t pieces, std::vector<PieceTrack> tracks);

    /// The next packet, whose `stream_index` is its track; null behind the last piece. Errors:
    /// `internal_error` where pieces are missing, in another order, or of other encoders; those of
    /// the source.
    Result<Packet> next();

    /// Of the pieces that were read.
    SeenCaptions captions() const { return captions_; }

private:
    Result<> begin_piece();
    Result<> read(void* out, std::size_t count);
    Result<Packet> read_packet(const PacketHeader& header);

    ByteSource& source_;
    const std::int64_t pieces_;
    const std::vector<PieceTrack> tracks_;
    std::vector<JoinedTimes> times_;  // for each track
    std::uint64_t position_ = 0;
    std::int64_t piece_ = -1;  // that is being read
    bool is_inside_ = false;
    SeenCaptions captions_ = 0;
};

}  // namespace ittybit::media
