#include "tasks/run_plan.h"

#include <algorithm>
#include <utility>

#include "media/copying.h"
#include "media/decoder.h"
#include "media/encoder.h"
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

Result<Sink<Packet>*> add_picture(
    Pipeline& pipeline, const Plan& plan, const Input& input, media::Output::Track& track
) {
    const PicturePlan& picture = *plan.picture;
    const AVStream& stream = input.stream(picture.stream);
    track.set_language(picture.language);
    if (picture.is_copied) {
        if (picture.is_steady) track.set_frame_rate({picture.fps.num, picture.fps.den});
        TRY(track.describe(*stream.codecpar, stream.time_base));
        return &pipeline.make<media::Copying>(
            SourceTime{stream.time_base, input.origin_us()}, track
        );
    }
    // The window wants the decoder's time base, the decoder wants the window: streams and their
    // decoders share it.
    Sink<Frame>* frames = TRY(add_picture_stages(
        pipeline, plan, {stream.time_base, input.origin_us()}, input.limits(), track
    ));
    return &pipeline.add(TRY(
        media::Decoder::open(input, picture.stream, {.threads = picture.decoder_threads}, *frames)
    ));
}

Result<Sink<Packet>*> add_sound(
    Pipeline& pipeline, const Plan& plan, const Input& input, media::Output::Track& track
) {
    const SoundPlan& sound = *plan.sound;
    const AVStream& stream = input.stream(sound.stream);
    const SourceTime source{stream.time_base, input.origin_us()};
    track.set_language(sound.language);
    if (sound.is_copied) {
        TRY(track.describe(*stream.codecpar, stream.time_base));
        return &pipeline.make<media::Copying>(source, track);
    }
    Sink<Frame>* frames = TRY(add_sound_stages(pipeline, plan, source, input.limits(), track));
    auto& decoder = pipeline.add(TRY(media::Decoder::open(input, sound.stream, {}, *frames)));
    return &pipeline.detach<Packet>(kSoundPackets, decoder);
}

}  // namespace

Result<Sink<Frame>*> add_picture_stages(
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

Result<Sink<Frame>*> add_sound_stages(
    Pipeline& pipeline,
    const Plan& plan,
    const SourceTime& source,
    const Limits& limits,
    media::Output::Track& track
) {
    auto& encoder = pipeline.add(TRY(media::Encoder::open(plan.sound->encoding, track)));
    TRY(track.describe(encoder.codec()));
    auto& resample = pipeline.make<media::Resample>(plan.sound->encoding.format, encoder);
    return &pipeline.make<media::Soundtrack>(source, plan.time.cut(), limits, resample);
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
    std::vector<Sink<Packet>*> sinks(input.streams().size());
    std::vector<int> streams;
    if (plan.picture) {
        streams.push_back(plan.picture->stream);
        sinks.at(static_cast<std::size_t>(plan.picture->stream)) =
            TRY(add_picture(pipeline, plan, input, output->add_track()));
    }
    if (plan.sound) {
        streams.push_back(plan.sound->stream);
        sinks.at(static_cast<std::size_t>(plan.sound->stream)) =
            TRY(add_sound(pipeline, plan, input, output->add_track()));
    }
    TRY(input.rewind());
    input.read_only(streams);
    TRY(seek_to_start(input, plan.time, streams.front()));
    ReadingEnd end(input, plan.time, streams);
    TRY(pipeline.run([&] {
        return media::pump(
            input, std::span<Sink<Packet>* const>(sinks),
            [&](const AVPacket& packet) {
                meter.moved();
                return pipeline.stop().stop_requested() || end(packet);
            }
        );
    }));
    return finish_job(plan, *output, job);
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
