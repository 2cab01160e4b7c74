#include "tasks/text.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "tasks/language_tag.h"
#include "tasks/plan_time.h"

namespace ittybit::tasks {
namespace {

constexpr const char* kTrackOption = "subtitle_track";

/// "eng", "en" and "en-GB" are English, "en-US" is no "en-GB".
bool is_language(std::string_view wanted, std::string_view language) {
    if (language.empty()) return false;
    const std::string tag = to_lower(language_tag(language));
    const std::string wanted_tag = to_lower(language_tag(wanted));
    return is_same_word(wanted, language) || wanted_tag == tag ||
           (wanted_tag.find('-') == std::string::npos && tag.starts_with(wanted_tag + "-"));
}

bool is_chosen(const TrackChoice& choice, const TextFacts& facts) {
    if (choice.number) return *choice.number == facts.stream;
    return is_language(choice.language, facts.language);
}

Error no_track(const std::string& message) {
    return {ErrorKind::kNoSubtitleStream, message, kTrackOption};
}

/// "2 (eng, subrip), 3 (dvd_subtitle)"
std::string list_of(const std::vector<TextFacts>& tracks) {
    std::vector<std::string> words;
    for (const TextFacts& track : tracks) {
        const std::string comma = track.language.empty() ? "" : ", ";
        words.push_back(fmt::format("{} ({}{}{})", track.stream, track.language, comma, track.codec)
        );
    }
    return join(words);
}

/// The first of the language that is text, as there may be several.
Result<TextFacts> find_track(const TrackChoice& choice, const media::Input& input) {
    std::vector<TextFacts> tracks;
    std::optional<TextFacts> picture;
    for (const AVStream* stream : input.streams()) {
        if (stream->codecpar->codec_type != AVMEDIA_TYPE_SUBTITLE) continue;
        tracks.push_back(text_facts(input, stream->index));
        if (!is_chosen(choice, tracks.back())) continue;
        if (media::is_text(*stream)) return tracks.back();
        picture = tracks.back();
    }
    if (picture) {
        return no_track(fmt::format(
            "subtitle_track {} is no text but pictures ({}), which are not read: give "
            "subtitle_url instead",
            picture->stream, picture->codec
        ));
    }
    const auto wanted = choice.number ? std::to_string(*choice.number) : choice.language;
    return no_track(
        tracks.empty()
            ? "the input has no subtitles for subtitle_track: give subtitle_url instead"
            : fmt::format("the input has no subtitle_track {}, but {}", wanted, list_of(tracks))
    );
}

Error missing_file(const std::string& option) {
    return {ErrorKind::kInternalError, "the subtitles were not passed on", option};
}

Result<TextFacts> facts_of_file(std::size_t place, Job& job) {
    const auto cues = TRY(read_subtitles(place, job));
    TextFacts facts;
    facts.input = static_cast<int>(place);
    facts.codec = cues.codec;
    facts.cues = static_cast<std::int64_t>(cues.cues.size());
    return facts;
}

/// The text tracks of the input, as many as there may be.
void add_tracks(
    const media::Input& input, std::vector<TextFacts>& texts, std::vector<std::string>& warnings
) {
    for (const AVStream* stream : input.streams()) {
        if (stream->codecpar->codec_type != AVMEDIA_TYPE_SUBTITLE) continue;
        TextFacts facts = text_facts(input, stream->index);
        const auto leave_out = [&](std::string_view why) {
            warnings.push_back(fmt::format(
                "the subtitles in stream {} ({}) were left out: {}", facts.stream, facts.codec, why
            ));
        };
        if (!media::is_text(*stream)) {
            leave_out("they are no text");
        } else if (texts.size() >= kMostSubtitles) {
            leave_out(fmt::format("a stream has {} at most", kMostSubtitles));
        } else {
            texts.push_back(std::move(facts));
        }
    }
}

/// Those of the plan's texts that are tracks of the input, in their order: all in one reading.
Result<std::vector<Result<media::Cues>>> read_tracks(
    const Plan& plan, Job& job, const media::Cut& cut, const std::function<void()>& moved
) {
    std::vector<int> streams;
    for (const TextPlan& text : plan.texts) {
        const PlannedRead& read = plan.read_at(text.read);
        if (read.input == 0) streams.push_back(read.stream);
    }
    if (streams.empty()) return std::vector<Result<media::Cues>>();
    return media::read_cues(*TRY(open_media(job)), streams, cut, moved);
}

}  // namespace

Result<media::Cues> read_subtitles(std::size_t place, Job& job) {
    const auto& inputs = job.assignment.inputs;
    const std::string option = place < inputs.size() ? inputs[place].option : "";
    if (place > job.further.size()) return missing_file(option);
    auto cues = media::read_subtitle_file(*job.further[place - 1], job.limits());
    if (cues) return cues;
    Error error = std::move(cues).error();
    error.where = option;
    return std::move(error).in(option);
}

Result<std::optional<TextFacts>> choose_text(const VideoOptions& options, Job& job) {
    if (options.subtitle_track) {
        if (job.media == nullptr) return no_track("the input has no subtitles for subtitle_track");
        return std::optional(TRY(find_track(*options.subtitle_track, *job.media)));
    }
    if (!options.subtitle_url) return std::optional<TextFacts>();
    return std::optional(TRY(facts_of_file(1, job)));
}

Result<std::vector<TextFacts>> choose_texts(
    const AdaptiveVideoOptions& options, Job& job, std::vector<std::string>& warnings
) {
    std::vector<TextFacts> texts;
    for (const SubtitleSource& source : options.subtitles) {
        TextFacts& facts = texts.emplace_back(TRY(facts_of_file(texts.size() + 1, job)));
        facts.language = source.language.value_or("");
        facts.label.title = source.label.value_or("");
        facts.label.is_forced = source.is_forced;
        facts.is_default = source.is_default;
    }
    if (!options.no_subtitles) add_tracks(*job.media, texts, warnings);
    return texts;
}

Result<std::vector<media::Cues>> read_texts(
    const Plan& plan,
    Job& job,
    const std::function<void()>& moved,
    std::vector<std::string>& warnings
) {
    media::Cut cut = cut_of(plan.window);
    const bool is_sure = job.media == nullptr || job.media->is_duration_sure();
    if (!cut.end && plan.window.duration && is_sure)
        cut.end = plan.window.start + *plan.window.duration;
    auto tracks = TRY(read_tracks(plan, job, cut, moved));
    auto track = tracks.begin();
    std::vector<media::Cues> all;
    for (const TextPlan& text : plan.texts) {
        const PlannedRead& read = plan.read_at(text.read);
        const auto place = static_cast<std::size_t>(read.input);
        auto cues = place == 0 ? std::move(*track++) : read_subtitles(place, job);
        const bool is_in_stream = !text.branches.empty() && text.branches.front().track.rendition;
        if (!cues && place == 0 && is_in_stream) {
            warnings.push_back(fmt::format(
                "the subtitles in stream {} are empty: {}", read.stream, cues.error().message
            ));
            cues = media::Cues();
        }
        all.push_back(TRY(std::move(cues)));
        all.back().cues = media::within(std::move(all.back().cues), cut);
        std::ranges::copy(all.back().warnings, std::back_inserter(warnings));
    }
    return all;
}

}  // namespace ittybit::tasks
