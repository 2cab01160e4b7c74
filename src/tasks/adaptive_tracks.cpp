#include "tasks/adaptive_tracks.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "tasks/language_tag.h"
#include "tasks/plan.h"
#include "tasks/quality.h"

namespace ittybit::tasks {
namespace {

constexpr const char* kWhyEncoded = "streams are made of segments";
constexpr int kSurroundChannels = 6;

/// What a label says beside the language.
std::string_view addition(const TrackLabel& track) {
    if (track.is_forced) return " (forced)";
    switch (track.purpose) {
        case Purpose::kMain: return "";
        case Purpose::kCommentary: return " (commentary)";
        case Purpose::kDescription: return " (described)";
        case Purpose::kHardOfHearing: return " (hard of hearing)";
    }
    return "";
}

/// Gives each track of a group a label of its own, and says which of them players may take by
/// themselves: for each language one of a kind, and no commentary.
class Labels {
public:
    Labels(std::string_view group, std::string_view unnamed) : group_(group), unnamed_(unnamed) {}

    PlannedRendition add(const TrackLabel& track, const std::string& language, bool is_default) {
        const std::string tag = language_tag(language);
        PlannedRendition rendition;
        rendition.group = group_;
        rendition.label = unlike_others(track, tag);
        rendition.purpose = track.purpose;
        rendition.is_default = is_default;
        rendition.is_forced = track.is_forced;
        const bool is_first = kinds_.emplace(tag, track.purpose, track.is_forced).second;
        rendition.is_automatic = is_default || (is_first && track.purpose != Purpose::kCommentary);
        return rendition;
    }

private:
    std::string unlike_others(const TrackLabel& track, const std::string& tag) {
        std::string label = track.title;
        if (label.empty()) {
            label = language_name(tag);
            if (label.empty()) label = unnamed_;
            label += addition(track);
        }
        std::string unlike = label;
        for (int number = 2; !known_.insert(unlike).second; ++number)
            unlike = fmt::format("{} {}", label, number);
        return unlike;
    }

    const std::string group_;
    const std::string unnamed_;  // where no language is known
    std::set<std::string> known_;
    std::set<std::tuple<std::string, Purpose, bool>> kinds_;
};

/// "audio", and of the second track "audio-2".
std::string name_of_track(std::string_view name, std::size_t index, const std::string& stem) {
    const std::string numbered =
        index == 0 ? std::string(name) : fmt::format("{}-{}", name, index + 1);
    return numbered == stem ? numbered + "-main" : numbered;
}

bool has_surround(const SoundFacts& facts) {
    const bool is_named =
        !facts.layout.starts_with("ambisonic") && !facts.layout.ends_with("channels");
    return is_named && facts.channels >= kSurroundChannels;
}

/// How sounds are encoded: all in one format, so that players can change between them at once.
SoundEncoding encoding_of(const std::vector<SoundFacts>& sounds, Quality quality) {
    SoundFacts like = sounds.front();
    for (const SoundFacts& sound : sounds) like.channels = std::max(like.channels, sound.channels);
    auto encoding = video_sound_encoding(VideoFormat::kMp4, quality, like);
    // The rates that every player of streams knows.
    encoding.format.sample_rate = like.sample_rate % 11025 == 0 ? 44100 : 48000;
    return encoding;
}

/// Of as many channels as 5.1 has, at the rate of two and a half stereo sounds.
SoundEncoding surround_encoding(SoundEncoding stereo) {
    stereo.format.layout = "5.1";
    stereo.bitrate = *stereo.bitrate * 5 / 2;
    return stereo;
}

/// At half the rate, and no more than small streams can have.
SoundEncoding low_encoding(SoundEncoding encoding) {
    constexpr std::int64_t kLowBitrate = 64'000;
    encoding.bitrate = std::min(kLowBitrate, *encoding.bitrate / 2);
    return encoding;
}

class Sounds {
public:
    Sounds(Plan& plan, const AdaptiveVideoOptions& options, const std::string& stem)
        : plan_(plan), options_(options), stem_(stem) {}

    void add(const std::vector<SoundFacts>& sounds) {
        const Quality quality = options_.quality.value_or(Quality::kMedium);
        const SoundEncoding encoding = encoding_of(sounds, quality);
        for (const SoundFacts& facts : sounds) {
            rendition_ = labels_.add(facts.label, facts.language, index_ == 0);
            SoundPlan sound = begin(facts);
            add_branch(sound, facts, encoding, kSoundGroup);
            add_branch(sound, facts, low_encoding(encoding), kLowSoundGroup);
            sound.is_mixed =
                has_surround(facts) || is_mixed_to(encoding.format.layout, facts, plan_.warnings);
            keep(std::move(sound));
            if (has_surround(facts)) add_surround(facts, encoding);
            ++index_;
        }
    }

private:
    SoundPlan begin(const SoundFacts& facts) {
        SoundPlan sound;
        sound.why_encoded = kWhyEncoded;
        sound.read = static_cast<int>(plan_.reads.size());
        sound.expects = expectation(facts.told_end, plan_.window);
        plan_.reads.push_back({.stream = facts.stream});
        return sound;
    }

    void add_branch(
        SoundPlan& sound,
        const SoundFacts& facts,
        const SoundEncoding& encoding,
        std::string_view group
    ) {
        PlannedTrack track;
        track.name = name_of_track(group, index_, stem_);
        track.language = facts.language;
        track.rendition = rendition_;
        track.rendition->group = group;
        sound.branches.push_back({encoding, {}, std::move(track)});
    }

    /// The same stream once more, mixed to other channels.
    void add_surround(const SoundFacts& facts, const SoundEncoding& encoding) {
        SoundPlan sound = plan_.sounds.back();
        sound.branches.clear();
        add_branch(sound, facts, surround_encoding(encoding), kSurroundGroup);
        sound.is_mixed =
            facts.channels > kSurroundChannels && is_mixed_to("5.1", facts, plan_.warnings);
        keep(std::move(sound));
    }

    void keep(SoundPlan sound) {
        sound.loudness = loudness_target(options_, sound.branches);
        plan_.sounds.push_back(std::move(sound));
    }

    Plan& plan_;
    const AdaptiveVideoOptions& options_;
    const std::string& stem_;
    Labels labels_{kSoundGroup, "Audio"};
    PlannedRendition rendition_;  // of the track that is being added
    std::size_t index_ = 0;
};

}  // namespace

void add_sounds(
    Plan& plan,
    const SourceFacts& source,
    const AdaptiveVideoOptions& options,
    const std::string& stem
) {
    std::vector<SoundFacts> sounds = {*source.sound};
    std::ranges::copy(source.other_sounds, std::back_inserter(sounds));
    Sounds(plan, options, stem).add(sounds);
}

void add_texts(Plan& plan, const SourceFacts& source, const std::string& stem) {
    Labels labels(kTextGroup, "Subtitles");
    for (const TextFacts& facts : source.texts) {
        TextBranch branch;
        branch.track.name = name_of_track(kTextGroup, plan.texts.size(), stem);
        branch.track.language = facts.language;
        branch.track.rendition = labels.add(facts.label, facts.language, facts.is_default);
        TextPlan text;
        text.read = static_cast<int>(plan.reads.size());
        text.codec = facts.codec;
        text.branches.push_back(std::move(branch));
        plan.reads.push_back(read_of(facts));
        plan.texts.push_back(std::move(text));
    }
}

}  // namespace ittybit::tasks
