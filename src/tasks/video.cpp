#include "tasks/video.h"

#include <algorithm>
#include <string>
#include <vector>

#include "media/input.h"
#include "media/stream.h"
#include "tasks/plan.h"
#include "tasks/text.h"

namespace ittybit::tasks {
namespace {

using media::Input;

std::string output_name(const VideoOptions& options, const Job& job) {
    return job.assignment.stem + "." + std::string(ittybit::name_of(options.format));
}

Error no_video() {
    return {ErrorKind::kNoVideoStream, "the input is a still picture and has no video", "input"};
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

/// Whether reading may begin anywhere and shows each picture at the same time as ever: where an
/// index leads, and not a clock that may begin anew.
bool is_indexed(const Input& input) {
    const auto& demuxer = input.sniffed().demuxer;
    return demuxer == "mov" || demuxer == "matroska";
}

/// Whether pieces of the picture, each encoded by itself, are the whole: nothing is carried from
/// picture to picture but by filters that look at neighbours, and the encoder aims at a quality,
/// not at a rate over all.
bool can_be_split(const Plan& plan, const SourceFacts& source, const Input& input) {
    const PicturePlan& picture = plan.pictures.front();
    if (picture.copied || !is_indexed(input) || input.is_patched()) return false;
    const auto& branch = picture.branches.front();
    const bool counts = picture.most_frames && !picture.cadence;
    // Tracks of text are written as far as sound has been read.
    const bool has_text_alone = plan.sounds.empty() && !plan.texts.empty();
    const bool is_burnt_in = std::ranges::any_of(plan.texts, [](const TextPlan& text) {
        return text.burnt_into.has_value();
    });
    const bool has_alpha = plan.reads[static_cast<std::size_t>(picture.read)].alpha.has_value();
    const bool aims_at_rate = branch.encoding->bitrate.value_or(0) > 0;
    return source.is_duration_sure && plan.window.duration && !counts && !is_burnt_in &&
           !has_text_alone && !has_alpha && !aims_at_rate;
}

/// A variable rate decides only when read where the last of the wanted frames ends.
Result<> cut_after_frames(const VideoOptions& options, const Input& input, Plan& plan) {
    if (!options.frames || options.fps) return {};
    Window& window = plan.window;
    std::vector<int> streams;
    for (const PlannedRead& read : plan.reads) streams.push_back(read.stream);
    const auto end = TRY(end_of_pictures(input, streams, window.start, *options.frames));
    if (!end || (window.end && *window.end <= *end)) return {};
    window.end = *end;
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
Result<SourceFacts> animation_facts(image::AnimationReader& reader) {
    std::int64_t end_ms = 0;
    while (const auto frame = TRY(reader.next())) end_ms = frame->start_ms + frame->duration_ms;
    PictureFacts picture;
    picture.codec = "webp";
    picture.format = AV_PIX_FMT_RGBA;
    picture.stored = reader.size();
    picture.display = reader.size();
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
    SourceFacts source = TRY(animation_facts(reader));
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
    if (sniffed.family == Family::kStill) return no_video();
    const std::string name = output_name(options, job);
    if (sniffed.demuxer.empty()) return plan_animation(options, name, job);
    const SourceFacts source = TRY(source_facts(options, job));
    Plan plan = TRY(plan_video(options, source, name, job.limits()));
    TRY(cut_after_frames(options, *job.media, plan));
    plan.can_be_split = can_be_split(plan, source, *job.media);
    return plan;
}

}  // namespace ittybit::tasks
