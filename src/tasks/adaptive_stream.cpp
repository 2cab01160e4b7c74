#include "tasks/adaptive_stream.h"

#include <algorithm>

#include <fmt/format.h>

#include "media/facts.h"
#include "tasks/adaptive_tracks.h"
#include "tasks/language_tag.h"

namespace ittybit::tasks {
namespace {

std::string playlist_name(const Segmenter& rendition) {
    return rendition.name() + ".m3u8";
}

std::string frames_playlist_name(const Segmenter& rendition) {
    return rendition.name() + "-iframes.m3u8";
}

int frames_target(const Segmenter& rendition) {
    return target_duration(rendition.key_pictures(), SegmentGrid::kKeySeconds);
}

/// Adds the sounds of a group to a variant: whichever is chosen, as much is enough.
void add_group(const AdaptiveStream& stream, std::string_view group, int target, Variant& variant) {
    std::int64_t bandwidth = 0, average = 0;
    for (const Segmenter* sound : stream.group(group)) {
        bandwidth = std::max(bandwidth, peak_bitrate(sound->segments(), target));
        average = std::max(average, average_bitrate(sound->segments()));
    }
    variant.audio_group = group;
    variant.bandwidth += bandwidth;
    variant.average_bandwidth += average;
}

/// A rendition of the picture with the sounds that play beside it, if any; `group` is empty for
/// those that it has by itself: the lowest one plays with the low rates of sound.
Variant picture_variant(
    const AdaptiveStream& stream, std::size_t number, int target, std::string_view group = ""
) {
    const Segmenter& picture = stream.pictures[number];
    Variant variant{
        .playlist = playlist_name(picture),
        .bandwidth = peak_bitrate(picture.segments(), target),
        .average_bandwidth = average_bitrate(picture.segments()),
        .codecs = picture.codec(),
        .resolution = Size{picture.track().width, picture.track().height},
        .frame_rate = media::shown_rate(stream.rates[number].value()),
    };
    if (!stream.texts.empty()) variant.text_group = kTextGroup;
    if (!stream.captions.empty()) variant.caption_group = kCaptionGroup;
    if (stream.sounds.empty()) return variant;
    if (group.empty()) group = stream.is_lowest(number) ? kLowSoundGroup : kSoundGroup;
    add_group(stream, group, target, variant);
    variant.codecs += "," + stream.sounds.front().codec();
    return variant;
}

/// BCP 47, of the default one.
std::string language_of_sound(const AdaptiveStream& stream) {
    return stream.sounds.empty() ? "und" : language_tag(stream.sounds.front().planned().language);
}

/// The names of the groups of sound, in the order of their first sounds.
std::vector<std::string> groups_of(const AdaptiveStream& stream) {
    std::vector<std::string> groups;
    for (const auto& sound : stream.sounds) {
        const auto& group = sound.planned().rendition->group;
        if (std::ranges::find(groups, group) == groups.end()) groups.push_back(group);
    }
    return groups;
}

MediaRendition media_rendition(const Segmenter& sound, const std::string& group) {
    MediaRendition rendition{
        .planned = *sound.planned().rendition,
        .playlist = playlist_name(sound),
        .language = language_tag(sound.planned().language),
        .channels = sound.track().ch_layout.nb_channels,
    };
    rendition.planned.group = group;
    return rendition;
}

MediaRendition media_rendition(const TextRendition& text) {
    return {
        .planned = *text.planned().rendition,
        .playlist = text.name() + ".m3u8",
        .language = language_tag(text.planned().language),
    };
}

/// Closed captions, in whose language the container does not say: in that of the default sound.
MediaRendition caption_rendition(const AdaptiveStream& stream, std::size_t number) {
    MediaRendition rendition;
    rendition.planned.group = kCaptionGroup;
    rendition.planned.label =
        number == 0 ? "Closed captions" : fmt::format("Closed captions {}", number + 1);
    rendition.planned.is_automatic = true;
    rendition.language = language_of_sound(stream);
    rendition.channel = stream.captions[number];
    return rendition;
}

/// The variant of a stream without pictures: the default sound in a group, which is named where
/// there is a choice.
Variant variant_of_group(
    const AdaptiveStream& stream, std::string_view group, bool has_choice, int target
) {
    const Segmenter& first = *stream.group(group).front();
    Variant variant{.playlist = playlist_name(first), .codecs = first.codec()};
    add_group(stream, group, target, variant);
    if (!has_choice) variant.audio_group.clear();
    if (!stream.texts.empty()) variant.text_group = kTextGroup;
    return variant;
}

Variant frames_variant(const Segmenter& picture) {
    return {
        .playlist = frames_playlist_name(picture),
        .bandwidth = peak_bitrate(picture.key_pictures(), frames_target(picture)),
        .average_bandwidth = average_bitrate(picture.key_pictures()),
        .codecs = picture.codec(),
        .resolution = Size{picture.track().width, picture.track().height},
    };
}

/// A range of a segment that is encrypted as a whole is no picture.
bool has_frames(const AdaptiveStream& stream) {
    return stream.key_url.empty();
}

Result<> write_playlists_of(
    const Segmenter& rendition, const AdaptiveStream& stream, PartWriter& parts
) {
    const std::string init = rendition.name() + "-init.mp4";
    const MediaPlaylist all{
        playlist_name(rendition), init, rendition.segments(), /*is_frames_only=*/false,
        stream.key_url
    };
    TRY(parts.write(all.name, media_playlist_text(all, stream.target_duration())));
    if (rendition.key_pictures().empty() || !has_frames(stream)) return {};
    const MediaPlaylist frames{
        frames_playlist_name(rendition), init, rendition.key_pictures(), /*is_frames_only=*/true
    };
    return parts.write(frames.name, media_playlist_text(frames, frames_target(rendition)));
}

Representation representation_of(const Segmenter& rendition, int target) {
    const auto& track = rendition.track();
    Representation representation{
        .name = rendition.name(),
        .bandwidth = peak_bitrate(rendition.segments(), target),
        .codecs = rendition.codec(),
        .timescale = rendition.timescale(),
        .segments = rendition.segments(),
    };
    if (track.codec_type == AVMEDIA_TYPE_VIDEO) {
        representation.resolution = Size{track.width, track.height};
    } else {
        representation.sample_rate = track.sample_rate;
        representation.channels = track.ch_layout.nb_channels;
    }
    return representation;
}

Representation representation_of(const TextRendition& rendition, int target) {
    constexpr int kMicroseconds = 1'000'000;
    return {
        .name = rendition.name(),
        .bandwidth = peak_bitrate(rendition.segments(), target),
        .timescale = kMicroseconds,
        .segments = rendition.segments(),
    };
}

Rendition rendition_of(const Variant& variant) {
    Rendition rendition{
        .name = variant.playlist.substr(0, variant.playlist.rfind('.')),
        .fps = variant.frame_rate,
        .bandwidth = variant.bandwidth,
        .average_bandwidth = variant.average_bandwidth,
        .codecs = variant.codecs,
    };
    if (variant.resolution) {
        rendition.width = variant.resolution->width;
        rendition.height = variant.resolution->height;
    }
    return rendition;
}

StreamFacts picture_facts(const Segmenter& made, Ratio rate) {
    StreamFacts facts;
    facts.type = "video";
    facts.codec = avcodec_get_name(made.track().codec_id);
    facts.duration = made.duration();
    facts.bitrate = average_bitrate(made.segments());
    facts.is_default = true;
    facts.profile = made.track().codec_id == AV_CODEC_ID_H264 ? "High" : "Main";
    facts.width = made.track().width;
    facts.height = made.track().height;
    facts.fps = media::shown_rate(rate.value());
    facts.rotation = 0;
    facts.pixel_format = "yuv420p";
    facts.bit_depth = 8;
    facts.interlaced = false;
    return facts;
}

std::string language_or_und(const PlannedTrack& track) {
    return track.language.empty() ? "und" : track.language;
}

StreamFacts sound_facts(const Segmenter& made) {
    constexpr int kSurroundChannels = 6;
    const int channels = made.track().ch_layout.nb_channels;
    StreamFacts facts;
    facts.type = "audio";
    facts.codec = avcodec_get_name(made.track().codec_id);
    facts.duration = made.duration();
    facts.bitrate = average_bitrate(made.segments());
    facts.is_default = made.planned().rendition->is_default;
    facts.profile = "LC";
    facts.language = language_or_und(made.planned());
    facts.channels = channels;
    facts.channel_layout = channels == 1                   ? "mono"
                           : channels == kSurroundChannels ? "5.1"
                                                           : "stereo";
    facts.sample_rate = made.track().sample_rate;
    return facts;
}

StreamFacts text_facts(const TextRendition& made) {
    StreamFacts facts;
    facts.type = "subtitle";
    facts.codec = "webvtt";
    facts.is_default = made.planned().rendition->is_default;
    facts.language = language_or_und(made.planned());
    return facts;
}

/// The best picture, and each sound and text that can be chosen.
std::vector<StreamFacts> streams_of(const AdaptiveStream& stream) {
    std::vector<StreamFacts> streams;
    if (!stream.pictures.empty())
        streams.push_back(picture_facts(stream.pictures.front(), stream.rates.front()));
    for (const auto& sound : stream.sounds)
        if (sound.planned().rendition->group != kLowSoundGroup)
            streams.push_back(sound_facts(sound));
    for (const auto& text : stream.texts) streams.push_back(text_facts(text));
    for (std::size_t i = 0; i < streams.size(); ++i) streams[i].index = static_cast<int>(i);
    return streams;
}

}  // namespace

int AdaptiveStream::target_duration() const {
    int target = kSegmentSeconds;
    for (const auto* all : {&pictures, &sounds})
        for (const auto& rendition : *all)
            target = tasks::target_duration(rendition.segments(), target);
    return target;
}

std::vector<const Segmenter*> AdaptiveStream::group(std::string_view name) const {
    std::vector<const Segmenter*> members;
    std::vector<std::string_view> labels;
    for (const auto& sound : sounds) {
        const auto& planned = *sound.planned().rendition;
        const auto known = std::ranges::find(labels, planned.label);
        if (known == labels.end()) {
            labels.emplace_back(planned.label);
            members.push_back(&sound);
        } else if (planned.group == name) {
            members[static_cast<std::size_t>(known - labels.begin())] = &sound;
        }
    }
    return members;
}

MasterPlaylist AdaptiveStream::master(const std::string& folder) const {
    const int target = target_duration();
    MasterPlaylist playlist{.folder = folder};
    const auto groups = groups_of(*this);
    const bool has_surround = std::ranges::find(groups, kSurroundGroup) != groups.end();
    for (const std::size_t number : listed()) {
        playlist.variants.push_back(picture_variant(*this, number, target));
        if (has_frames(*this)) playlist.key_pictures.push_back(frames_variant(pictures[number]));
        if (has_surround && !is_lowest(number))
            playlist.surround.push_back(picture_variant(*this, number, target, kSurroundGroup));
    }
    const bool has_choice = sounds.size() > groups.size();
    for (const auto& name : groups) {
        auto& variants = name == kSurroundGroup ? playlist.surround : playlist.variants;
        if (pictures.empty()) variants.push_back(variant_of_group(*this, name, has_choice, target));
        if (pictures.empty() && !has_choice) continue;
        for (const Segmenter* sound : group(name))
            playlist.renditions.push_back(media_rendition(*sound, name));
    }
    for (const auto& text : texts) playlist.renditions.push_back(media_rendition(text));
    for (std::size_t i = 0; i < captions.size(); ++i)
        playlist.renditions.push_back(caption_rendition(*this, i));
    return playlist;
}

Presentation AdaptiveStream::presentation() const {
    const int target = target_duration();
    Presentation presentation{.duration = 0, .least_buffer = target};
    for (const std::size_t number : listed()) {
        auto& added =
            presentation.pictures.emplace_back(representation_of(pictures[number], target));
        added.frame_rate = rates[number];
    }
    for (const auto& sound : sounds) {
        const auto& planned = *sound.planned().rendition;
        if (planned.group != kLowSoundGroup)
            presentation.sounds.push_back({planned, language_tag(sound.planned().language), {}});
        auto& set = presentation.sounds.back();
        set.representations.push_back(representation_of(sound, target));
    }
    presentation.captions = captions;
    presentation.caption_language =
        language_letters(sounds.empty() ? "" : sounds.front().planned().language);
    for (const auto& text : texts) {
        presentation.texts.push_back({
            .planned = *text.planned().rendition,
            .language = language_tag(text.planned().language),
            .representation = representation_of(text, target),
        });
    }
    for (const auto* all : {&pictures, &sounds})
        for (const auto& rendition : *all)
            presentation.duration = std::max(presentation.duration, rendition.duration());
    return presentation;
}

std::map<AVCodecID, std::vector<std::size_t>> AdaptiveStream::ladders() const {
    std::map<AVCodecID, std::vector<std::size_t>> ladders;
    for (std::size_t i = 0; i < pictures.size(); ++i)
        ladders[pictures[i].track().codec_id].push_back(i);
    return ladders;
}

bool AdaptiveStream::is_lowest(std::size_t number) const {
    return ladders().at(pictures[number].track().codec_id).back() == number;
}

std::vector<std::size_t> AdaptiveStream::listed() const {
    std::vector<std::size_t> listed;
    for (const auto& [codec, ladder] : ladders()) {
        std::vector<std::int64_t> averages;
        for (const auto number : ladder)
            averages.push_back(picture_variant(*this, number, target_duration()).average_bandwidth);
        for (const auto kept : rates_apart(averages)) listed.push_back(ladder[kept]);
    }
    std::ranges::sort(listed);
    return listed;
}

Result<> check_alignment(const AdaptiveStream& stream) {
    const auto is_like = [](const Segment& one, const Segment& other) {
        return one.duration == other.duration;
    };
    for (const auto& picture : stream.pictures) {
        const auto& first = stream.pictures.front();
        if (std::ranges::equal(picture.segments(), first.segments(), is_like) &&
            std::ranges::equal(picture.key_pictures(), first.key_pictures(), is_like))
            continue;
        return Error{
            ErrorKind::kOutputInvalid,
            fmt::format(
                "the renditions {} and {} came out with different boundaries; please report it",
                picture.name(), first.name()
            ),
            ""
        };
    }
    return {};
}

Result<> write_manifests(
    AdaptiveStream& stream, bool has_dash, const Assignment& assignment, PartWriter& parts
) {
    for (const std::size_t number : stream.listed())
        TRY(write_playlists_of(stream.pictures[number], stream, parts));
    for (const auto& sound : stream.sounds) TRY(write_playlists_of(sound, stream, parts));
    const auto& like = stream.pictures.empty() ? stream.sounds.front() : stream.pictures.front();
    for (auto& text : stream.texts) {
        TRY(text.write(like.segments(), parts));
        const MediaPlaylist all{
            text.name() + ".m3u8", /*init=*/"", text.segments(), /*is_frames_only=*/false,
            stream.key_url
        };
        TRY(parts.write(all.name, media_playlist_text(all, stream.target_duration())));
    }
    if (has_dash) TRY(parts.write(std::string(kMpdName), mpd_text(stream.presentation())));
    const MasterPlaylist master = stream.master(assignment.parts_folder);
    return parts.write(assignment.stem + ".m3u8", master_playlist_text(master), /*is_main=*/true);
}

File describe(const AdaptiveStream& stream, const PartWriter& parts) {
    File file;
    file.kind = "adaptive_video";
    file.format = "hls";
    file.size = parts.size();
    file.parts = Parts{parts.count(), parts.size()};
    if (!stream.key_url.empty())
        file.encryption =
            EncryptionFacts{std::string(name_of(EncryptionMethod::kAes128)), stream.key_url};
    file.renditions.emplace();
    file.duration = 0;
    const auto variants = stream.master("").variants;
    for (const Variant& variant : variants) file.renditions->push_back(rendition_of(variant));
    if (!stream.pictures.empty()) {
        const auto& best = stream.pictures.front();
        file.width = best.track().width;
        file.height = best.track().height;
        file.fps = media::shown_rate(stream.rates.front().value());
        file.rotation = 0;
        file.codecs.video = avcodec_get_name(best.track().codec_id);
        file.duration = best.duration();
    }
    if (!stream.sounds.empty()) {
        const auto& sound = stream.sounds.front();
        file.codecs.audio = avcodec_get_name(sound.track().codec_id);
        file.duration = std::max(*file.duration, sound.duration());
    }
    file.streams = streams_of(stream);
    file.bitrate = variants.front().average_bandwidth;
    return file;
}

}  // namespace ittybit::tasks
