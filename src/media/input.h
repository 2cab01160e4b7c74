#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "media/clock.h"
#include "media/edit_lists.h"
#include "media/handles.h"
#include "media/joined_sound.h"
#include "media/programs.h"
#include "media/sink.h"
#include "media/timing.h"
#include "model/limits.h"
#include "model/sniff.h"

namespace ittybit::media {

/// The words on colour that a picture may come with.
struct Colours {
    AVColorPrimaries primaries = AVCOL_PRI_UNSPECIFIED;
    AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;
    AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
    AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
};

/// Stored pixels at the edges that are not shown.
struct Crop {
    int left = 0;
    int top = 0;
    int right = 0;
    int bottom = 0;
    // What is left is displayed in these proportions (RFC 9559, 5.1.4.1.28.14); 0: as it is stored.
    int shown_width = 0;
    int shown_height = 0;
    bool operator==(const Crop&) const = default;
};

/// An opened file of audio, video or pictures. libav sees it through one custom I/O over the
/// ByteSource (which must outlive this), with the demuxer that the sniffer named, no protocol and
/// no second file. One thread uses it. Errors of the source come out unchanged.
class Input {
public:
    /// Opens, reads headers and as many packets as the streams' facts need. Errors:
    /// `corrupt_media`, `unsupported_media`, `limit_exceeded`, `cancelled`.
    static Result<std::unique_ptr<Input>> open(
        ByteSource& source, const Sniffed& sniffed, const Limits& limits, std::stop_token stop = {}
    );
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    ~Input();

    /// A second, independent reader of the same bytes, at the start.
    Result<std::unique_ptr<Input>> reopen() const;

    AVFormatContext& format() { return *format_; }
    const AVFormatContext& format() const { return *format_; }
    const Sniffed& sniffed() const { return sniffed_; }
    const Limits& limits() const { return limits_; }
    const std::stop_token& stop() const { return stop_; }
    std::span<AVStream* const> streams() const { return {format_->streams, format_->nb_streams}; }
    AVStream& stream(int index) const { return *format_->streams[index]; }
    std::optional<std::uint64_t> size() const;

    /// The presentation time, in microseconds, that users call 0: the earliest presented sample of
    /// any video or audio stream after edit lists. Subtract it from every timestamp.
    std::int64_t origin_us() const { return origin_us_; }

    /// Seconds from the origin to the end of the longest video or audio stream, when known.
    std::optional<double> duration() const { return duration_; }

    /// Whether the duration was counted, by the container's tables or by us, and not only claimed.
    bool is_duration_sure() const { return is_duration_sure_; }

    /// Whether recordings were joined here, or streams moved, as far as has been read.
    bool is_patched() const {
        return clock_.joins() > 0 || movements_.any() || sound_.has_changed();
    }

    /// Whether a video stream beside others has one picture and no more, as a preview has.
    bool is_single_picture(int stream_index) const;

    /// What the header claims, where counting the packets found another duration.
    std::optional<double> claimed_duration() const { return claimed_duration_; }

    /// Seconds from the origin to where the container's tables say that a stream ends.
    std::optional<double> told_end(int stream_index) const;

    /// What the container says to leave out at a video stream's edges (`clap` of ISO/IEC 14496-12,
    /// 12.1.4; Matroska's PixelCrop).
    Crop crop(int stream_index) const;

    /// How a stream's timestamps stand to the origin.
    SourceTime time_of(int stream_index) const;

    /// Whether the container tells how long each picture is shown, the last one included.
    bool tells_lengths() const;

    /// Whether reading ended because what followed was damaged, and not with the file.
    bool gave_up() const { return gave_up_; }

    /// Whether another recording is behind the one that was read to its end, and cannot be.
    bool stops_short() const { return stops_short_; }

    /// Whether the file ends in the middle of a frame or block.
    bool is_cut_off() const { return is_cut_off_; }

    /// Whether frames of FLAC before a join came as one, of which nobody decodes all.
    bool has_rests() const { return has_rests_; }

    /// How much sound what is neither a frame nor a tag takes the place of, in parts of what was
    /// read since the last seek, where it is more than one frame (of MP3, ADTS and AC-3, whose
    /// frames are found by their headers alone); else 0. Errors: those of the source.
    Result<double> part_between_frames() const;

    /// What the edit lists of ISO media ask for.
    const EditLists& edits() const { return edits_; }

    /// Packets so far of pictures or sound that only began behind the headers, and go on with
    /// nothing that is wanted.
    std::int64_t left_out() const { return left_out_; }

    /// `timestamp` of a stream as seconds from the origin.
    double seconds(std::int64_t timestamp, AVRational time_base) const;

    /// Seconds from the origin as a timestamp of the stream, rounded to nearest.
    std::int64_t timestamp(double seconds, AVRational time_base) const;

    /// From now on only packets of these streams are given; the rest is skipped, unread where the
    /// container allows it.
    void read_only(std::span<const int> stream_indices);

    /// The next packet of any wanted stream; null at the end of the file. Damaged parts are
    /// skipped where the container allows. Errors: those of the source, `cancelled`.
    Result<Packet> read();

    /// Goes to a key frame of `stream_index` at or before `seconds` from the origin (the last one
    /// where the container has an index), or to the start if there is none. Decoders must be reset
    /// afterwards.
    Result<> seek(int stream_index, double seconds);

    /// Goes back to the first packet of all streams, by opening the file once more: a seek follows
    /// one stream, and leaves out what others have before it.
    Result<> rewind();

    /// Goes to a byte, in containers where reading can begin anywhere. Joined clocks begin anew.
    Result<> seek_byte(std::int64_t position);

private:
    /// A key frame of a file of several recordings.
    struct Place {
        std::optional<std::set<int>> wanted = {};  // streams, of which the clock was made
        int stream = -1;
        double seconds = 0;          // that were looked for
        std::int64_t position = -1;  // byte; there is none before the time
        JoinedClock clock = {};
        Movements movements = {};
    };

    /// What going through the bytes has shown: for all readers of them.
    struct Survey {
        std::optional<bool> is_joined;  // of several recordings: its own times lead nowhere
        std::optional<Place> place;
    };

    struct CloseInput {
        void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
    };

    Input(ByteSource& source, const Sniffed& sniffed, const Limits& limits, std::stop_token stop);
    Result<> open_container();
    Result<> find_streams();
    Result<> check_limits() const;
    Result<> find_timeline();
    Result<bool> is_joined();
    Result<bool> is_joined(int stream_index);
    Result<> seek_by_clock(int stream_index, double seconds);
    Result<bool> lands_before(int stream_index, std::int64_t target, double back);
    Result<> seek_joined(int stream_index, double seconds);
    Result<Place> find_place(int stream_index, double seconds);
    void begin_clock();
    bool has_loose_clock() const;
    void discard_unwanted();
    Result<> look_behind();
    void join_clocks(AVPacket& packet);
    bool follow_stream(AVPacket& packet);
    bool may_begin_late(int stream_index) const;
    void heed_proportions() const;
    bool is_stray(const AVPacket& packet) const;
    Result<> find_single_pictures();
    void keep_told_colours();
    bool is_wanted(int stream_index) const;
    Error failure(int code, std::string_view doing);

    static int read_bytes(void* self, std::uint8_t* buffer, int size);
    static std::int64_t seek_bytes(void* self, std::int64_t offset, int whence);
    static int is_stopped(void* self);
    static int refuse_open(
        AVFormatContext*, AVIOContext**, const char* url, int flags, AVDictionary** options
    );

    ByteSource& source_;
    Sniffed sniffed_;
    Limits limits_;
    std::stop_token stop_;
    std::optional<Error> source_error_;
    std::uint64_t position_ = 0;
    std::int64_t origin_us_ = 0;
    std::optional<double> duration_;
    bool is_duration_sure_ = false;
    std::optional<double> claimed_duration_;
    std::optional<std::set<int>> wanted_;
    JoinedClock clock_;
    JoinedSound sound_;
    std::shared_ptr<Survey> survey_ = std::make_shared<Survey>();
    bool is_at_front_ = true;
    bool has_empty_edits_ = false;  // which are not heeded then
    Movements movements_;
    bool gave_up_ = false;
    bool stops_short_ = false;
    bool is_cut_off_ = false;
    bool has_rests_ = false;
    std::uint64_t read_to_ = 0;         // where the last packet begins
    std::optional<std::uint64_t> end_;  // of the source's bytes: there another film begins
    std::int64_t left_out_ = 0;
    unsigned known_streams_ = 0;  // when it was opened
    std::vector<int> single_pictures_;
    std::vector<Colours> told_colours_;  // by the container, of each stream
    std::vector<Crop> crops_;            // by the container, of each video stream
    CustomIo io_;
    std::unique_ptr<AVFormatContext, CloseInput> format_;
    std::unique_ptr<ByteSource> presented_;       // what libav reads instead of the source
    std::optional<std::uint64_t> read_from_ = 0;  // where the first packet since a seek begins
    bool is_at_end_ = false;
    EditLists edits_;
};

/// Reads `input` to its end, giving each packet to the sink of its stream (`sinks[index]`; null or
/// absent: dropped), then finishes every sink. Stops early, behind the packet of which `is_enough`
/// says so: it sees each one first.
struct NeverEnough {
    bool operator()(const AVPacket&) const { return false; }
};
template <typename IsEnough = NeverEnough>
Result<> pump(Input& input, std::span<Sink<Packet>* const> sinks, IsEnough is_enough = {}) {
    for (;;) {
        Packet packet = TRY(input.read());
        if (packet == nullptr) break;
        const bool is_last = is_enough(*packet);
        const auto index = static_cast<std::size_t>(packet->stream_index);
        if (index < sinks.size() && sinks[index] != nullptr)
            TRY(sinks[index]->push(std::move(packet)));
        if (is_last) break;
    }
    for (Sink<Packet>* sink : sinks)
        if (sink != nullptr) TRY(sink->finish());
    return {};
}

}  // namespace ittybit::media
