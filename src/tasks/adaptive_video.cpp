#include "tasks/adaptive_video.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "media/facts.h"
#include "media/input.h"
#include "media/stream.h"
#include "tasks/adaptive_plan.h"
#include "tasks/audio.h"
#include "tasks/plan_time.h"
#include "tasks/source_facts.h"

namespace ittybit::tasks {
namespace {

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

Result<SourceFacts> source_facts(const AdaptiveVideoOptions& options, Job& job) {
    if (options.mute_video) return facts_of_sound(job);
    const Sniffed sniffed = TRY(sniff(job.source));
    if (sniffed.family == Family::kStill) return no_pictures();
    const auto& input = *TRY(open_media(job));
    SourceFacts facts;
    facts.duration = input.duration();
    facts.is_duration_sure = input.is_duration_sure();
    std::optional<int> video;
    if (has_video(input)) {
        video = TRY(media::require_video(input));
        facts.picture = picture_facts(input, *video);
        PictureFacts& picture = *facts.picture;
        if (!picture.is_steady) {
            const Ratio fastest = TRY(fastest_rate(input, *video));
            if (fastest.num > 0) picture.fps = fastest;
        }
        const auto fields = TRY(media::find_interlaced(input, input.stream(*video)));
        picture.is_interlaced = fields.value_or(picture.is_interlaced);
    }
    if (!options.no_audio) {
        auto choice = TRY(media::choose_audio(input, video));
        facts.warnings = std::move(choice.warnings);
        if (choice.stream) facts.sound = sound_facts(input, *choice.stream);
    }
    return facts;
}

/// A film with hardly any pictures is made of repetitions, hours of work from a few bytes: it may
/// be half as long as others.
Result<> check_length(const Window& window, Ratio fps, const Limits& limits) {
    const double most = limits.duration / 2;
    const bool is_sparse = fps.value() > 0 && fps.value() < 1;
    if (!is_sparse || window.duration.value_or(0) <= most) return {};
    return Error{
        ErrorKind::kLimitExceeded,
        fmt::format(
            "the input has less than a picture a second, and would last {:.0f} seconds, more than "
            "the {:.0f} allowed then; choose a part with start and end",
            *window.duration, most
        ),
        "", LimitReached{"duration", most}
    };
}

}  // namespace

Result<Plan> plan(const AdaptiveVideoOptions& options, Job& job) {
    const SourceFacts source = TRY(source_facts(options, job));
    Plan plan = TRY(plan_adaptive(options, source, job.assignment.stem));
    for (const PicturePlan& picture : plan.pictures) {
        TRY(check_frames(plan.window, picture.clock.fps, job.limits()));
        TRY(check_length(plan.window, source.picture->fps, job.limits()));
    }
    return plan;
}

}  // namespace ittybit::tasks
