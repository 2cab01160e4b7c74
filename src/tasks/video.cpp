#include "tasks/video.h"

#include <algorithm>
#include <string>
#include <vector>

#include "image/header.h"
#include "media/input.h"
#include "media/stream.h"
#include "model/sniff.h"
#include "tasks/plan.h"
#include "tasks/split_check.h"
#include "tasks/still.h"
#include "tasks/text.h"

namespace ittybit::tasks {
namespace {

using media::Input;

std::string output_name(const VideoOptions& options, const Job& job) {
    return job.assignment.stem + "." + std::string(ittybit::name_of(options.format));
}

constexpr auto kStill = "the input is a still picture and has no video";

Error no_video(std::string why = kStill) {
    return {ErrorKind::kNoVideoStream, std::move(why), "input"};
}

Result<SourceFacts> source_facts(const VideoOptions& options, Job& job) {
    const Input& input = *TRY(open_media(job));
    SourceFacts source;
    source.duration = input.duration();
    source.is_duration_sure = input.is_duration_sure();
    const int stream = TRY(media::require_video(input));
    source.picture = picture_facts(input, stream);
    source.metadata = kept_metadata(input);
    if (!options.no_audio) {
        const auto choice = TRY(media::choose_audio(input, stream));
        source.warnings = choice.warnings;
        if (choice.stream) source.sound = sound_facts(input, *choice.stream);
    }
    source.text = TRY(choose_text(options, job));
    TRY(look_at_packets(options, job, source));
    return source;
}

/// A variable rate decides only when read where the last of the wanted frames ends.
Result<> cut_after_frames(const VideoOptions& options, const Input& input, Plan& plan) {
    if (!options.frames || options.fps) return {};
    Window& window = plan.window;
    std::vector<int> streams;
    for (const PlannedRead& read : plan.reads) streams.push_back(read.stream);
    const auto end = TRY(end_of_pictures(input, streams, window.start, *options.frames));
    if (!end || (window.end && *window.end <= *end)) return {};
    window.end = end;
    window.duration = *end - window.start;
    const auto expect_no_more = [&](auto& planned) {
        auto& seconds = planned.expects.seconds;
        if (seconds) seconds = std::min(*seconds, *window.duration);
    };
    for (auto& picture : plan.pictures) expect_no_more(picture);
    for (auto& sound : plan.sounds) expect_no_more(sound);
    return {};
}

/// The facts of an animated picture that libav cannot read (WebP): its frames come from libwebp.
Result<SourceFacts> animation_facts(image::AnimationReader& reader, const image::Header& header) {
    std::int64_t end_ms = 0;
    while (const auto frame = TRY(reader.next())) end_ms = frame->start_ms + frame->duration_ms;
    PictureFacts picture;
    picture.codec = "webp";
    picture.format = AV_PIX_FMT_RGBA;
    picture.stored = reader.size();
    picture.display = header.display();
    picture.orientation = orientation_of(header);
    picture.has_alpha = true;  // as they come: always RGBA
    const AVRational fps = av_d2q(1000.0 * reader.frames() / static_cast<double>(end_ms), 1000);
    picture.fps = {fps.num, fps.den};
    SourceFacts source;
    source.duration = static_cast<double>(end_ms) / 1000;
    source.picture = picture;
    return source;
}

Result<Plan> plan_animation(const VideoOptions& options, const std::string& name, Job& job) {
    auto& reader = *TRY(open_animation(job));
    if (reader.frames() < 2) return no_video();
    const Sniffed sniffed = TRY(sniff(job.source));
    const auto header = TRY(image::read_header(job.source, sniffed, job.limits()));
    SourceFacts source = TRY(animation_facts(reader, header));
    source.text = TRY(choose_text(options, job));
    Plan plan = TRY(plan_video(options, source, name, job.limits()));
    plan.reads.front().as = ReadAs::kAnimation;
    if (plan.window.start == 0 && !plan.window.end)
        plan.pictures.front().expects.pictures = reader.frames();
    return plan;
}

}  // namespace

Result<Plan> plan(const VideoOptions& options, Job& job) {
    const Sniffed sniffed = TRY(sniff(job.source));
    if (sniffed.family == Family::kStill)
        return no_video(TRY(first_alone(job.source, sniffed)).value_or(kStill));
    const std::string name = output_name(options, job);
    if (sniffed.demuxer.empty()) return plan_animation(options, name, job);
    const SourceFacts source = TRY(source_facts(options, job));
    Plan plan = TRY(plan_video(options, source, name, job.limits()));
    TRY(cut_after_frames(options, *job.media, plan));
    plan.can_be_split = can_be_split(plan, source, *job.media);
    return plan;
}

}  // namespace ittybit::tasks
