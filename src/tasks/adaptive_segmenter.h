#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_safety.h"
#include "media/fragment_muxer.h"
#include "media/fragment_reader.h"
#include "media/handles.h"
#include "media/meter.h"
#include "media/sink.h"
#include "model/limits.h"
#include "model/plan.h"
#include "model/split.h"
#include "tasks/adaptive_playlists.h"
#include "tasks/events.h"

/// Cuts the packets of one rendition into segments that are files.
namespace ittybit::tasks {

/// Where segments begin, the same for every rendition: the first picture at or after each multiple
/// of six seconds. Sound follows the pictures' grid, or the very multiples when there are none.
struct SegmentGrid {
    AVRational fps = {0, 1};  // 0: no pictures

    static constexpr int kKeySeconds = 2;

    /// The begin of segment `number`, from 0, in ticks of `timescale`, rounded to nearest.
    std::int64_t begin(std::int64_t number, int timescale) const;
};

/// Writes the files of an output into the current folder, whole, and tells of each. Where segments
/// `are_encrypted` on their way out, they count as they will be. Any thread.
class PartWriter {
public:
    PartWriter(Events& events, const Limits& limits, bool are_encrypted = false)
        : events_(events), limits_(limits), are_encrypted_(are_encrypted) {}

    /// Errors: `disk_full`, `limit_exceeded` (output_bytes), `encode_failed`.
    Result<> write(const std::string& name, media::ByteView bytes, bool is_main = false);
    Result<> write(const std::string& name, std::string_view text, bool is_main = false);
    /// Counts and tells of a file that is there.
    Result<> add(const std::string& name, std::int64_t size, bool is_main = false);

    /// Bytes of the file as it leaves.
    std::int64_t size_outside(const std::string& name, std::int64_t size) const;

    int count() const {
        const MutexLock lock(mutex_);
        return count_;
    }
    std::int64_t size() const {
        const MutexLock lock(mutex_);
        return size_;
    }

private:
    Result<> count(const std::string& name, std::int64_t size) REQUIRES(mutex_);

    Events& events_;
    const Limits& limits_;
    const bool are_encrypted_;
    mutable Mutex mutex_;
    int count_ GUARDED_BY(mutex_) = 0;
    std::int64_t size_ GUARDED_BY(mutex_) = 0;
};

/// Makes `<name>-init.mp4` and `<name>-00001.m4s` … from the packets of one encoder. Every segment
/// begins with a key frame; each key frame of video has a chunk of its own, so that a range of
/// bytes is one picture. Each segment is demuxed again and compared before it is written.
class Segmenter : public media::Sink<media::Packet> {
public:
    Segmenter(PlannedTrack planned, SegmentGrid grid, PartWriter& parts, media::Meter& meter);

    /// What the encoder makes; before the first packet. Errors: `encode_failed`.
    Result<> describe(const AVCodecContext& codec);

    /// Errors: `output_invalid` when times jump or a segment does not read back; PartWriter's.
    Result<> push(media::Packet packet) override;
    Result<> finish() override;

    const PlannedTrack& planned() const { return planned_; }
    const std::string& name() const { return planned_.name; }
    const AVCodecParameters& track() const { return *track_; }
    std::string codec() const;  // RFC 6381; once there is a segment
    const std::vector<Segment>& segments() const { return segments_; }
    const std::vector<Segment>& key_pictures() const { return key_pictures_; }
    double duration() const;  // seconds that are presented
    int timescale() const { return clock_.den; }

private:
    /// As playlists write them, to the microsecond, so that rates are true to what they say.
    double listed_seconds(std::int64_t ticks) const;
    bool is_video() const { return track_->codec_type == AVMEDIA_TYPE_VIDEO; }
    Result<> check_times(const AVPacket& packet) const;
    void look_for_cut(const AVPacket& packet);
    Result<> close(std::size_t count);
    Result<media::Bytes> chunks(std::span<const media::Packet> packets, const std::string& name);
    void end_key_picture(std::int64_t presented);
    Result<> check(media::ByteView segment, std::span<const media::Packet> packets) const;

    const PlannedTrack planned_;
    const SegmentGrid grid_;
    PartWriter& parts_;
    media::Meter& meter_;
    int meter_number_;
    media::CodecParameters track_;
    AVRational clock_ = {0, 1};  // of all times below
    std::unique_ptr<media::FragmentMuxer> muxer_;
    std::vector<Segment> segments_;
    std::vector<Segment> key_pictures_;

    std::vector<media::Packet> packets_;  // of the segment being filled, and of the next
    std::size_t cut_ = 0;                 // where the next segment begins in packets_; 0: not yet
    std::int64_t cut_at_ = 0;             // ticks before it on the grid, of decode time
    std::int64_t next_number_ = 1;        // of the segment whose begin is looked for
    std::int64_t decoded_ = 0;            // ticks before packets_
    std::int64_t end_ = 0;                // ticks behind packets_, of decode time
    std::int64_t key_begin_ = 0;          // of the last key picture listed
};

}  // namespace ittybit::tasks
