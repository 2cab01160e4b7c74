#include "tasks/run_plan.h"

#include <algorithm>
#include <utility>

#include "media/copying.h"
#include "media/decoder.h"
#include "media/encoder.h"
#include "media/limiter.h"
#include "media/timing.h"
#include "media/verify.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::Input;
using media::Packet;
using media::Pipeline;
using media::Sink;
using media::SourceTime;

/// Audio packets waiting for their thread: they are small, and badly interleaved files have many.
constexpr std::size_t kSoundPackets = 512;

/// Decoders of sound need some packets before the first one that is right.
constexpr double kPreroll = 0.3;

/// When reading goes on this far behind the end, the rest is badly interleaved or absent.
constexpr double kPatience = 10;

/// Everything between the input and the tracks of an output, for one run.
struct Run {
    Pipeline& pipeline;
    const Plan& plan;
    Input& input;
    media::Output& output;
    media::PictureWindow* window = nullptr;  // null where it is copied
    media::Soundtrack* soundtrack = nullptr;

    Result<Sink<Packet>*> add_picture();
    Result<Sink<Packet>*> add_sound();
    Through picture_through() const;
    Through sound_through() const;
};

Result<Sink<Packet>*> Run::add_picture() {
    const PicturePlan& picture = *plan.picture;
    const AVStream& stream = input.stream(picture.stream);
    media::Output::Track& track = output.add_track();
    track.set_language(picture.language);
    if (picture.is_copied) {
        if (picture.is_steady) track.set_frame_rate({picture.fps.num, picture.fps.den});
        TRY(track.describe(*stream.codecpar, stream.time_base));
        return &pipeline.make<media::Copying>(input.time_of(picture.stream), track);
    }
    // The window wants the decoder's time base, the decoder wants the window: streams and their
    // decoders share it.
    window =
        TRY(add_picture_stages(pipeline, plan, input.time_of(picture.stream), input.limits(), track)
        );
    return &pipeline.add(TRY(
        media::Decoder::open(input, picture.stream, {.threads = picture.decoder_threads}, *window)
    ));
}

Result<Sink<Packet>*> Run::add_sound() {
    const SoundPlan& sound = *plan.sound;
    const AVStream& stream = input.stream(sound.stream);
    const SourceTime source = input.time_of(sound.stream);
    media::Output::Track& track = output.add_track();
    track.set_language(sound.language);
    if (sound.is_copied) {
        TRY(track.describe(*stream.codecpar, stream.time_base));
        return &pipeline.make<media::Copying>(source, track);
    }
    soundtrack = TRY(add_sound_stages(pipeline, plan, source, input.limits(), track));
    auto& decoder = pipeline.add(TRY(media::Decoder::open(input, sound.stream, {}, *soundtrack)));
    return &pipeline.detach<Packet>(kSoundPackets, decoder);
}

Through Run::picture_through() const {
    Through through{.stream = plan.picture->stream, .pictures = {}, .seconds = {}};
    if (window == nullptr) {
        through.pictures = output.tracks().front().packets;
    } else if (!plan.picture->most_frames) {
        through.pictures = window->pictures();
    }
    return through;
}

Through Run::sound_through() const {
    Through through{.stream = plan.sound->stream, .pictures = {}, .seconds = {}};
    if (soundtrack != nullptr) through.seconds = soundtrack->real_seconds();
    return through;
}

}  // namespace

Result<media::PictureWindow*> add_picture_stages(
    Pipeline& pipeline,
    const Plan& plan,
    const SourceTime& source,
    const Limits& limits,
    media::Output::Track& track
) {
    const PicturePlan& picture = *plan.picture;
    const Size canvas = picture.treatment.canvas;
    auto& encoder = pipeline.add(TRY(media::Encoder::open(picture.encoding, track)));
    TRY(track.describe(encoder.codec()));
    if (picture.is_steady)
        track.set_frame_rate({picture.encoding.fps_num, picture.encoding.fps_den});
    const std::size_t room = media::frames_ahead(std::int64_t{canvas.width} * canvas.height * 2);
    Sink<Frame>* next = &pipeline.detach<Frame>(room, encoder);
    const media::PictureClock clock = picture.clock();
    if (picture.is_rate_constant) next = &pipeline.make<media::Cadence>(clock, limits, *next);
    next = &add_treatment(pipeline, picture.treatment, clock.time_base(), *next);
    next = &pipeline.detach<Frame>(room, *next);
    return &pipeline.make<media::PictureWindow>(
        media::PictureWindow::Settings{
            .source = source,
            .cut = plan.time.cut(),
            .clock = clock,
            .most_frames = picture.is_rate_constant ? std::nullopt : picture.most_frames,
            .is_last_held = plan.sound.has_value(),
            .limits = limits,
        },
        *next
    );
}

Result<media::Soundtrack*> add_sound_stages(
    Pipeline& pipeline,
    const Plan& plan,
    const SourceTime& source,
    const Limits& limits,
    media::Output::Track& track
) {
    auto& encoder = pipeline.add(TRY(media::Encoder::open(plan.sound->encoding, track)));
    TRY(track.describe(encoder.codec()));
    auto& resample =
        add_resampling(pipeline, plan.sound->encoding.format, plan.sound->is_mixed, encoder);
    return &pipeline.make<media::Soundtrack>(source, plan.time.cut(), limits, resample);
}

Sink<Frame>& add_resampling(
    Pipeline& pipeline, const media::SoundFormat& format, bool is_mixed, Sink<Frame>& next
) {
    auto& last = pipeline.make<media::Resample>(format, next);
    if (!is_mixed) return last;
    media::SoundFormat mixed = format;
    mixed.sample_format = "fltp";
    auto& limiter = pipeline.make<media::Limiter>(last);
    return pipeline.make<media::Resample>(mixed, limiter, /*is_limited=*/true);
}

Result<> seek_to_start(Input& input, const TimePlan& time, int stream) {
    if (time.start <= kPreroll) return {};
    const double target = time.start - kPreroll;
    TRY(input.seek(stream, target));
    // Some containers have no index, and guess: what comes must lie before the start.
    while (const Packet packet = TRY(input.read())) {
        if (packet->stream_index != stream || packet->pts == media::kNoTime) continue;
        const double at = input.seconds(packet->pts, input.stream(stream).time_base);
        if (at > time.start) return input.rewind();
        return input.seek(stream, target);
    }
    return input.rewind();
}

ReadingEnd::ReadingEnd(const Input& input, const TimePlan& time, std::vector<int> streams)
    : input_(input), end_(time.end), unfinished_(std::move(streams)) {}

bool ReadingEnd::operator()(const AVPacket& packet) {
    const auto at = packet.dts != media::kNoTime ? packet.dts : packet.pts;
    if (!end_ || at == media::kNoTime) return false;
    const double seconds = input_.seconds(at, input_.stream(packet.stream_index).time_base);
    if (seconds < *end_) return false;
    std::erase(unfinished_, packet.stream_index);
    return unfinished_.empty() || seconds > *end_ + kPatience;
}

media::Meter make_meter(const TimePlan& time, Events& events) {
    return {time.duration, [&events](const media::Meter::Reading& reading) {
                events.progress({reading.percent, reading.speed, reading.eta_s});
            }};
}

Result<std::unique_ptr<media::Output>> create_output(
    const Plan& plan, const Limits& limits, media::Meter& meter, Events& events
) {
    auto output = TRY(media::Output::create(plan.output, limits, &meter));
    output->tell_growth([&events, name = plan.output.name](std::int64_t from, std::int64_t to) {
        events.file_grown({.name = name, .from = from, .to = to});
    });
    return output;
}

Result<Finished> run_plan(const Plan& plan, Input& input, Job& job) {
    media::Meter meter = make_meter(plan.time, job.events);
    const auto output = TRY(create_output(plan, input.limits(), meter, job.events));
    Pipeline pipeline(input.stop());
    Run run{.pipeline = pipeline, .plan = plan, .input = input, .output = *output};
    std::vector<Sink<Packet>*> sinks(input.streams().size());
    std::vector<int> streams;
    if (plan.picture) {
        streams.push_back(plan.picture->stream);
        sinks.at(static_cast<std::size_t>(plan.picture->stream)) = TRY(run.add_picture());
    }
    if (plan.sound) {
        streams.push_back(plan.sound->stream);
        sinks.at(static_cast<std::size_t>(plan.sound->stream)) = TRY(run.add_sound());
    }
    input.read_only(streams);
    TRY(seek_to_start(input, plan.time, streams.front()));
    ReadingEnd end(input, plan.time, streams);
    media::Intake intake(input, plan.time.cut());
    TRY(pipeline.run([&] {
        return media::pump(
            input, std::span<Sink<Packet>* const>(sinks),
            [&](const AVPacket& packet) {
                meter.moved();
                intake.see(packet);
                return pipeline.stop().stop_requested() || end(packet);
            }
        );
    }));
    Finished finished = TRY(finish_job(plan, *output, job));
    std::optional<Through> picture;
    std::optional<Through> sound;
    if (plan.picture) picture = run.picture_through();
    if (plan.sound) sound = run.sound_through();
    tell(shortfall(input, intake, plan.time.cut(), plan.expects, picture, sound), finished);
    return finished;
}

Result<Finished> finish_job(const Plan& plan, const media::Output& output, Job& job) {
    Finished finished;
    finished.file = TRY(media::verify(plan.output, output.tracks(), job.assignment.limits));
    finished.file.size = output.size();
    finished.warnings = plan.warnings;
    if (output.is_rewritten()) job.events.file_grown({.name = plan.output.name});
    job.events.file_ready({.name = plan.output.name, .size = output.size(), .is_main = true});
    return finished;
}

Finished explain(const Plan& plan) {
    Finished finished;
    finished.warnings = plan.warnings;
    finished.plan = to_json(plan);
    return finished;
}

}  // namespace ittybit::tasks
