#include "media/shown_series.h"

#include <algorithm>
#include <utility>

#include "media/compat.h"
#include "media/error.h"
#include "media/stream.h"

namespace ittybit::media {
namespace {

constexpr double kTolerance = 1e-6;  // seconds, for times that came through JSON

/// Packets that wait until it is known whether anybody needs them.
constexpr std::size_t kMostWaiting = 1000;
constexpr std::int64_t kMostBytesWaiting = 64 << 20;

/// A picture may be left out once so many later ones are there: the last of them is on screen, the
/// one in front of it helps it where there are fields (a packet may be one), and one may be hidden.
constexpr int kLaterPackets = 4;

/// Reading on is cheaper than going somewhere up to here.
constexpr std::int64_t kShortWay = 1 << 20;  // bytes

}  // namespace

Result<> ShownSeries::Screen::push(Frame frame) {
    coming_.push_back(std::move(frame));
    return {};
}

void ShownSeries::Screen::clear() {
    before_.reset();
    shown_.reset();
    coming_.clear();
}

void ShownSeries::Screen::go_to(double seconds) {
    while (!coming_.empty() && seconds_of(*coming_.front()) <= seconds + kTolerance) {
        before_ = std::exchange(shown_, std::move(coming_.front()));
        coming_.pop_front();
    }
}

bool ShownSeries::Screen::is_sure() const {
    if (coming_.empty()) return false;
    return !is_late() || coming_.size() > 1 || !is_interlaced(*coming_.front());
}

bool ShownSeries::Screen::is_over(double seconds) const {
    if (shown_ == nullptr || !coming_.empty()) return false;
    const auto length = static_cast<double>(duration_of(*shown_)) * av_q2d(time_base_);
    return seconds_of(*shown_) + length <= seconds + kTolerance;
}

Shown ShownSeries::Screen::answer() const {
    const auto shared = [](const Frame& frame) { return frame ? share(*frame) : Frame(); };
    if (!is_late())
        return {
            .frame = shared(shown_),
            .before = shared(before_),
            .after = coming_.empty() ? Frame() : shared(coming_.front()),
        };
    return {
        .frame = shared(coming_.front()),
        .after = coming_.size() > 1 ? shared(coming_[1]) : Frame(),
    };
}

double ShownSeries::Screen::seconds_of(const AVFrame& frame) const {
    return input_.seconds(frame.pts, time_base_);
}

ShownSeries::ShownSeries(Input& input, int stream_index, Settings settings)
    : input_(input),
      stream_index_(stream_index),
      time_base_(input.stream(stream_index).time_base),
      left_(std::move(settings)),
      screen_(input, time_base_) {}

Result<std::unique_ptr<ShownSeries>> ShownSeries::open(
    Input& input, int stream_index, Settings settings
) {
    input.read_only({&stream_index, 1});
    std::unique_ptr<ShownSeries> series(new ShownSeries(input, stream_index, std::move(settings)));
    series->decoder_ =
        TRY(Decoder::open(input, stream_index, series->left_.decoder, series->screen_));
    return series;
}

Result<std::optional<Shown>> ShownSeries::at(double seconds) {
    const bool is_first = std::exchange(is_first_, false);
    if (is_first) TRY(seconds > 0 ? jump(seconds) : input_.rewind());
    if (auto key = TRY(near_key(seconds))) return std::optional(Shown{.frame = std::move(key)});
    auto found = find(seconds);
    const auto is_final = [&] { return !found && found.error().kind != ErrorKind::kCorruptMedia; };
    if (!is_final() && screen_.is_late() && has_left_out_) {
        TRY(begin_at_front());
        found = find(seconds);
        leaves_nothing_out_ = !screen_.is_late();  // else there is nothing so early
    }
    if (is_final() || (!found && screen_.is_empty())) return found.error();
    if (screen_.is_empty()) return input_error(AVERROR_INVALIDDATA, "find a picture");
    if (!is_first && is_finished_ && screen_.is_over(seconds)) return std::optional<Shown>();
    return std::optional(screen_.answer());
}

/// What waits stays as it is, so that the next instant may still need all of it. Nothing where
/// there is no such key frame, or it is made of two fields; and at the end, where more must be
/// known.
Result<Frame> ShownSeries::near_key(double seconds) {
    screen_.go_to(seconds);
    if (left_.early <= 0 || screen_.is_sure()) return Frame();
    if (leads_far_ahead(seconds)) TRY(jump(seconds));
    TRY(read_ahead(seconds));
    if (is_read_ || waiting_.empty()) return Frame();
    const AVPacket& key = *waiting_.front();
    const double time = key.pts == kNoTime ? -1 : input_.seconds(key.pts, time_base_);
    const bool is_near = time >= seconds - left_.early && time <= seconds + kTolerance;
    if (!is_key(key) || !is_near) return Frame();
    decoder_->reset();
    screen_.clear();
    decoder_->leave_out_unreferenced(false);
    auto decoded = decoder_->push(share(key));
    if (decoded) decoded = decoder_->finish();
    left_.on_decoded();
    screen_.go_to(seconds);
    Frame shown = decoded && !screen_.is_late() ? screen_.answer().frame : Frame();
    decoder_->reset();
    screen_.clear();
    has_left_out_ = true;
    return shown && is_interlaced(*shown) ? Frame() : std::move(shown);
}

Result<> ShownSeries::find(double seconds) {
    screen_.go_to(seconds);
    if (!screen_.is_sure() && leads_far_ahead(seconds)) TRY(jump(seconds));
    while (!screen_.is_sure() && TRY(decode_next(seconds))) screen_.go_to(seconds);
    return {};
}

/// False when there is nothing left.
Result<bool> ShownSeries::decode_next(double seconds) {
    TRY(read_ahead(seconds));
    if (waiting_.empty()) {
        if (std::exchange(is_finished_, true)) return false;
        TRY(decoder_->finish());
        return true;
    }
    Packet packet = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= packet->size;
    decoder_->leave_out_unreferenced(is_unneeded(*packet, seconds));
    TRY(decoder_->push(std::move(packet)));
    left_.on_decoded();
    return true;
}

/// Reads until all packets up to an instant wait, as far as there is room: those in front of a key
/// frame that is early enough are needed no more.
Result<> ShownSeries::read_ahead(double seconds) {
    while (!is_enough(seconds)) {
        Packet packet = TRY(input_.read());
        is_read_ = packet == nullptr || --left_.packets < 0 || (left_.bytes -= packet->size) < 0;
        if (is_read_) return {};
        const auto time = time_of(*packet);
        const bool is_early = time && *time <= seconds + kTolerance;
        if (is_key(*packet) && is_early && !waiting_.empty() && !leaves_nothing_out_) {
            forget();
            has_left_out_ = true;
        }
        position_ = packet->pos;
        last_dts_ = packet->dts;
        waiting_bytes_ += packet->size;
        waiting_.push_back(std::move(packet));
    }
    return {};
}

bool ShownSeries::is_enough(double seconds) const {
    if (is_read_) return true;
    if (waiting_.empty()) return false;
    return waiting_.size() >= kMostWaiting || waiting_bytes_ >= kMostBytesWaiting ||
           last_dts_ == kNoTime || input_.seconds(last_dts_, time_base_) > seconds + kTolerance;
}

bool ShownSeries::is_unneeded(const AVPacket& packet, double seconds) const {
    const auto time = time_of(packet);
    if (!time) return false;
    int later = 0;
    for (const Packet& other : waiting_) {
        const auto its = time_of(*other);
        if (its && *its > *time && *its <= seconds && ++later == kLaterPackets) return true;
    }
    return false;
}

/// Whether the container's index knows a key frame in front of an instant that is worth going to.
bool ShownSeries::leads_far_ahead(double seconds) const {
    const bool has_index = (input_.format().iformat->flags & AVFMT_TS_DISCONT) == 0;
    if (!has_index || is_read_ || leaves_nothing_out_) return false;
    const auto target = input_.timestamp(indexed_before(seconds), time_base_);
    const AVIndexEntry* entry = avformat_index_get_entry_from_timestamp(
        &input_.stream(stream_index_), target, AVSEEK_FLAG_BACKWARD
    );
    return entry != nullptr && last_dts_ != kNoTime && entry->timestamp > last_dts_ &&
           entry->pos > position_ + kShortWay;
}

/// An index may tell when a key frame is decoded; it is presented as many pictures later as the
/// decoder holds back.
double ShownSeries::indexed_before(double seconds) const {
    const AVStream& stream = input_.stream(stream_index_);
    const AVRational rate = frame_rate_of(input_, stream);
    const double held_back = 1 + stream.codecpar->video_delay;
    return seconds - (rate.num > 0 ? held_back / av_q2d(rate) : 1.0);
}

Result<> ShownSeries::jump(double seconds) {
    TRY(input_.seek(stream_index_, indexed_before(seconds)));
    forget();
    has_left_out_ = true;
    return {};
}

Result<> ShownSeries::begin_at_front() {
    TRY(input_.rewind());
    forget();
    has_left_out_ = false;
    leaves_nothing_out_ = true;
    return {};
}

void ShownSeries::forget() {
    is_read_ = is_finished_ = false;
    waiting_.clear();
    waiting_bytes_ = 0;
    decoder_->reset();
    screen_.clear();
}

/// When the pictures of a packet are presented, or decoded where nothing more is known.
std::optional<double> ShownSeries::time_of(const AVPacket& packet) const {
    const auto time = packet.pts != kNoTime ? packet.pts : packet.dts;
    if (time == kNoTime) return std::nullopt;
    return input_.seconds(time, time_base_);
}

}  // namespace ittybit::media
