#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>

#include "media/decoder.h"
#include "media/input.h"

namespace ittybit::media {

/// A picture, and for an interlaced one what comes before and after it, where there is something:
/// whoever makes whole pictures of fields looks at these.
struct Shown {
    Frame frame;
    Frame before = {};
    Frame after = {};
};

/// The frames of one stream on screen at instants that come one after the other, by one decoder
/// that goes forward. Of what lies between two instants little is decoded, and where the container
/// has an index little is read: it goes on at the last key frame in front of the next one, and
/// leaves out what its picture is not made of. One thread.
class ShownSeries {
public:
    struct Settings {
        DecoderOptions decoder = {};
        // How much is read at most; what comes behind is not looked at.
        std::int64_t packets = std::numeric_limits<std::int64_t>::max();
        std::int64_t bytes = std::numeric_limits<std::int64_t>::max();
        std::function<void()> on_decoded = [] {};  // told of each packet
        // A key frame so many seconds in front of an instant is shown in place of what is on screen
        // then: it is all that is decoded. 0: never.
        double early = 0;
    };

    /// `input` is used by nobody else meanwhile. Errors: as Decoder::open.
    static Result<std::unique_ptr<ShownSeries>> open(
        Input& input, int stream_index, Settings settings
    );

    /// What is on screen `seconds` from the origin, which is later than all before: the last frame
    /// with pts ≤ seconds, or the very first when none is that early. Nothing once the last one is
    /// over; the first time, that one. Errors: `corrupt_media`, those of the source.
    Result<std::optional<Shown>> at(double seconds);

private:
    /// What is on screen, what was before it, and what will be.
    class Screen : public Sink<Frame> {
    public:
        Screen(const Input& input, AVRational time_base) : input_(input), time_base_(time_base) {}

        Result<> push(Frame frame) override;
        Result<> finish() override { return {}; }

        void clear();
        void go_to(double seconds);
        /// Whether nothing has come that is early enough.
        bool is_late() const { return shown_ == nullptr; }
        /// Whether no frame that may still come can change the answer.
        bool is_sure() const;
        bool is_empty() const { return shown_ == nullptr && coming_.empty(); }
        /// Whether the last frame there is was over by then.
        bool is_over(double seconds) const;
        Shown answer() const;

    private:
        double seconds_of(const AVFrame& frame) const;

        const Input& input_;
        const AVRational time_base_;
        Frame before_;
        Frame shown_;
        std::deque<Frame> coming_;
    };

    ShownSeries(Input& input, int stream_index, Settings settings);

    Result<Frame> near_key(double seconds);
    Result<> find(double seconds);
    Result<bool> decode_next(double seconds);
    Result<> read_ahead(double seconds);
    bool is_enough(double seconds) const;
    bool is_unneeded(const AVPacket& packet, double seconds) const;
    bool leads_far_ahead(double seconds) const;
    double indexed_before(double seconds) const;
    Result<> jump(double seconds);
    Result<> begin_at_front();
    void forget();
    std::optional<double> time_of(const AVPacket& packet) const;

    Input& input_;
    const int stream_index_;
    const AVRational time_base_;
    Settings left_;
    Screen screen_;
    std::unique_ptr<Decoder> decoder_;
    std::deque<Packet> waiting_;  // read, and not decoded yet
    std::int64_t waiting_bytes_ = 0;
    std::int64_t position_ = 0;  // byte of the packet read last
    std::int64_t last_dts_ = 0;  // and its time
    bool is_first_ = true;
    bool is_read_ = false;             // to the end
    bool is_finished_ = false;         // and decoded
    bool has_left_out_ = false;        // something since the front
    bool leaves_nothing_out_ = false;  // since what follows key frames was not all that is needed
};

}  // namespace ittybit::media
