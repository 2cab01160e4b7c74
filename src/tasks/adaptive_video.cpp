#include "tasks/adaptive_video.h"

#include <algorithm>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "media/common_end.h"
#include "media/decoder.h"
#include "media/encoder.h"
#include "media/facts.h"
#include "media/filters.h"
#include "media/input.h"
#include "media/meter.h"
#include "media/pipeline.h"
#include "media/stream.h"
#include "media/timing.h"
#include "tasks/adaptive_plan.h"
#include "tasks/adaptive_segmenter.h"
#include "tasks/adaptive_stream.h"
#include "tasks/language_tag.h"
#include "tasks/run_plan.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::Packet;
using media::Pipeline;
using media::Sink;

constexpr std::size_t kPacketsAhead = 64;

/// Lets threads report one at a time.
class InTurn : public Events {
public:
    explicit InTurn(Events& events) : events_(events) {}
    void progress(const Progress& progress) override {
        const std::lock_guard lock(mutex_);
        events_.progress(progress);
    }
    void file_grown(const FileGrown& grown) override {
        const std::lock_guard lock(mutex_);
        events_.file_grown(grown);
    }
    void file_ready(const FileReady& ready) override {
        const std::lock_guard lock(mutex_);
        events_.file_ready(ready);
    }

private:
    Events& events_;
    std::mutex mutex_;
};

struct Source {
    std::unique_ptr<media::Input> input;
    SourceFacts facts;
};

Error no_pictures() {
    return {
        ErrorKind::kNoVideoStream,
        "the input is a still image, not a video; choose a video or use kind image", "input"
    };
}

bool has_video(const media::Input& input) {
    return std::ranges::any_of(input.streams(), [](const AVStream* stream) {
        return stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !media::is_cover(*stream);
    });
}

Result<Source> open_source(const AdaptiveVideoOptions& options, Job& job) {
    const Sniffed sniffed = TRY(sniff(job.source));
    if (sniffed.family == Family::kStill) return no_pictures();
    Source source;
    source.input = TRY(media::Input::open(job.source, sniffed, job.assignment.limits));
    source.facts.duration = source.input->duration();
    source.facts.is_duration_sure = source.input->is_duration_sure();
    std::optional<int> video;
    if (has_video(*source.input)) {
        video = TRY(media::require_video(*source.input));
        source.facts.picture = picture_facts(*source.input, *video);
        PictureFacts& picture = *source.facts.picture;
        if (!picture.is_steady) {
            const Ratio fastest = TRY(fastest_rate(*source.input, *video));
            if (fastest.num > 0) picture.fps = fastest;
        }
        const auto fields =
            TRY(media::find_interlaced(*source.input, source.input->stream(*video)));
        picture.is_interlaced = fields.value_or(picture.is_interlaced);
    }
    if (!options.no_audio) {
        auto choice = TRY(media::choose_audio(*source.input, video));
        source.facts.warnings = std::move(choice.warnings);
        if (choice.stream) source.facts.sound = sound_facts(*source.input, *choice.stream);
    }
    return source;
}

/// Everything of one run, built back to front.
class Builder {
public:
    Builder(const AdaptivePlan& plan, const Source& source, Job& job)
        : plan_(plan),
          input_(*source.input),
          limits_(job.assignment.limits),
          events_(job.events),
          parts_(events_, limits_),
          meter_(make_meter(plan.time, events_)) {
        if (plan.sound) stream_.language = plan.sound->language;
    }

    Result<> build();
    /// Gives what of the input is missing.
    Result<std::vector<Missing>> run();
    PartWriter& parts() { return parts_; }
    const AdaptiveStream& stream() const { return stream_; }

private:
    Segmenter::Settings settings(const std::string& name, const std::string& language) const;
    Result<Sink<Frame>*> add_renditions(std::span<const PictureRendition> renditions);
    Result<> build_pictures();
    Result<> build_sound();
    Result<> decode(int stream, int threads, Sink<Frame>& next);

    const AdaptivePlan& plan_;
    media::Input& input_;
    const Limits& limits_;
    InTurn events_;
    PartWriter parts_;
    media::Meter meter_;
    AdaptiveStream stream_;
    std::vector<int> streams_;
    std::vector<Sink<Packet>*> sinks_;
    std::optional<media::CommonEnd> common_end_;  // of picture and sound
    media::PictureWindow* window_ = nullptr;
    media::Soundtrack* soundtrack_ = nullptr;
    Pipeline pipeline_;  // the first to go: its stages use all of the above
};

std::int64_t bytes_of(Size size) {
    return std::int64_t{size.width} * size.height * 3 / 2;
}

Segmenter::Settings Builder::settings(const std::string& name, const std::string& language) const {
    SegmentGrid grid;
    if (plan_.picture)
        grid.fps = {plan_.picture->fps.num, plan_.picture->fps.den * plan_.picture->grid()};
    return {.name = name, .grid = grid, .language = language_letters(language)};
}

/// The stages that make the first of these renditions from its pictures, and the smaller ones
/// from that one.
Result<Sink<Frame>*> Builder::add_renditions(std::span<const PictureRendition> renditions) {
    const auto& [name, every, how] = renditions.front();
    stream_.rates.push_back(plan_.picture->fps.value() / every);
    auto& segmenter = stream_.pictures.emplace_back(settings(name, ""), parts_, meter_);
    auto& encoder = pipeline_.add(TRY(media::Encoder::open(how, segmenter)));
    TRY(segmenter.describe(encoder.codec()));
    const Size size{how.width, how.height};
    auto& inbox = pipeline_.detach<Frame>(media::frames_ahead(bytes_of(size)), encoder);
    if (renditions.size() == 1) return &inbox;

    const auto& next = renditions[1].encoding;
    auto* smaller = TRY(add_renditions(renditions.subspan(1)));
    const std::vector<media::FilterStep> steps = {
        {"scale", {{"width", next.width}, {"height", next.height}, {"flags", "bicubic"}}}
    };
    auto& scaler = pipeline_.make<media::Filters>(
        AVRational{1, how.ticks}, [steps](const media::PictureShape&) { return steps; }, *smaller
    );
    Sink<Frame>* below = &pipeline_.detach<Frame>(media::frames_ahead(bytes_of(size)), scaler);
    if (renditions[1].every > every)
        below = &pipeline_.make<media::EveryNth>(renditions[1].every / every, *below);
    return &pipeline_.make<media::Tee<Frame>>(std::vector<Sink<Frame>*>{below, &inbox});
}

Result<> Builder::decode(int stream, int threads, Sink<Frame>& next) {
    auto& decoder =
        pipeline_.add(TRY(media::Decoder::open(input_, stream, {.threads = threads}, next)));
    const auto index = static_cast<std::size_t>(stream);
    if (sinks_.size() <= index) sinks_.resize(index + 1);
    sinks_[index] = &pipeline_.detach<Packet>(kPacketsAhead, decoder);
    streams_.push_back(stream);
    return {};
}

Result<> Builder::build_pictures() {
    const auto& ladder = *plan_.picture;
    const auto clock = ladder.clock();
    auto* first = TRY(add_renditions(ladder.renditions));
    auto& cadence = pipeline_.make<media::Cadence>(
        clock, limits_, *first,
        media::Cadence::Keys{.every_s = SegmentGrid::kKeySeconds, .grid = ladder.grid()},
        &*common_end_
    );
    auto& treated = add_treatment(pipeline_, ladder.treatment, clock.time_base(), cadence);
    auto& inbox = pipeline_.detach<Frame>(
        media::frames_ahead(2 * bytes_of(ladder.treatment.scaled)), treated
    );
    window_ = &pipeline_.make<media::PictureWindow>(
        media::PictureWindow::Settings{
            .source = input_.time_of(ladder.stream),
            .cut = plan_.time.cut(),
            .clock = clock,
            .most_frames = {},
            .is_last_held = plan_.sound.has_value(),
            .limits = limits_,
        },
        inbox
    );
    return decode(ladder.stream, ladder.decoder_threads, *window_);
}

Result<> Builder::build_sound() {
    const auto& ladder = *plan_.sound;
    std::vector<Sink<Frame>*> encoders;
    for (const auto& [name, how] : ladder.renditions) {
        auto& segmenter =
            stream_.sounds.emplace_back(settings(name, ladder.language), parts_, meter_);
        auto& encoder = pipeline_.add(TRY(media::Encoder::open(how, segmenter)));
        TRY(segmenter.describe(encoder.codec()));
        encoders.push_back(&encoder);
    }
    auto& tee = pipeline_.make<media::Tee<Frame>>(std::move(encoders));
    auto& resample =
        add_resampling(pipeline_, ladder.renditions.front().encoding.format, ladder.is_mixed, tee);
    soundtrack_ = &pipeline_.make<media::Soundtrack>(
        input_.time_of(ladder.stream), plan_.time.cut(), limits_, resample,
        common_end_ ? &*common_end_ : nullptr
    );
    return decode(ladder.stream, 1, *soundtrack_);
}

Result<> Builder::build() {
    if (plan_.picture) {
        const AVRational fps = plan_.picture->clock().fps;
        common_end_.emplace(fps, plan_.picture->grid(), pipeline_.stop());
        if (!plan_.sound) common_end_->expect_no_sound();
        TRY(build_pictures());
    }
    if (plan_.sound) TRY(build_sound());
    input_.read_only(streams_);
    return seek_to_start(input_, plan_.time, streams_.front());
}

Result<std::vector<Missing>> Builder::run() {
    ReadingEnd end(input_, plan_.time, streams_);
    media::Intake intake(input_, plan_.time.cut());
    TRY(pipeline_.run([&] {
        return media::pump(input_, sinks_, [&](const AVPacket& packet) {
            meter_.moved();
            intake.see(packet);
            return pipeline_.stop().stop_requested() || end(packet);
        });
    }));
    TRY(check_alignment(stream_));
    std::optional<Through> picture;
    std::optional<Through> sound;
    if (window_ != nullptr) picture = {plan_.picture->stream, window_->pictures(), {}};
    if (soundtrack_ != nullptr) sound = {plan_.sound->stream, {}, soundtrack_->real_seconds()};
    return shortfall(input_, intake, plan_.time.cut(), plan_.expects, picture, sound);
}

/// A film with hardly any pictures is made of repetitions, hours of work from a few bytes: it may
/// be half as long as others.
Result<> check_length(const TimePlan& time, Ratio fps, const Limits& limits) {
    const double most = limits.duration / 2;
    const bool is_sparse = fps.value() > 0 && fps.value() < 1;
    if (!is_sparse || time.duration.value_or(0) <= most) return {};
    return Error{
        ErrorKind::kLimitExceeded,
        fmt::format(
            "the input has less than a picture a second, and would last {:.0f} seconds, more than "
            "the {:.0f} allowed then; choose a part with start and end",
            *time.duration, most
        ),
        "", LimitReached{"duration", most}
    };
}

}  // namespace

Result<Finished> run(const AdaptiveVideoOptions& options, Job& job) {
    const Source source = TRY(open_source(options, job));
    const AdaptivePlan plan = TRY(plan_adaptive(options, source.facts, job.assignment.stem));
    if (plan.picture) {
        TRY(check_frames(plan.time, plan.picture->fps, job.assignment.limits));
        TRY(check_length(plan.time, source.facts.picture->fps, job.assignment.limits));
    }
    Finished finished;
    finished.warnings = plan.warnings;
    if (job.assignment.explain) {
        finished.plan = to_json(plan);
        return finished;
    }
    Builder builder(plan, source, job);
    TRY(builder.build());
    const auto missing = TRY(builder.run());
    TRY(write_playlists(builder.stream(), job.assignment, builder.parts()));
    finished.file = describe(builder.stream(), builder.parts());
    tell(missing, finished);
    return finished;
}

}  // namespace ittybit::tasks
