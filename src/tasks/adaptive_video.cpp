#include "tasks/adaptive_video.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "media/facts.h"
#include "media/input.h"
#include "media/stream.h"
#include "tasks/adaptive_plan.h"
#include "tasks/adaptive_probe.h"
#include "tasks/adaptive_tracks.h"
#include "tasks/audio.h"
#include "tasks/plan_time.h"
#include "tasks/source_facts.h"
#include "tasks/split_check.h"
#include "tasks/still.h"
#include "tasks/text.h"

namespace ittybit::tasks {
namespace {

constexpr auto kStill = "the input is a still image, not a video; choose a video or use kind image";

Error no_pictures(std::string why) {
    return {ErrorKind::kNoVideoStream, std::move(why), "input"};
}

bool has_video(const media::Input& input) {
    return std::ranges::any_of(input.streams(), [](const AVStream* stream) {
        return stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !media::is_cover(*stream);
    });
}

/// All sounds that decode.
Result<> add_sounds(const media::Input& input, std::optional<int> video, SourceFacts& facts) {
    auto tracks = TRY(media::audio_tracks(input, video, kMostSounds + 1));
    facts.warnings = std::move(tracks.warnings);
    if (tracks.streams.size() > kMostSounds) {
        tracks.streams.resize(kMostSounds);
        facts.warnings.push_back(
            fmt::format("a stream has {} audio tracks at most: others were left out", kMostSounds)
        );
    }
    std::vector<SoundFacts> sounds;
    for (const int stream : tracks.streams) sounds.push_back(sound_facts(input, stream));
    if (sounds.empty()) return {};
    facts.sound = sounds.front();
    facts.other_sounds.assign(sounds.begin() + 1, sounds.end());
    return {};
}

/// The picture, where there is one, as a stream needs it.
Result<> add_picture(const media::Input& input, int video, SourceFacts& facts) {
    PictureFacts picture = picture_facts(input, video);
    if (!picture.is_steady) {
        const Ratio fastest = TRY(fastest_rate(input, video));
        if (fastest.num > 0) picture.fps = fastest;
    }
    const auto fields = TRY(media::find_interlaced(input, input.stream(video)));
    picture.is_interlaced = fields.value_or(picture.is_interlaced);
    facts.picture = std::move(picture);
    return {};
}

Result<SourceFacts> source_facts(const AdaptiveVideoOptions& options, Job& job) {
    SourceFacts facts;
    if (options.mute_video) facts = TRY(facts_of_sound(job));
    const Sniffed sniffed = TRY(sniff(job.source));
    if (sniffed.family == Family::kStill)
        return no_pictures(TRY(first_alone(job.source, sniffed)).value_or(kStill));
    const auto& input = *TRY(open_media(job));
    facts.duration = input.duration();
    facts.is_duration_sure = input.is_duration_sure();
    std::optional<int> video;
    if (has_video(input) && !options.mute_video) {
        video = TRY(media::require_video(input));
        TRY(add_picture(input, *video, facts));
    }
    if (!options.no_audio) TRY(add_sounds(input, video, facts));
    facts.texts = TRY(choose_texts(options, job, facts.warnings));
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
    if (!plan.pictures.empty())
        if (const auto demand = measure_demand(plan, *source.picture, job))
            plan = TRY(plan_adaptive(options, source, job.assignment.stem, demand));
    plan.can_be_split = can_be_split(plan, source, *job.media);
    return plan;
}

}  // namespace ittybit::tasks
