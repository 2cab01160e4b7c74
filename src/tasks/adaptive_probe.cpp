#include "tasks/adaptive_probe.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "media/encoder.h"
#include "media/filters.h"
#include "media/meter.h"
#include "media/pipeline.h"
#include "media/shown_series.h"
#include "tasks/picture_plan.h"
#include "tasks/treatment.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::Packet;

constexpr int kRun = 10;  // pictures: a key picture and what follows it
constexpr int kMostRuns = 16;
constexpr double kShare = 1.0 / 6;    // of a film's pictures; each costs a quarter of the ladder's
constexpr double kMostPixels = 1e9;   // of all pictures that are encoded
constexpr int kReadForOne = 10;       // packets
constexpr double kMostDecoded = 2e9;  // pixels
constexpr std::int64_t kMostRead = 256 << 20;
constexpr int kLeastSide = 120;
constexpr int kSmaller = 3;  // times, of the second encode

/// Weighs what an encoder makes of the runs.
class Scale : public media::Sink<Packet> {
public:
    Result<> push(Packet packet) override {
        const bool is_key = media::is_key(*packet);
        (is_key ? keys_ : others_) += 1;
        (is_key ? key_bits_ : other_bits_) += 8.0 * packet->size;
        return {};
    }
    Result<> finish() override { return {}; }

    /// Bits per second, with a key picture every two.
    double bitrate(double fps) const {
        const double key = key_bits_ / std::max(keys_, 1);
        const double other = other_bits_ / std::max(others_, 1);
        return (key + other * std::max(0.0, 2 * fps - 1)) / 2;
    }
    bool is_enough() const { return others_ >= kRun - 1; }

private:
    int keys_ = 0;
    int others_ = 0;
    double key_bits_ = 0;
    double other_bits_ = 0;
};

PictureEncoding quick_encoding(Size size, Ratio fps) {
    PictureEncoding how;
    how.encoder = "libx264";
    how.width = size.width;
    how.height = size.height;
    how.ticks = fps.num;
    how.fps_num = fps.num;
    how.fps_den = fps.den;
    how.key_interval = kRun;
    how.options = {{"preset", "ultrafast"}, {"crf", Demand::kCrf}};
    return how;
}

Size smaller(Size size) {
    const auto part = [](int side) { return std::max(16, side / kSmaller / 2 * 2); };
    return {part(size.width), part(size.height)};
}

/// The stages from pictures of the source to the two encoders.
class Probe {
public:
    static Result<std::unique_ptr<Probe>> open(const Treatment& treatment, Ratio fps) {
        std::unique_ptr<Probe> made(new Probe(treatment.placement.canvas, fps));
        TRY(made->build(treatment));
        return made;
    }

    Result<> push(Frame frame) {
        frame->pts = pictures_++ * fps_.den;
        frame->pict_type = AV_PICTURE_TYPE_NONE;
        return first_->push(std::move(frame));
    }

    Result<> finish() { return first_->finish(); }

    std::optional<Demand> demand() const {
        if (!large_bits_.is_enough()) return std::nullopt;
        const double fps = fps_.value();
        return Demand{
            .large = {large_, large_bits_.bitrate(fps)},
            .small = {small_, small_bits_.bitrate(fps)},
        };
    }

private:
    Probe(Size size, Ratio fps) : large_(size), small_(smaller(size)), fps_(fps) {}

    Result<> build(const Treatment& treatment) {
        const AVRational time_base{1, fps_.num};
        auto& small =
            pipeline_.add(TRY(media::Encoder::open(quick_encoding(small_, fps_), small_bits_)));
        auto& scaler = pipeline_.make<media::Filters>(
            time_base,
            [size = small_](const media::PictureShape&) {
                return std::vector<FilterStep>{
                    {"scale", {{"width", size.width}, {"height", size.height}, {"flags", "bicubic"}}
                    }
                };
            },
            small
        );
        auto& large =
            pipeline_.add(TRY(media::Encoder::open(quick_encoding(large_, fps_), large_bits_)));
        auto& both =
            pipeline_.make<media::Tee<Frame>>(std::vector<media::Sink<Frame>*>{&scaler, &large});
        first_ = &add_treatment(pipeline_, treatment, time_base, both);
        return {};
    }

    Size large_;
    Size small_;
    Ratio fps_;
    Scale large_bits_;
    Scale small_bits_;
    media::Sink<Frame>* first_ = nullptr;
    std::int64_t pictures_ = 0;
    media::Pipeline pipeline_;  // the first to go
};

/// Where groups of pictures begin, as far as the container tells: what lies in front need not be
/// decoded. An index may tell when a key picture is decoded, and it is shown a little later.
class Groups {
public:
    Groups(const media::Input& input, int stream, double fps)
        : input_(input),
          stream_(stream),
          held_back_((1 + input.stream(stream).codecpar->video_delay) / fps) {}

    /// The last one at or before a time, or the next one; nothing where there is none.
    std::optional<double> before(double seconds) const { return at(seconds, AVSEEK_FLAG_BACKWARD); }
    std::optional<double> behind(double seconds) const { return at(seconds, 0); }

private:
    std::optional<double> at(double seconds, int flags) const {
        AVStream& video = input_.stream(stream_);  // another one when the input was opened anew
        const auto time = input_.timestamp(seconds - held_back_, video.time_base);
        const auto* entry = avformat_index_get_entry_from_timestamp(&video, time, flags);
        if (entry == nullptr) return std::nullopt;
        return input_.seconds(entry->timestamp, video.time_base) + held_back_;
    }

    const media::Input& input_;
    const int stream_;
    const double held_back_;
};

/// Where a run near `wanted` begins: with a group, so that nothing else is decoded for it, or where
/// the last run ended, at `from`.
double begin_of_run(const Groups& groups, double wanted, double from, double last) {
    const auto before = groups.before(wanted);
    if (before && *before >= from) return *before;
    const auto behind = groups.behind(wanted);
    if (behind && *behind >= from && *behind <= last) return *behind;
    return before ? from : std::max(from, wanted);
}

/// How many runs a film of so many seconds can bear.
int runs_for(double seconds, double fps, Size size) {
    const auto area = static_cast<double>(size.pixels());
    const double pictures = std::min(seconds * fps * kShare, kMostPixels / area);
    return std::min(kMostRuns, static_cast<int>(pictures / kRun));
}

/// How many packets may be decoded for so many runs.
std::int64_t packets_for(int runs, Size stored) {
    const auto area = static_cast<double>(stored.pixels());
    const double most = std::min(1.0 * runs * kRun * kReadForOne, kMostDecoded / area);
    return std::max(std::int64_t{2} * kRun, static_cast<std::int64_t>(most));
}

/// Whether the runs reach into the second half of the film: its beginning alone does not tell.
Result<bool> feed(
    Probe& probe, const Plan& plan, const PictureFacts& facts, int runs, const Job& job
) {
    const auto input = TRY(job.media->reopen());
    media::Meter meter(std::nullopt, [&](const media::Meter::Reading&) {
        job.events.progress({});
    });
    const auto film = TRY(media::ShownSeries::open(
        *input, facts.stream,
        {.packets = packets_for(runs, facts.stored),
         .bytes = kMostRead,
         .on_decoded = [&] { meter.moved(); }}
    ));
    const Groups groups(*input, facts.stream, facts.fps.value());
    const double fps = plan.pictures.front().clock.fps.value();
    const double seconds = *plan.window.duration;
    const double middle = plan.window.start + seconds / 2;
    const double end = plan.window.start + seconds;
    double at = plan.window.start;
    for (int run = 0; run < runs; ++run) {
        const double wanted = plan.window.start + seconds * (run + 0.5) / runs;
        at = begin_of_run(groups, wanted, at, end - kRun / fps);
        for (int i = 0; i < kRun; ++i, at += 1 / fps) {
            auto shown = TRY(film->at(at));
            if (!shown || at >= end) return at > middle;
            TRY(probe.push(std::move(shown->frame)));
        }
    }
    return at > middle;
}

/// The encode does not wait for all of the film to come.
bool may_look_ahead(const Assignment& assignment) {
    const bool must_wait = !assignment.inputs.empty() && !assignment.inputs.front().is_complete &&
                           assignment.inputs.front().comes_in_order;
    return may_read_all(assignment) && !must_wait;
}

Result<std::optional<Demand>> measure(const Plan& plan, const PictureFacts& facts, const Job& job) {
    Treatment treatment = plan.pictures.front().treatment;
    const Size size = treatment.placement.canvas;
    const Ratio fps = plan.pictures.front().clock.fps;
    const int runs = runs_for(plan.window.duration.value_or(0), fps.value(), size);
    if (runs == 0 || std::min(size.width, size.height) < kLeastSide) return std::optional<Demand>();
    treatment.is_field_rate = false;
    decide_steps(treatment, shape_of(facts));
    const auto probe = TRY(Probe::open(treatment, fps));
    const bool is_spread = TRY(feed(*probe, plan, facts, runs, job));
    TRY(probe->finish());
    return is_spread ? probe->demand() : std::nullopt;
}

}  // namespace

std::optional<Demand> measure_demand(const Plan& plan, const PictureFacts& facts, const Job& job) {
    const bool is_plain = !plan.reads.front().alpha && facts.fps.value() >= 1;
    if (!is_plain || !may_look_ahead(job.assignment)) return std::nullopt;
    auto found = measure(plan, facts, job);
    if (!found) return std::nullopt;  // the work itself finds what is wrong, and tells
    return *std::move(found);
}

}  // namespace ittybit::tasks
