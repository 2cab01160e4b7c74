#include "conformance/variants.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"
#include "conformance/codec_names.h"

namespace ittybit::conformance {
namespace {

using manifest::Place;
using manifest::Report;
using manifest::rule;
using manifest::Variant;

bool is_text_codec(std::string_view codec) {
    return codec.starts_with("wvtt") || codec.starts_with("stpp") || codec.starts_with("tx3g");
}

/// What plays together in one variant.
struct Combination {
    const Rendition* own = nullptr;  // of the variant's playlist
    std::set<std::string> codecs;
    double peak = 0;
    double average = 0;
    bool is_known = true;  // all of it was read
};

class VariantCheck {
public:
    VariantCheck(const Stream& stream, Report& report)
        : stream_(stream), master_(stream.master), report_(report) {}

    void check() {
        for (const auto& variant : master_.variants) check_variant(variant);
        for (const auto& variant : master_.key_frames) check_key_frames(variant);
        for (const auto& rendition : master_.renditions) check_rendition(rendition);
        check_keys();
        check_start();
        check_independence();
        check_aspects();
        check_scrubbing();
    }

private:
    static void add_codecs(const Rendition& rendition, Combination& whole) {
        for (const auto* track : {&rendition.picture, &rendition.sound}) {
            if (!*track) continue;
            whole.is_known = whole.is_known && !(*track)->codec.empty();
            if (!(*track)->codec.empty()) whole.codecs.insert((*track)->codec);
        }
    }

    Combination combine(const Variant& variant) {
        Combination whole;
        whole.own = stream_.rendition(variant.uri);
        whole.is_known = whole.own != nullptr && whole.own->is_read;
        if (whole.own == nullptr) return whole;
        add_codecs(*whole.own, whole);
        double peak = 0, average = 0;
        for (const auto& rendition : master_.renditions) {
            const bool is_sound = rendition.type() == "AUDIO" &&
                                  rendition.group() == variant.attributes.value("AUDIO");
            if (!is_sound || rendition.uri.empty()) continue;
            const auto* read = stream_.rendition(rendition.uri);
            whole.is_known = whole.is_known && read != nullptr && read->is_read;
            if (read == nullptr) continue;
            add_codecs(*read, whole);
            peak = std::max(peak, read->peak);
            average = std::max(average, read->average);
        }
        // Where sound is all there is, one plays in place of the other. (What is encrypted may not
        // be known.)
        const bool is_beside =
            whole.own->picture.has_value() || variant.attributes.has("RESOLUTION");
        whole.peak = is_beside ? whole.own->peak + peak : std::max(whole.own->peak, peak);
        whole.average =
            is_beside ? whole.own->average + average : std::max(whole.own->average, average);
        return whole;
    }

    void check_codecs(const Variant& variant, const Combination& whole) {
        const auto& text = variant.attributes.value("CODECS");
        if (!variant.attributes.has("CODECS")) return;
        const auto declared = split(text, ',');
        for (const auto& found : whole.codecs)
            report_.expect(
                std::ranges::any_of(
                    declared, [&](const auto& codec) { return is_codec(codec, found); }
                ),
                rule("codecs"), master_.at(variant),
                fmt::format("CODECS \"{}\" without {}", text, plain_codec(found))
            );
        check_supplement(variant, whole);
        if (!whole.is_known) return;
        const bool has_text = variant.attributes.has("SUBTITLES") || whole.own->is_text;
        for (const auto& codec : declared)
            report_.expect(
                (has_text && is_text_codec(plain_codec(codec))) ||
                    std::ranges::any_of(
                        whole.codecs, [&](const auto& found) { return is_codec(codec, found); }
                    ),
                rule("codecs"), master_.at(variant),
                fmt::format("CODECS lists {}, which is in none of its media", codec)
            );
    }

    /// Dolby Vision over what others play as well has a configuration of its own.
    void check_supplement(const Variant& variant, const Combination& whole) {
        const auto& text = variant.attributes.value("SUPPLEMENTAL-CODECS");
        const auto& picture = whole.own->picture;
        report_.expect(
            (text.find("dvh") == text.npos && text.find("dav") == text.npos) || !picture ||
                picture->is_dolby || !whole.own->is_fragmented,
            rule("codecs"), master_.at(variant),
            fmt::format("SUPPLEMENTAL-CODECS \"{}\" without a configuration of it", text)
        );
    }

    void check_rates(const Variant& variant, const Combination& whole) {
        if (!whole.own->playlist->is_ended || whole.average <= 0 || !are_there(*whole.own)) return;
        const auto within = [&](std::string_view name, double measured, double under, double over,
                                const manifest::Rule& broken) {
            const auto declared = variant.attributes.integer(name);
            if (!declared) return;
            const auto told = static_cast<double>(*declared);
            report_.expect(
                told >= measured * under - 1 && told <= measured * over + 1, broken,
                master_.at(variant),
                fmt::format("{} {}, measured {:.0f}", name, *declared, measured)
            );
        };
        within("BANDWIDTH", whole.peak, 0.997, 1.1, rule("bandwidth"));
        within("AVERAGE-BANDWIDTH", whole.average, 0.95, 1.05, rule("average-bandwidth"));
    }

    /// Whether the size of every segment is known.
    static bool are_there(const Rendition& rendition) {
        return std::ranges::all_of(rendition.segments, [](const MediaTimes& times) {
            return times.bytes > 0;
        });
    }

    void check_picture(const Variant& variant, const Rendition& rendition) {
        const auto& attributes = variant.attributes;
        const auto place = master_.at(variant);
        const auto& track = *rendition.picture;
        if (const auto size = manifest::read_resolution(attributes.value("RESOLUTION"));
            size && track.width > 0) {
            const auto shown = std::llround(
                static_cast<double>(track.width * track.aspect_width) /
                static_cast<double>(std::max<std::int64_t>(track.aspect_height, 1))
            );
            const bool is_stored = size->width == track.width && size->height == track.height;
            const bool is_shown =
                std::abs(size->width - shown) <= 2 && size->height == track.height;
            report_.expect(
                is_stored || is_shown, rule("resolution"), place,
                fmt::format(
                    "RESOLUTION {}, the pictures are {}x{}", attributes.value("RESOLUTION"),
                    track.width, track.height
                )
            );
        }
        if (const auto rate = attributes.number("FRAME-RATE"); rate && rendition.frame_rate > 0) {
            constexpr double kRounding = 0.006;
            const double off = *rate - rendition.frame_rate;
            report_.expect(
                std::abs(off) <= kRounding || (rendition.has_varying_rate && off > 0),
                rule("frame-rate"), place,
                fmt::format(
                    "FRAME-RATE {}, measured {:.3f}", attributes.value("FRAME-RATE"),
                    rendition.frame_rate
                )
            );
        }
        const bool is_told = track.transfer || track.entry.starts_with("avc");
        const auto& told = attributes.value("VIDEO-RANGE");
        const auto range = video_range(track.transfer);
        report_.expect(
            !is_told || (told.empty() ? "SDR" : told) == range, rule("video-range"), place,
            fmt::format(
                "VIDEO-RANGE {}, the pictures are {}", told.empty() ? "is absent" : told, range
            )
        );
        const auto* captions = attributes.find("CLOSED-CAPTIONS");
        report_.expect(
            !rendition.has_captions || rendition.playlist->is_frames_only ||
                (captions != nullptr && captions->is_quoted),
            rule("closed-captions-undeclared"), place, "there are closed captions in the pictures"
        );
    }

    void check_variant(const Variant& variant) {
        const auto whole = combine(variant);
        if (whole.own == nullptr) return;
        check_codecs(variant, whole);
        check_rates(variant, whole);
        if (whole.own->picture) check_picture(variant, *whole.own);
    }

    void check_key_frames(const Variant& variant) {
        const auto* read = stream_.rendition(variant.uri);
        if (read == nullptr) return;
        Combination whole{
            .own = read,
            .codecs = {},
            .peak = read->peak,
            .average = read->average,
            .is_known = read->is_read
        };
        add_codecs(*read, whole);
        check_codecs(variant, whole);
        check_rates(variant, whole);
        if (read->picture) check_picture(variant, *read);
    }

    void check_rendition(const manifest::Rendition& rendition) {
        const auto* read = stream_.rendition(rendition.uri);
        const auto& attributes = rendition.attributes;
        if (read != nullptr) check_type(rendition, *read);
        if (read == nullptr || !read->sound || rendition.type() != "AUDIO") return;
        const auto& channels = attributes.value("CHANNELS");
        const auto told =
            manifest::read_integer(std::string_view(channels).substr(0, channels.find('/')));
        report_.expect(
            !told || read->sound->channels == 0 || *told == read->sound->channels, rule("channels"),
            master_.at(rendition),
            fmt::format("CHANNELS \"{}\", the sound has {}", channels, read->sound->channels)
        );
        const auto rate = attributes.integer("SAMPLE-RATE");
        const auto* config = read->sound->audio ? &*read->sound->audio : nullptr;
        report_.expect(
            !rate || config == nullptr || *rate == config->rate || *rate == config->output_rate,
            rule("sample-rate"), master_.at(rendition),
            fmt::format(
                "SAMPLE-RATE {}, the sound has {} Hz", rate.value_or(0),
                config != nullptr ? config->rate : 0
            )
        );
    }

    void check_type(const manifest::Rendition& rendition, const Rendition& read) {
        const auto& type = rendition.type();
        const auto content = read.content();
        const bool is_other = (type == "AUDIO" && content != Content::kSound) ||
                              (type == "VIDEO" && content != Content::kPicture) ||
                              (type == "SUBTITLES" && content != Content::kText);
        report_.expect(
            !is_other || content == Content::kNothing, rule("rendition-media"),
            master_.at(rendition), fmt::format("TYPE={}, the media is of another kind", type)
        );
    }

    /// A key of the session is the very key of the playlists (HLS 4.4.6.5).
    void check_keys() {
        std::map<std::string_view, const manifest::Key*> keys;
        for (const auto& key : master_.keys)
            if (!key.uri.empty()) keys.try_emplace(key.uri, &key);
        for (const auto& [uri, playlist] : stream_.playlists)
            for (const auto& other : playlist.all_keys) {
                const auto found = keys.find(other.uri);
                if (found == keys.end()) continue;
                const auto& key = *found->second;
                report_.expect(
                    key.method == other.method && key.format == other.format, rule("session-key"),
                    {master_.file, key.line, {}},
                    fmt::format(
                        "METHOD {}, that of the same key in {} is {}", key.method, uri, other.method
                    )
                );
            }
    }

    void check_start() {
        if (!master_.start) return;
        double longest = 0;
        for (const auto& [uri, playlist] : stream_.playlists) {
            longest = std::max(longest, playlist.duration());
            report_.expect(
                !playlist.start || *playlist.start == *master_.start, rule("same-tags"),
                {playlist.file, {}, {}}, "another EXT-X-START than in the multivariant playlist"
            );
        }
        report_.expect(
            std::abs(*master_.start) <= longest || longest == 0, rule("start"),
            {master_.file, master_.start_line, {}},
            fmt::format("TIME-OFFSET {} in {:.3f} seconds", *master_.start, longest)
        );
    }

    void check_independence() {
        if (master_.is_independent) return;
        for (const auto& variant : master_.variants) {
            const auto* read = stream_.rendition(variant.uri);
            if (read == nullptr || !read->picture) continue;
            report_.expect(
                read->playlist->is_independent, rule("independent-segments"),
                {read->playlist->file, {}, {}},
                "EXT-X-INDEPENDENT-SEGMENTS neither here nor in the multivariant playlist"
            );
        }
    }

    void check_aspects() {
        std::optional<double> first;
        for (const auto& variant : master_.variants) {
            const auto size = manifest::read_resolution(variant.attributes.value("RESOLUTION"));
            if (!size) continue;
            const double aspect =
                static_cast<double>(size->width) / static_cast<double>(size->height);
            if (!first) first = aspect;
            constexpr double kNear = 0.02;  // sides are even numbers
            report_.expect(
                std::abs(aspect / *first - 1) <
                    kNear + 2.0 / static_cast<double>(std::min(size->width, size->height)),
                rule("aspect"), master_.at(variant),
                fmt::format("{:.3f}:1 beside {:.3f}:1", aspect, *first)
            );
        }
    }

    /// Of a segment that is encrypted as a whole no picture can be had alone.
    void check_scrubbing() {
        const auto has_pictures = [](const Variant& variant) {
            return variant.attributes.has("RESOLUTION");
        };
        const auto is_whole = [](const manifest::Segment& segment) {
            return segment.encryption == manifest::Encryption::kAes128;
        };
        const bool is_wanted = std::ranges::any_of(master_.variants, has_pictures) &&
                               std::ranges::none_of(stream_.playlists, [&](const auto& playlist) {
                                   return std::ranges::any_of(playlist.second.segments, is_whole);
                               });
        report_.expect(
            !is_wanted || !master_.key_frames.empty(), rule("i-frame-playlist"),
            {master_.file, {}, {}}, "no EXT-X-I-FRAME-STREAM-INF"
        );
    }

    const Stream& stream_;
    const manifest::MultivariantPlaylist& master_;
    Report& report_;
};

}  // namespace

void check_variants(const Stream& stream, Report& report) {
    VariantCheck(stream, report).check();
}

}  // namespace ittybit::conformance
