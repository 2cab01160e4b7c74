#include "tasks/adaptive_stream.h"

#include <algorithm>

#include <fmt/format.h>

#include "media/facts.h"
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

Variant sound_variant(const Segmenter& sound, int target) {
    return {
        .playlist = playlist_name(sound),
        .bandwidth = peak_bitrate(sound.segments(), target),
        .average_bandwidth = average_bitrate(sound.segments()),
        .codecs = sound.codec(),
        .resolution = {},
        .frame_rate = {},
    };
}

/// A rendition of the picture with the sound that plays beside it, if any.
/// The lowest one plays with the low rate of sound.
Variant picture_variant(const AdaptiveStream& stream, std::size_t number, int target) {
    const Segmenter& picture = stream.pictures[number];
    Variant variant{
        .playlist = playlist_name(picture),
        .bandwidth = peak_bitrate(picture.segments(), target),
        .average_bandwidth = average_bitrate(picture.segments()),
        .codecs = picture.codec(),
        .resolution = Size{picture.track().width, picture.track().height},
        .frame_rate = media::shown_rate(stream.rates[number].value()),
    };
    if (!stream.sounds.empty()) {
        const bool is_lowest = number + 1 == stream.pictures.size();
        const Segmenter& beside = is_lowest ? stream.sounds.back() : stream.sounds.front();
        const Variant sound = sound_variant(beside, target);
        variant.audio_group = beside.name();
        variant.bandwidth += sound.bandwidth;
        variant.average_bandwidth += sound.average_bandwidth;
        variant.codecs += "," + sound.codecs;
    }
    return variant;
}

Variant frames_variant(const Segmenter& picture) {
    return {
        .playlist = frames_playlist_name(picture),
        .bandwidth = peak_bitrate(picture.key_pictures(), frames_target(picture)),
        .average_bandwidth = average_bitrate(picture.key_pictures()),
        .codecs = picture.codec(),
        .resolution = Size{picture.track().width, picture.track().height},
        .frame_rate = {},
    };
}

Result<> write_playlists_of(const Segmenter& rendition, int target, PartWriter& parts) {
    const std::string init = rendition.name() + "-init.mp4";
    const MediaPlaylist all{
        playlist_name(rendition), init, rendition.segments(), /*is_frames_only=*/false
    };
    TRY(parts.write(all.name, media_playlist_text(all, target)));
    if (rendition.key_pictures().empty()) return {};
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
        .resolution = {},
    };
    if (track.codec_type == AVMEDIA_TYPE_VIDEO) {
        representation.resolution = Size{track.width, track.height};
    } else {
        representation.sample_rate = track.sample_rate;
        representation.channels = track.ch_layout.nb_channels;
    }
    return representation;
}

Rendition rendition_of(const Segmenter& made, const Variant& variant) {
    Rendition rendition{
        .name = made.name(),
        .width = {},
        .height = {},
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

StreamFacts stream_facts(const Segmenter& made, const AdaptiveStream& stream, int index) {
    const auto& track = made.track();
    StreamFacts facts;
    facts.index = index;
    const bool is_video = track.codec_type == AVMEDIA_TYPE_VIDEO;
    facts.type = is_video ? "video" : "audio";
    facts.codec = avcodec_get_name(track.codec_id);
    facts.duration = made.duration();
    facts.bitrate = average_bitrate(made.segments());
    facts.is_default = true;
    if (is_video) {
        facts.profile = "High";
        facts.width = track.width;
        facts.height = track.height;
        facts.fps = media::shown_rate(stream.rates.front().value());
        facts.rotation = 0;
        facts.pixel_format = "yuv420p";
        facts.bit_depth = 8;
        facts.interlaced = false;
    } else {
        facts.profile = "LC";
        facts.language = stream.language.empty() ? "und" : stream.language;
        facts.channels = track.ch_layout.nb_channels;
        facts.channel_layout = track.ch_layout.nb_channels == 1 ? "mono" : "stereo";
        facts.sample_rate = track.sample_rate;
    }
    return facts;
}

}  // namespace

int AdaptiveStream::target_duration() const {
    int target = SegmentGrid::kSegmentSeconds;
    for (const auto* group : {&pictures, &sounds})
        for (const auto& rendition : *group)
            target = tasks::target_duration(rendition.segments(), target);
    return target;
}

MasterPlaylist AdaptiveStream::master(const std::string& folder) const {
    const int target = target_duration();
    MasterPlaylist playlist{.folder = folder, .variants = {}, .key_pictures = {}};
    for (const std::size_t number : listed()) {
        playlist.variants.push_back(picture_variant(*this, number, target));
        playlist.key_pictures.push_back(frames_variant(pictures[number]));
    }
    for (const auto& sound : sounds) {
        if (pictures.empty()) {
            playlist.variants.push_back(sound_variant(sound, target));
            continue;
        }
        playlist.audio.push_back({
            .group = sound.name(),
            .playlist = playlist_name(sound),
            .language = language_tag(language),
            .channels = sound.track().ch_layout.nb_channels,
        });
    }
    return playlist;
}

Presentation AdaptiveStream::presentation() const {
    const int target = target_duration();
    Presentation presentation{
        .duration = 0,
        .least_buffer = target,
        .language = language_tag(language),
        .pictures = {},
        .sounds = {},
    };
    for (const std::size_t number : listed()) {
        auto& added =
            presentation.pictures.emplace_back(representation_of(pictures[number], target));
        added.frame_rate = rates[number];
    }
    for (const auto& sound : sounds)
        presentation.sounds.push_back(representation_of(sound, target));
    for (const auto* group : {&pictures, &sounds})
        for (const auto& rendition : *group)
            presentation.duration = std::max(presentation.duration, rendition.duration());
    return presentation;
}

std::vector<std::size_t> AdaptiveStream::listed() const {
    std::vector<std::int64_t> averages;
    for (std::size_t i = 0; i < pictures.size(); ++i)
        averages.push_back(picture_variant(*this, i, target_duration()).average_bandwidth);
    return averages.empty() ? std::vector<std::size_t>() : rates_apart(averages);
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
    const AdaptiveStream& stream, bool has_dash, const Assignment& assignment, PartWriter& parts
) {
    const int target = stream.target_duration();
    for (const std::size_t number : stream.listed())
        TRY(write_playlists_of(stream.pictures[number], target, parts));
    for (const auto& sound : stream.sounds) TRY(write_playlists_of(sound, target, parts));
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
    file.renditions.emplace();
    file.duration = 0;
    const auto variants = stream.master("").variants;
    const auto listed = stream.listed();
    for (std::size_t i = 0; i < variants.size(); ++i) {
        const auto& made = listed.empty() ? stream.sounds[i] : stream.pictures[listed[i]];
        file.renditions->push_back(rendition_of(made, variants[i]));
    }
    if (!stream.pictures.empty()) {
        const auto& best = stream.pictures.front();
        file.width = best.track().width;
        file.height = best.track().height;
        file.fps = media::shown_rate(stream.rates.front().value());
        file.rotation = 0;
        file.codecs.video = avcodec_get_name(best.track().codec_id);
        file.duration = best.duration();
        file.streams.push_back(stream_facts(best, stream, 0));
    }
    if (!stream.sounds.empty()) {
        const auto& sound = stream.sounds.front();
        file.codecs.audio = avcodec_get_name(sound.track().codec_id);
        file.duration = std::max(*file.duration, sound.duration());
        file.streams.push_back(stream_facts(sound, stream, static_cast<int>(file.streams.size())));
    }
    file.bitrate = variants.front().average_bandwidth;
    return file;
}

}  // namespace ittybit::tasks
