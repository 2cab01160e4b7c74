#include "tasks/text.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "tasks/language_tag.h"
#include "tasks/plan_time.h"

namespace ittybit::tasks {
namespace {

constexpr const char* kUrlOption = "subtitle_url";
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

Error missing_file() {
    return {ErrorKind::kInternalError, "the subtitles were not passed on", kUrlOption};
}

}  // namespace

Result<media::Cues> read_subtitles(ByteSource& source, const Limits& limits) {
    auto cues = media::read_subtitle_file(source, limits);
    if (cues) return cues;
    Error error = std::move(cues).error();
    error.where = kUrlOption;
    return std::move(error).in(kUrlOption);
}

Result<std::optional<TextFacts>> choose_text(const VideoOptions& options, Job& job) {
    if (options.subtitle_track) {
        if (job.media == nullptr) return no_track("the input has no subtitles for subtitle_track");
        return std::optional(TRY(find_track(*options.subtitle_track, *job.media)));
    }
    if (!options.subtitle_url) return std::optional<TextFacts>();
    if (job.further.empty()) return missing_file();
    const auto cues = TRY(read_subtitles(*job.further.front(), job.limits()));
    TextFacts facts;
    facts.input = 1;
    facts.codec = cues.codec;
    facts.cues = static_cast<std::int64_t>(cues.cues.size());
    return std::optional(std::move(facts));
}

Result<media::Cues> read_cues(
    const PlannedRead& read, const Window& window, Job& job, const std::function<void()>& moved
) {
    const auto place = static_cast<std::size_t>(read.input);
    if (place > job.further.size()) return missing_file();
    media::Cut cut = cut_of(window);
    if (!cut.end && window.duration) cut.end = window.start + *window.duration;
    auto cues = place == 0 ? TRY(media::read_cues(*job.media, read.stream, cut, moved))
                           : TRY(read_subtitles(*job.further[place - 1], job.limits()));
    cues.cues = media::within(std::move(cues.cues), cut);
    return cues;
}

}  // namespace ittybit::tasks
