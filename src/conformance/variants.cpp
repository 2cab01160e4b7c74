#include "conformance/variants.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <utility>

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

void add_codecs(const Rendition& rendition, Combination& whole) {
    for (const auto* track : {&rendition.picture, &rendition.sound}) {
        if (!*track) continue;
        whole.is_known = whole.is_known && !(*track)->codec.empty();
        if (!(*track)->codec.empty()) whole.codecs.insert((*track)->codec);
    }
}

/// A variant without its renditions, as an I-frame playlist plays.
Combination alone(const Stream& stream, const Variant& variant) {
    Combination whole;
    whole.own = stream.rendition(variant.uri);
    if (whole.own == nullptr) return whole;
    whole.peak = whole.own->peak;
    whole.average = whole.own->average;
    whole.is_known = whole.own->is_read;
    add_codecs(*whole.own, whole);
    return whole;
}

Combination combine(const Stream& stream, const Variant& variant) {
    auto whole = alone(stream, variant);
    if (whole.own == nullptr) return whole;
    double peak = 0, average = 0;
    for (const auto& rendition : stream.master.renditions) {
        const bool is_sound =
            rendition.type() == "AUDIO" && rendition.group() == variant.attributes.value("AUDIO");
        if (!is_sound || rendition.uri.empty()) continue;
        const auto* read = stream.rendition(rendition.uri);
        whole.is_known = whole.is_known && read != nullptr && read->is_read;
        if (read == nullptr) continue;
        add_codecs(*read, whole);
        peak = std::max(peak, read->peak);
        average = std::max(average, read->average);
    }
    // Where sound is all there is, one plays in place of the other. (What is encrypted may not
    // be known.)
    const bool is_beside = whole.own->picture.has_value() || variant.attributes.has("RESOLUTION");
    whole.peak = is_beside ? whole.peak + peak : std::max(whole.peak, peak);
    whole.average = is_beside ? whole.average + average : std::max(whole.average, average);
    return whole;
}

/// Whether the size of every segment is known.
bool are_there(const Rendition& rendition) {
    return std::ranges::all_of(rendition.segments, [](const MediaTimes& times) {
        return times.bytes > 0;
    });
}

/// Whether a variant says what its media is.
class VariantCheck {
public:
    VariantCheck(const Variant& variant, Combination whole, Place place, Report& report)
        : variant_(variant), whole_(std::move(whole)), place_(std::move(place)), report_(report) {}

    void check() {
        if (whole_.own == nullptr) return;
        check_codecs();
        check_rates();
        if (whole_.own->picture) check_picture();
    }

private:
    void check_codecs() {
        const auto& text = variant_.attributes.value("CODECS");
        if (!variant_.attributes.has("CODECS")) return;
        const auto declared = split(text, ',');
        for (const auto& found : whole_.codecs)
            report_.expect(
                std::ranges::any_of(
                    declared, [&](const auto& codec) { return is_codec(codec, found); }
                ),
                rule("codecs"), place_,
                fmt::format("CODECS \"{}\" without {}", text, plain_codec(found))
            );
        check_supplement();
        if (!whole_.is_known) return;
        const bool has_text = variant_.attributes.has("SUBTITLES") || whole_.own->is_text;
        for (const auto& codec : declared)
            report_.expect(
                (has_text && is_text_codec(plain_codec(codec))) ||
                    std::ranges::any_of(
                        whole_.codecs, [&](const auto& found) { return is_codec(codec, found); }
                    ),
                rule("codecs"), place_,
                fmt::format("CODECS lists {}, which is in none of its media", codec)
            );
    }

    /// Dolby Vision over what others play as well has a configuration of its own.
    void check_supplement() {
        const auto& text = variant_.attributes.value("SUPPLEMENTAL-CODECS");
        const auto& picture = whole_.own->picture;
        report_.expect(
            (text.find("dvh") == text.npos && text.find("dav") == text.npos) || !picture ||
                picture->is_dolby || !whole_.own->is_fragmented,
            rule("codecs"), place_,
            fmt::format("SUPPLEMENTAL-CODECS \"{}\" without a configuration of it", text)
        );
    }

    void check_rates() {
        if (!whole_.own->playlist->is_ended || whole_.average <= 0 || !are_there(*whole_.own))
            return;
        const auto within = [&](std::string_view name, double measured, double under, double over,
                                const manifest::Rule& broken) {
            const auto declared = variant_.attributes.integer(name);
            if (!declared) return;
            const auto told = static_cast<double>(*declared);
            report_.expect(
                told >= measured * under - 1 && told <= measured * over + 1, broken, place_,
                fmt::format("{} {}, measured {:.0f}", name, *declared, measured)
            );
        };
        within("BANDWIDTH", whole_.peak, 0.997, 1.1, rule("bandwidth"));
        within("AVERAGE-BANDWIDTH", whole_.average, 0.95, 1.05, rule("average-bandwidth"));
    }

    void check_picture() {
        const auto& attributes = variant_.attributes;
        const auto& rendition = *whole_.own;
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
                is_stored || is_shown, rule("resolution"), place_,
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
                rule("frame-rate"), place_,
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
            !is_told || (told.empty() ? "SDR" : told) == range, rule("video-range"), place_,
            fmt::format(
                "VIDEO-RANGE {}, the pictures are {}", told.empty() ? "is absent" : told, range
            )
        );
        const auto* captions = attributes.find("CLOSED-CAPTIONS");
        report_.expect(
            !rendition.has_captions || rendition.playlist->is_frames_only ||
                (captions != nullptr && captions->is_quoted),
            rule("closed-captions-undeclared"), place_, "there are closed captions in the pictures"
        );
    }

    const Variant& variant_;
    const Combination whole_;
    const Place place_;
    Report& report_;
};

void check_type(
    const manifest::Rendition& rendition, const Rendition& read, const Place& place, Report& report
) {
    const auto& type = rendition.type();
    const auto content = read.content();
    const bool is_other = (type == "AUDIO" && content != Content::kSound) ||
                          (type == "VIDEO" && content != Content::kPicture) ||
                          (type == "SUBTITLES" && content != Content::kText);
    report.expect(
        !is_other || content == Content::kNothing, rule("rendition-media"), place,
        fmt::format("TYPE={}, the media is of another kind", type)
    );
}

void check_rendition(const manifest::Rendition& rendition, const Stream& stream, Report& report) {
    const auto* read = stream.rendition(rendition.uri);
    const auto place = stream.master.at(rendition);
    const auto& attributes = rendition.attributes;
    if (read != nullptr) check_type(rendition, *read, place, report);
    if (read == nullptr || !read->sound || rendition.type() != "AUDIO") return;
    const auto& channels = attributes.value("CHANNELS");
    const auto told =
        manifest::read_integer(std::string_view(channels).substr(0, channels.find('/')));
    report.expect(
        !told || read->sound->channels == 0 || *told == read->sound->channels, rule("channels"),
        place, fmt::format("CHANNELS \"{}\", the sound has {}", channels, read->sound->channels)
    );
    const auto rate = attributes.integer("SAMPLE-RATE");
    const auto* config = read->sound->audio ? &*read->sound->audio : nullptr;
    report.expect(
        !rate || config == nullptr || *rate == config->rate || *rate == config->output_rate,
        rule("sample-rate"), place,
        fmt::format(
            "SAMPLE-RATE {}, the sound has {} Hz", rate.value_or(0),
            config != nullptr ? config->rate : 0
        )
    );
}

/// A key of the session is the very key of the playlists (HLS 4.4.6.5).
void check_keys(const Stream& stream, Report& report) {
    std::map<std::string_view, const manifest::Key*> keys;
    for (const auto& key : stream.master.keys)
        if (!key.uri.empty()) keys.try_emplace(key.uri, &key);
    for (const auto& [uri, playlist] : stream.playlists)
        for (const auto& other : playlist.all_keys) {
            const auto found = keys.find(other.uri);
            if (found == keys.end()) continue;
            const auto& key = *found->second;
            report.expect(
                key.method == other.method && key.format == other.format, rule("session-key"),
                {stream.master.file, key.line, {}},
                fmt::format(
                    "METHOD {}, that of the same key in {} is {}", key.method, uri, other.method
                )
            );
        }
}

void check_start(const Stream& stream, Report& report) {
    if (!stream.master.start) return;
    double longest = 0;
    for (const auto& [uri, playlist] : stream.playlists) {
        longest = std::max(longest, playlist.duration());
        report.expect(
            !playlist.start || *playlist.start == *stream.master.start, rule("same-tags"),
            {playlist.file, {}, {}}, "another EXT-X-START than in the multivariant playlist"
        );
    }
    report.expect(
        std::abs(*stream.master.start) <= longest || longest == 0, rule("start"),
        {stream.master.file, stream.master.start_line, {}},
        fmt::format("TIME-OFFSET {} in {:.3f} seconds", *stream.master.start, longest)
    );
}

void check_independence(const Stream& stream, Report& report) {
    if (stream.master.is_independent) return;
    for (const auto& variant : stream.master.variants) {
        const auto* read = stream.rendition(variant.uri);
        if (read == nullptr || !read->picture) continue;
        report.expect(
            read->playlist->is_independent, rule("independent-segments"),
            {read->playlist->file, {}, {}},
            "EXT-X-INDEPENDENT-SEGMENTS neither here nor in the multivariant playlist"
        );
    }
}

void check_aspects(const Stream& stream, Report& report) {
    std::optional<double> first;
    for (const auto& variant : stream.master.variants) {
        const auto size = manifest::read_resolution(variant.attributes.value("RESOLUTION"));
        if (!size) continue;
        const double aspect = static_cast<double>(size->width) / static_cast<double>(size->height);
        if (!first) first = aspect;
        constexpr double kNear = 0.02;  // sides are even numbers
        report.expect(
            std::abs(aspect / *first - 1) <
                kNear + 2.0 / static_cast<double>(std::min(size->width, size->height)),
            rule("aspect"), stream.master.at(variant),
            fmt::format("{:.3f}:1 beside {:.3f}:1", aspect, *first)
        );
    }
}

/// Of a segment that is encrypted as a whole no picture can be had alone.
void check_scrubbing(const Stream& stream, Report& report) {
    const auto has_pictures = [](const Variant& variant) {
        return variant.attributes.has("RESOLUTION");
    };
    const auto is_whole = [](const manifest::Segment& segment) {
        return segment.encryption == manifest::Encryption::kAes128;
    };
    const bool is_wanted = std::ranges::any_of(stream.master.variants, has_pictures) &&
                           std::ranges::none_of(stream.playlists, [&](const auto& playlist) {
                               return std::ranges::any_of(playlist.second.segments, is_whole);
                           });
    report.expect(
        !is_wanted || !stream.master.key_frames.empty(), rule("i-frame-playlist"),
        {stream.master.file, {}, {}}, "no EXT-X-I-FRAME-STREAM-INF"
    );
}

}  // namespace

void check_variants(const Stream& stream, Report& report) {
    const auto& master = stream.master;
    for (const auto& variant : master.variants)
        VariantCheck(variant, combine(stream, variant), master.at(variant), report).check();
    for (const auto& variant : master.key_frames)
        VariantCheck(variant, alone(stream, variant), master.at(variant), report).check();
    for (const auto& rendition : master.renditions) check_rendition(rendition, stream, report);
    check_keys(stream, report);
    check_start(stream, report);
    check_independence(stream, report);
    check_aspects(stream, report);
    check_scrubbing(stream, report);
}

}  // namespace ittybit::conformance
