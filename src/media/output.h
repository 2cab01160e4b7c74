#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/thread_safety.h"
#include "media/compat.h"
#include "media/front_index.h"
#include "media/handles.h"
#include "media/meter.h"
#include "media/sink.h"
#include "model/limits.h"
#include "model/plan.h"

namespace ittybit::media {

/// What went into one stream of an output: for its verification.
struct TrackFacts {
    std::string codec;
    bool is_video = false;
    bool is_text = false;
    std::int64_t packets = 0;
    std::int64_t bytes = 0;
    double begin = 0;    // seconds, of the earliest presented
    double end = 0;      // seconds, of the latest presented
    double longest = 0;  // seconds, of one packet
};

/// Writes packets of its tracks into one file in the current folder: bit-exact, without dates, the
/// index of an MP4 in front. Tracks may be fed from different threads; packets are interleaved by
/// libav, which holds back at most some seconds of the faster track. The file is complete when
/// every track has been finished.
class Output {
public:
    /// One stream of the file. Takes packets that carry their time base.
    class Track : public Sink<Packet> {
    public:
        /// What the stream holds, before any track's first packet.
        Result<> describe(const AVCodecContext& codec);
        Result<> describe(const AVCodecParameters& codec, AVRational time_base);

        void set_language(const std::string& language);
        void set_frame_rate(AVRational fps);

        Result<> push(Packet packet) override;
        Result<> finish() override;

    private:
        friend class Output;
        Track(Output& output, AVStream& stream) : output_(output), stream_(stream) {}

        Output& output_;
        AVStream& stream_;
        TrackFacts facts_;
        IndexEntries index_;
        Packet last_;  // of pictures, the latest: written when its successor comes
        std::int64_t first_dts_ = kNoTime;
        std::int64_t first_pts_ = kNoTime;
        std::int64_t end_pts_ = kNoTime;
        std::int64_t last_dts_ = kNoTime;
        std::int64_t last_step_ = kNoTime;
        std::int64_t last_offset_ = kNoTime;
        bool is_described_ = false;
        bool is_finished_ = false;
    };

    /// Creates the file. `meter` (may be null) hears how far it is. Errors: `disk_full`,
    /// `encode_failed`, later `limit_exceeded` (output_bytes).
    static Result<std::unique_ptr<Output>> create(
        const OutputFile& file, const Limits& limits, Meter* meter = nullptr
    );
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;
    ~Output();

    /// Adds a stream. All are added before the first packet.
    Track& add_track();

    /// Hears which bytes [from, to) are final while the file still grows. The front, which muxers
    /// put right at the end, is not among them. Called by the threads that feed tracks, in turn.
    using Growth = std::function<void(std::int64_t from, std::int64_t to)>;
    void tell_growth(Growth growth) { growth_ = std::move(growth); }
    /// Whether bytes changed that were told to be final: none of what was told counts.
    bool is_rewritten() const {
        const MutexLock lock(mutex_);
        return is_rewritten_;
    }

    const std::string& name() const { return file_.name; }
    std::vector<TrackFacts> tracks() const;
    /// Bytes written so far.
    std::int64_t size() const {
        const MutexLock lock(mutex_);
        return size_;
    }

private:
    Output(OutputFile file, const Limits& limits, Meter* meter);
    Result<> open();
    Result<> write(Track& track, Packet packet);
    Result<> write_last(Track& track) REQUIRES(mutex_);
    static void note(Track& track, const AVPacket& packet);
    Result<> begin() REQUIRES(mutex_);
    Result<> finish(Track& track);
    Result<> end() REQUIRES(mutex_);
    Result<> check(int code) REQUIRES(mutex_);
    bool is_reserve_enough() const REQUIRES(mutex_);
    void tell_meter() REQUIRES(mutex_);
    void note_growth(std::int64_t from) REQUIRES(mutex_);
    // Called by libav from inside of calls that are made with the mutex held.
    static int write_bytes(void* self, WriteBuffer bytes, int size) NO_THREAD_SAFETY_ANALYSIS;
    static std::int64_t seek_bytes(void* self, std::int64_t offset, int whence)
        NO_THREAD_SAFETY_ANALYSIS;

    OutputFile file_;
    Limits limits_;
    Meter* meter_;
    int meter_number_ = 0;
    mutable Mutex mutex_;
    Fd descriptor_;
    std::int64_t position_ GUARDED_BY(mutex_) = 0;
    std::int64_t size_ GUARDED_BY(mutex_) = 0;
    std::int64_t reserve_at_ GUARDED_BY(mutex_) = 0;
    Growth growth_;
    std::int64_t front_ GUARDED_BY(mutex_) = 0;  // bytes that may change until the end
    std::int64_t told_ GUARDED_BY(mutex_) = 0;   // up to where growth was told
    bool is_rewritten_ GUARDED_BY(mutex_) = false;
    std::optional<Error> io_error_ GUARDED_BY(mutex_);
    struct FreeMuxer {
        void operator()(AVFormatContext* format) const { avformat_free_context(format); }
    };
    CustomIo io_;
    std::unique_ptr<AVFormatContext, FreeMuxer> format_;
    std::vector<std::unique_ptr<Track>> tracks_ GUARDED_BY(mutex_);
    bool has_header_ GUARDED_BY(mutex_) = false;
};

}  // namespace ittybit::media
