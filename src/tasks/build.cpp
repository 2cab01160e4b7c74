#include "tasks/build.h"

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <span>
#include <utility>

#include "media/burn_in.h"
#include "media/closed_captions.h"
#include "media/common_end.h"
#include "media/compat.h"
#include "media/copying.h"
#include "media/filters.h"
#include "media/frames.h"
#include "media/intake.h"
#include "media/meter.h"
#include "media/pipeline.h"
#include "media/text_track.h"
#include "media/timing.h"
#include "tasks/expectation.h"
#include "tasks/image.h"
#include "tasks/joined_picture.h"
#include "tasks/piece_reading.h"
#include "tasks/plan_time.h"
#include "tasks/product.h"
#include "tasks/reading.h"
#include "tasks/sound_level.h"
#include "tasks/still.h"
#include "tasks/stream_reading.h"
#include "tasks/text.h"
#include "tasks/told_colours.h"
#include "tasks/treatment.h"
#include "tasks/watched.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::Packet;
using media::Pipeline;
using media::Sink;

constexpr std::size_t kSoundFrames = 64;

/// Times of what no demuxer reads.
constexpr media::SourceTime kMilliseconds = {
    .time_base = {1, 1000}, .origin_us = 0, .tells_lengths = true
};

std::int64_t bytes_of(const Size& size, const std::string& format) {
    return format == "rgba" ? size.pixels() * 4 : size.pixels() * 3 / 2;
}

/// The stages of one plan, built back to front.
class Builder {
public:
    /// `levels`: of the plan's sounds. What is read is read once for all plans of a run.
    Builder(const Planned& planned, SoundLevels levels, StreamReading& reading, Pipeline& pipeline)
        : plan_(planned.plan),
          levels_(std::move(levels)),
          job_(planned.job),
          reading_(reading),
          meter_(plan_.window.duration, [this](const media::Meter::Reading& now) { report(now); }),
          pipeline_(pipeline) {}
    Builder(const Builder&) = delete;
    Builder& operator=(const Builder&) = delete;
    ~Builder() = default;

    Result<> build();

    /// Reads what the plan reads, for all these builders of the run; this one is among them.
    Result<> read(std::deque<Builder>& all);

    /// Once all went through.
    Result<Finished> finish();

private:
    void report(const media::Meter::Reading& reading);
    Result<> open_products();
    void add_common_end();
    Result<> add_pictures(const PicturePlan& picture);
    Result<> join(const PicturePlan& picture, const PlannedRead& read);
    Result<> add_sound(const SoundPlan& sound, const std::optional<SoundLevel>& level);
    Result<> add_text(const TextPlan& text);
    Result<Sink<Frame>*> add_burn_in(const PicturePlan& picture, Sink<Frame>& next);
    const media::Cues& cues_of(const TextPlan& text) const {
        return cues_[static_cast<std::size_t>(&text - plan_.texts.data())];
    }
    Result<const media::Copying*> add_copy(int read, const PlannedTrack& track);
    Result<Sink<Frame>*> add_branches(
        const PicturePlan& picture, std::span<const PictureBranch> branches
    );
    Sink<Frame>& add_cadence(const PicturePlan& picture, Sink<Frame>& next);

    Result<> read_streams(std::deque<Builder>& all);
    Result<> read_animation();
    Result<> read_still();
    Result<> read_pictures_and_sound(std::deque<Builder>& all);
    Result<> feed_beside(double seconds);
    Result<> finish_beside();
    Result<std::vector<Missing>> missing() const;

    Taps& taps_of(int read) { return reading_.taps_of(plan_.read_at(read)); }
    media::SourceTime time_of(const PlannedRead& read) const {
        return read.as == ReadAs::kStream ? job_.media->time_of(read.stream) : kMilliseconds;
    }

    const Plan& plan_;
    const SoundLevels levels_;
    Job& job_;
    StreamReading& reading_;
    media::Meter meter_;
    std::vector<std::unique_ptr<Product>> products_;  // for each of the plan's outputs
    std::vector<Watched> watched_;
    const media::PictureWindow* film_ = nullptr;  // of the last picture
    std::unique_ptr<JoinedPicture> joined_;
    std::vector<media::Cues> cues_;  // for each of its texts
    std::vector<media::TextFeed> texts_;
    std::vector<std::string> warnings_;
    std::deque<media::CaptionWay> caption_ways_;
    std::optional<media::CommonEnd> common_end_;
    Pipeline& pipeline_;  // gone before this: its stages use all of the above
};

/// Measuring came before.
void Builder::report(const media::Meter::Reading& reading) {
    Progress told{reading.percent, reading.speed, reading.eta_s};
    const double before = measuring_share(plan_);
    if (told.percent) told.percent = 100 * before + (1 - before) * *told.percent;
    job_.events.progress(told);
}

Result<> Builder::open_products() {
    for (const OutputFile& output : plan_.outputs) {
        const Making making{plan_, output, job_.assignment, job_.events, meter_};
        products_.push_back(TRY(make_product(making)));
    }
    return {};
}

/// The stages that make the first of these branches from its pictures, and the others from that
/// one.
Result<Sink<Frame>*> Builder::add_branches(
    const PicturePlan& picture, std::span<const PictureBranch> branches
) {
    const PictureBranch& first = branches.front();
    Product& product = *products_[static_cast<std::size_t>(first.track.output)];
    auto* const encoder = TRY(product.add_picture(pipeline_, picture, first));
    const auto room =
        media::frames_ahead(bytes_of(size_of(picture, first), picture.treatment.format));
    auto& inbox = pipeline_.detach<Frame>(room, *encoder);
    if (branches.size() == 1) return &inbox;

    const PictureBranch& second = branches[1];
    auto* const smaller = TRY(add_branches(picture, branches.subspan(1)));
    auto& scaler = pipeline_.make<media::Filters>(
        media::time_base(picture.clock),
        [&second](const media::PictureShape&) { return second.steps; }, *smaller
    );
    Sink<Frame>* below = &pipeline_.detach<Frame>(room, scaler);
    if (second.every > first.every) {
        media::CaptionWay& way = caption_ways_.emplace_back();
        below = &pipeline_.make<media::GiveCaptions>(way, *below);
        below = &pipeline_.make<media::EveryNth>(second.every / first.every, *below);
        below = &pipeline_.make<media::TakeCaptions>(way, *below);
    }
    return &pipeline_.make<media::Tee<Frame>>(std::vector<Sink<Frame>*>{below, &inbox});
}

Sink<Frame>& Builder::add_cadence(const PicturePlan& picture, Sink<Frame>& next) {
    const PlannedCadence& cadence = *picture.cadence;
    auto& made = pipeline_.make<media::Cadence>(
        picture.clock, job_.limits(), next,
        media::Cadence::Keys{.every_s = cadence.key_seconds, .grid = cadence.key_grid},
        common_end_ ? &*common_end_ : nullptr
    );
    made.begin_at(first_tick(plan_));
    return made;
}

Result<> Builder::join(const PicturePlan& picture, const PlannedRead& read) {
    const auto place = static_cast<std::size_t>(read.input) - 1;
    if (place >= job_.further.size())
        return Error{ErrorKind::kInternalError, "bad plan: the pieces are not there", ""};
    // Sounds are read from where they would be with the picture: decoders of sound remember.
    if (plan_.window.start > 0 && !plan_.sounds.empty())
        taps_of(picture.read).packets.push_back(&pipeline_.make<media::Nowhere<Packet>>());
    joined_ = TRY(JoinedPicture::begin(
        picture, *job_.further[place],
        {plan_.pieces, *products_.front(), common_end_ ? &*common_end_ : nullptr,
         [this] { meter_.moved(); }}
    ));
    return {};
}

Result<> Builder::add_pictures(const PicturePlan& picture) {
    if (picture.copied) {
        const auto* const copying = TRY(add_copy(picture.read, *picture.copied));
        watched_.push_back({.picture = &picture, .copying = copying});
        return {};
    }
    const PlannedRead& read = plan_.read_at(picture.read);
    if (read.as == ReadAs::kPieces) return join(picture, read);
    const bool is_reduced_first = picture.cadence && picture.cadence->is_first;
    Sink<Frame>* next = TRY(add_branches(picture, picture.branches));
    next = TRY(add_burn_in(picture, *next));
    media::CaptionWay& way = caption_ways_.emplace_back();
    if (picture.cadence) next = &pipeline_.make<media::GiveCaptions>(way, *next);
    if (picture.cadence && !is_reduced_first) next = &add_cadence(picture, *next);
    next = &add_treatment(pipeline_, picture.treatment, media::time_base(picture.clock), *next);
    if (is_reduced_first) next = &add_cadence(picture, *next);
    if (picture.cadence) next = &pipeline_.make<media::TakeCaptions>(way, *next);

    const bool is_film = read.as == ReadAs::kStream || read.as == ReadAs::kAnimation;
    if (is_film) {
        const Size scaled = picture.treatment.placement.scaled;
        const auto bytes = bytes_of(scaled, picture.treatment.format);
        next = &pipeline_.detach<Frame>(media::frames_ahead(2 * bytes), *next);
        auto& window = pipeline_.make<media::PictureWindow>(
            media::PictureWindow::Settings{
                .source = time_of(read),
                .cut = cut_of(plan_.window),
                .clock = picture.clock,
                .most_frames = picture.cadence ? std::nullopt : picture.most_frames,
                .is_last_held = !plan_.sounds.empty(),
                .limits = job_.limits(),
                .count_from = plan_.piece ? plan_.piece->from : 0,
                .count_to = end_of_piece(plan_),
            },
            *next
        );
        film_ = &window;
        watched_.push_back({.picture = &picture, .window = &window});
        next = &window;
    }
    taps_of(picture.read).frames.push_back(next);
    return {};
}

Result<> Builder::add_sound(const SoundPlan& sound, const std::optional<SoundLevel>& level) {
    if (plan_.piece) {  // of which it is only asked where sounds end
        auto& end = pipeline_.make<media::SoundEnd>(*common_end_);
        taps_of(sound.read)
            .frames.push_back(&pipeline_.make<media::Soundtrack>(
                time_of(plan_.read_at(sound.read)), cut_of(plan_.window), job_.limits(), end
            ));
        return {};
    }
    if (sound.copied) {
        const auto* const copying = TRY(add_copy(sound.read, *sound.copied));
        watched_.push_back({.sound = &sound, .copying = copying});
        return {};
    }
    std::vector<Sink<Frame>*> encoders;
    for (const SoundBranch& branch : sound.branches) {
        Product& product = *products_[static_cast<std::size_t>(branch.track.output)];
        encoders.push_back(TRY(product.add_sound(pipeline_, branch)));
    }
    auto& tee = pipeline_.make<media::Tee<Frame>>(std::move(encoders));
    const SoundStages mixing = add_mixing(pipeline_, sound, level, tee);
    auto& soundtrack = pipeline_.make<media::Soundtrack>(
        time_of(plan_.read_at(sound.read)), cut_of(plan_.window), job_.limits(), mixing.first,
        common_end_ ? &*common_end_ : nullptr
    );
    watched_.push_back(
        {.sound = &sound,
         .soundtrack = &soundtrack,
         .level = level ? &*level : nullptr,
         .meter = mixing.meter}
    );
    // Each waits for the common end of all: two of one read must not do so on one thread.
    auto& frames = taps_of(sound.read).frames;
    Sink<Frame>* first = &soundtrack;
    if (!frames.empty()) first = &pipeline_.detach<Frame>(kSoundFrames, soundtrack);
    frames.insert(frames.begin(), first);
    return {};
}

Result<> Builder::add_text(const TextPlan& text) {
    if (text.branches.empty()) return {};
    const auto captions = media::captions(cues_of(text).cues);
    for (const TextBranch& branch : text.branches) {
        Product& product = *products_[static_cast<std::size_t>(branch.track.output)];
        texts_.emplace_back(branch.form, captions, *TRY(product.add_text(text, branch)));
    }
    return {};
}

/// What lays subtitles into a picture's frames, where there are some for it.
Result<Sink<Frame>*> Builder::add_burn_in(const PicturePlan& picture, Sink<Frame>& next) {
    const auto place = static_cast<int>(&picture - plan_.pictures.data());
    const auto text = std::ranges::find(plan_.texts, place, &TextPlan::burnt_into);
    if (text == plan_.texts.end()) return &next;
    const auto& cues = cues_of(*text);
    const media::BurnIn::Settings settings{
        picture.treatment.colour, text->size, picture.clock.ticks, picture.clock.grid
    };
    auto burn_in = TRY(media::BurnIn::make(cues, settings, next));
    std::ranges::copy(burn_in->warnings(), std::back_inserter(warnings_));
    return &pipeline_.add(std::move(burn_in));
}

Result<const media::Copying*> Builder::add_copy(int read, const PlannedTrack& track) {
    Product& product = *products_[static_cast<std::size_t>(track.output)];
    const int stream = plan_.read_at(read).stream;
    auto* const next = TRY(product.copy(track, job_.media->stream(stream)));
    auto& copying = pipeline_.make<media::Copying>(job_.media->time_of(stream), *next);
    taps_of(read).packets.push_back(&copying);
    return &copying;
}

/// Where all tracks end: on the grid of pictures, else with a sample of the first sound.
void Builder::add_common_end() {
    const media::CommonEnd::Parties parties{
        .has_pictures = !plan_.pictures.empty(), .sounds = plan_.sounds.size()
    };
    if (!parties.has_pictures) {
        const int rate = plan_.sounds.front().branches.front().encoding->format.sample_rate;
        common_end_.emplace(AVRational{rate, 1}, 1, parties, pipeline_.stop());
        return;
    }
    const PicturePlan& picture = plan_.pictures.front();
    common_end_.emplace(
        media::rational(picture.clock.fps), picture.cadence->key_grid, parties, pipeline_.stop()
    );
}

Result<> Builder::build() {
    TRY(open_products());
    for (const PlannedRead& read : plan_.reads)
        if (read.as == ReadAs::kStream || read.as == ReadAs::kFrame) TRY(open_media(job_, read));
    cues_ = TRY(read_texts(plan_, job_, [this] { meter_.moved(); }, warnings_));
    if (plan_.has_common_end) add_common_end();
    for (const PicturePlan& picture : plan_.pictures) TRY(add_pictures(picture));
    for (std::size_t i = 0; i < levels_.size(); ++i) TRY(add_sound(plan_.sounds[i], levels_[i]));
    for (const TextPlan& text : plan_.texts) TRY(add_text(text));
    return {};
}

Result<> Builder::read_streams(std::deque<Builder>& all) {
    media::Input& input = *TRY(open_media(job_));
    PacketSinks sinks = TRY(reading_.open());
    if (sinks.empty()) return {};  // pieces alone are joined
    media::Intake& intake = reading_.take_in(cut_of(plan_));
    const auto is_stopped = [&] {
        for (Builder& each : all) each.meter_.moved();
        return pipeline_.stop().stop_requested();
    };
    if (plan_.piece)
        return read_piece({plan_, input, *film_, intake, is_stopped}, std::move(sinks));
    Result<> fed;
    TRY(read_window(
        input, plan_.window, plan_.reads.front().stream, sinks,
        [&](const AVPacket& packet) {
            intake.see(packet);
            const auto at = packet.dts != media::kNoTime ? packet.dts : packet.pts;
            const AVRational unit = input.stream(packet.stream_index).time_base;
            for (Builder& each : all)
                if (fed && at != media::kNoTime) fed = each.feed_beside(input.seconds(at, unit));
            return is_stopped() || !fed;
        }
    ));
    return fed;
}

/// As far as the input has been read, in seconds from its origin.
Result<> Builder::feed_beside(double seconds) {
    for (auto& text : texts_) TRY(text.up_to(seconds - plan_.window.start));
    return joined_ ? joined_->up_to(seconds - plan_.window.start) : Result<>();
}

Result<> Builder::finish_beside() {
    for (auto& text : texts_) TRY(text.finish());
    return joined_ ? joined_->finish() : Result<>();
}

Result<> Builder::read_animation() {
    auto& reader = *TRY(open_animation(job_));
    Sink<Frame>& window =
        *TRY(add_told_colours(pipeline_, job_, joined(pipeline_, taps_of(0).frames)));
    const auto& end = plan_.window.end;
    while (const auto shown = TRY(reader.next())) {
        meter_.moved();
        if (end && shown->start_ms > *end * 1000) break;
        Frame frame = TRY(frame_of(shown->rgba, reader.size(), AV_PIX_FMT_RGBA));
        frame->pts = shown->start_ms;
        media::set_duration(*frame, shown->duration_ms);
        TRY(window.push(std::move(frame)));
    }
    return window.finish();
}

/// One frame, shown for a tenth of a second.
Result<> Builder::read_still() {
    const PlannedRead& read = plan_.reads.front();
    Frame frame = read.as == ReadAs::kPicture
                      ? TRY(upright_frame(job_.source, job_.limits()))
                      : TRY(media::frame_at(*job_.media, read.stream, 0, {.is_strict = true}));
    const ToldColours told = told_by(*frame);
    frame = TRY(in_srgb(std::move(frame), told));
    frame->pts = 0;
    media::set_duration(*frame, plan_.pictures.front().clock.ticks / 10);
    Sink<Frame>& filters = joined(pipeline_, taps_of(0).frames);
    TRY(filters.push(std::move(frame)));
    return filters.finish();
}

Result<> Builder::read(std::deque<Builder>& all) {
    TRY(read_pictures_and_sound(all));
    for (Builder& each : all) TRY(each.finish_beside());
    return {};
}

Result<> Builder::read_pictures_and_sound(std::deque<Builder>& all) {
    switch (plan_.reads.front().as) {
        case ReadAs::kStream:
        case ReadAs::kPieces: return read_streams(all);
        case ReadAs::kAnimation: return read_animation();
        case ReadAs::kFrame:
        case ReadAs::kPicture: return read_still();
        case ReadAs::kText: break;  // read when the stages were built
    }
    return {};
}

Result<std::vector<Missing>> Builder::missing() const {
    const AllThrough all = through(watched_, plan_);
    const auto& intake = reading_.intake();
    if (!intake) return shortfall(all);
    return shortfall(*job_.media, *intake, cut_of(plan_), all);
}

Result<Finished> Builder::finish() {
    for (const auto& product : products_)
        if (const auto plan = product->better_plan()) return make(*plan, job_);
    Finished finished;
    std::vector<File> files;
    for (const auto& product : products_) files.push_back(TRY(product->finish()));
    finished.file = std::move(files.front());
    finished.warnings = plan_.warnings;
    std::ranges::move(warnings_, std::back_inserter(finished.warnings));
    tell_loudness(watched_, finished);
    tell(TRY(missing()), finished);
    return finished;
}

bool is_image(const Plan& plan) {
    const auto& pictures = plan.pictures;
    return !pictures.empty() && !pictures.front().branches.empty() &&
           pictures.front().branches.front().image;
}

}  // namespace

Size size_of(const PicturePlan& picture, const PictureBranch& branch) {
    if (branch.encoding) return {branch.encoding->width, branch.encoding->height};
    return picture.treatment.placement.canvas;
}

Result<Finished> make(const Plan& plan, Job& job) {
    if (is_image(plan)) return make_image(plan, job);
    auto made = TRY(make_together(std::array{Planned{plan, job}}));
    return std::move(made.front());
}

Result<std::vector<Finished>> make_together(std::span<const Planned> planned) {
    std::deque<Builder> builders;
    Pipeline pipeline;
    StreamReading reading(planned.front().job, pipeline);
    for (const Planned& each : planned) {
        auto levels = TRY(measure_levels(each.plan, each.job));
        builders.emplace_back(each, std::move(levels), reading, pipeline);
    }
    for (Builder& builder : builders) TRY(builder.build());
    TRY(pipeline.run([&] { return builders.front().read(builders); }));
    std::vector<Finished> all;
    for (Builder& builder : builders) all.push_back(TRY(builder.finish()));
    return all;
}

}  // namespace ittybit::tasks
