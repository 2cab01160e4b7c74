#include "manifest/multivariant_rules.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "manifest/reference.h"

namespace ittybit::manifest {
namespace {

constexpr auto kGroupTypes =
    std::to_array<std::string_view>({"AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"});

bool is_instream_id(const std::string& id) {
    if (id.size() == 3 && id.starts_with("CC")) return id[2] >= '1' && id[2] <= '4';
    if (!id.starts_with("SERVICE")) return false;
    const auto number = read_integer(std::string_view(id).substr(7));
    return number && *number >= 1 && *number <= 63;
}

bool has_picture(const Variant& variant) {
    const auto& codecs = variant.attributes.value("CODECS");
    const auto kVideo =
        std::to_array<std::string_view>({"avc", "hvc", "hev", "dvh", "av01", "vp0", "mjpg"});
    return variant.attributes.has("RESOLUTION") || std::ranges::any_of(kVideo, [&](auto word) {
               return codecs.find(word) != std::string::npos;
           });
}

/// Renditions, and the groups that they make.
class GroupRules {
public:
    GroupRules(const MultivariantPlaylist& playlist, Report& report)
        : playlist_(playlist), report_(report) {}

    void check() {
        for (const auto& rendition : playlist_.renditions) {
            check_rendition(rendition);
            groups_[{rendition.type(), rendition.group()}].push_back(&rendition);
        }
        for (const auto& [key, members] : groups_) check_group(members);
        check_alike();
        check_use();
    }

private:
    using Group = std::vector<const Rendition*>;

    void check_rendition(const Rendition& rendition) {
        const auto& attributes = rendition.attributes;
        const auto& type = rendition.type();
        const auto place = playlist_.at(rendition);
        const auto only = [&](std::string_view name, std::string_view allowed) {
            report_.expect(
                !attributes.has(name) || type == allowed, rule("rendition-attribute"), place,
                fmt::format("{} with TYPE={}", name, type)
            );
        };
        only("FORCED", "SUBTITLES");
        only("INSTREAM-ID", "CLOSED-CAPTIONS");
        only("CHANNELS", "AUDIO");
        only("SAMPLE-RATE", "AUDIO");
        only("BIT-DEPTH", "AUDIO");
        if (type == "CLOSED-CAPTIONS")
            report_.expect(
                is_instream_id(attributes.value("INSTREAM-ID")), rule("instream-id"), place,
                fmt::format("INSTREAM-ID \"{}\"", attributes.value("INSTREAM-ID"))
            );
        report_.expect(
            type == "SUBTITLES" ? attributes.has("URI")
                                : type != "CLOSED-CAPTIONS" || !attributes.has("URI"),
            rule("rendition-uri"), place,
            fmt::format("TYPE={} {} URI", type, attributes.has("URI") ? "with" : "without")
        );
        report_.expect(
            attributes.value("DEFAULT") != "YES" || attributes.value("AUTOSELECT") != "NO",
            rule("autoselect"), place, "DEFAULT=YES with AUTOSELECT=NO"
        );
        report_.expect(
            type == "VIDEO" || attributes.has("LANGUAGE"), rule("language-missing"), place,
            fmt::format("no LANGUAGE of {}", attributes.value("NAME"))
        );
        for (const auto* name : {"LANGUAGE", "ASSOC-LANGUAGE"})
            if (attributes.has(name))
                report_.expect(
                    is_language_tag(attributes.value(name)), rule("language"), place,
                    fmt::format("{} \"{}\"", name, attributes.value(name))
                );
        const auto& channels = attributes.value("CHANNELS");
        if (attributes.has("CHANNELS"))
            report_.expect(
                read_integer(std::string_view(channels).substr(0, channels.find('/'))).value_or(0) >
                    0,
                rule("attribute-value"), place, fmt::format("CHANNELS \"{}\"", channels)
            );
        report_.expect(
            type != "AUDIO" || attributes.has("CHANNELS"), rule("channels-missing"), place,
            fmt::format("no CHANNELS of {}", attributes.value("NAME"))
        );
    }

    void check_group(const Group& members) {
        std::set<std::string> known;
        std::set<std::array<std::string, 4>> selectable;
        int defaults = 0;
        for (const auto* member : members) {
            const auto& attributes = member->attributes;
            const auto place = playlist_.at(*member);
            report_.expect(
                known.insert(attributes.value("NAME")).second, rule("name-unique"), place,
                fmt::format(
                    "NAME \"{}\" is there again in group \"{}\"", attributes.value("NAME"),
                    member->group()
                )
            );
            if (attributes.value("DEFAULT") == "YES")
                report_.expect(
                    ++defaults == 1, rule("default-once"), place,
                    fmt::format("a second DEFAULT in group \"{}\"", member->group())
                );
            if (attributes.value("AUTOSELECT") != "YES") continue;
            const bool is_new =
                selectable
                    .insert(
                        {attributes.value("LANGUAGE") + attributes.value("INSTREAM-ID"),
                         attributes.value("ASSOC-LANGUAGE"), attributes.value("FORCED"),
                         attributes.value("CHARACTERISTICS") + attributes.value("CHANNELS")}
                    )
                    .second;
            report_.expect(
                is_new, rule("autoselect-distinct"), place,
                "a player cannot tell it from another of its group"
            );
        }
    }

    /// What corresponding members of two groups have in common (4.4.6.1.1).
    static std::string likeness_of(const Rendition& member) {
        constexpr auto kOwn = std::to_array<std::string_view>(
            {"GROUP-ID", "URI", "CHANNELS", "STABLE-RENDITION-ID", "PATHWAY-ID", "BIT-DEPTH",
             "SAMPLE-RATE"}
        );
        std::set<std::string> said;
        for (const auto& attribute : member.attributes.all())
            if (std::ranges::find(kOwn, attribute.name) == kOwn.end())
                said.insert(attribute.name + "=" + attribute.value);
        return fmt::format("{}", fmt::join(said, ","));
    }

    /// Groups of one type hold the same renditions, each in another coding.
    void check_alike() {
        std::map<std::string, std::pair<std::string, std::set<std::string>>> first;
        for (const auto& [key, members] : groups_) {
            std::set<std::string> likenesses;
            for (const auto* member : members) likenesses.insert(likeness_of(*member));
            const auto [known, is_first] = first.try_emplace(key.first, key.second, likenesses);
            report_.expect(
                is_first || known->second.second == likenesses, rule("group-members"),
                playlist_.at(*members.front()),
                fmt::format(
                    "group \"{}\" has other members than \"{}\", or they say otherwise", key.second,
                    known->second.first
                )
            );
        }
    }

    void check_use() {
        std::set<std::pair<std::string, std::string>> used;
        for (const auto* list : {&playlist_.variants, &playlist_.key_frames})
            for (const auto& variant : *list)
                for (const auto type : kGroupTypes) {
                    const auto* attribute = variant.attributes.find(type);
                    if (attribute == nullptr ||
                        (type == "CLOSED-CAPTIONS" && !attribute->is_quoted))
                        continue;
                    const std::pair key{std::string(type), attribute->value};
                    used.insert(key);
                    report_.expect(
                        groups_.contains(key), rule("group-missing"), playlist_.at(variant),
                        fmt::format("{} names the group \"{}\"", type, attribute->value)
                    );
                }
        for (const auto& [key, members] : groups_)
            report_.expect(
                used.contains(key), rule("group-unused"), playlist_.at(*members.front()),
                fmt::format("no variant names the {} group \"{}\"", key.first, key.second)
            );
    }

    const MultivariantPlaylist& playlist_;
    Report& report_;
    std::map<std::pair<std::string, std::string>, Group> groups_;  // by type and id
};

/// Variants and I-frame playlists: each alone, and all together.
class VariantRules {
public:
    VariantRules(const MultivariantPlaylist& playlist, Report& report)
        : playlist_(playlist), report_(report) {}

    void check() {
        for (const auto& variant : playlist_.variants) check_variant(variant);
        for (const auto& variant : playlist_.key_frames) check_key_frames(variant);
        check_all();
    }

private:
    void check_rates(const Variant& variant) {
        const auto& attributes = variant.attributes;
        const auto place = playlist_.at(variant);
        report_.expect(attributes.has("CODECS"), rule("codecs-missing"), place, "no CODECS");
        report_.expect(
            attributes.has("AVERAGE-BANDWIDTH"), rule("average-bandwidth-missing"), place,
            "no AVERAGE-BANDWIDTH"
        );
        const auto peak = attributes.integer("BANDWIDTH"),
                   average = attributes.integer("AVERAGE-BANDWIDTH");
        report_.expect(!peak || *peak > 0, rule("attribute-value"), place, "BANDWIDTH is 0");
        if (!peak || !average) return;
        report_.expect(
            *average <= *peak, rule("bandwidth-order"), place,
            fmt::format("AVERAGE-BANDWIDTH {} over BANDWIDTH {}", *average, *peak)
        );
    }

    void check_variant(const Variant& variant) {
        check_rates(variant);
        const auto& attributes = variant.attributes;
        const auto place = playlist_.at(variant);
        const auto peak = attributes.integer("BANDWIDTH");
        const auto average = attributes.integer("AVERAGE-BANDWIDTH");
        report_.expect(
            !peak || !average || *peak / 2 <= *average, rule("peak-to-average"), place,
            fmt::format(
                "BANDWIDTH {} for AVERAGE-BANDWIDTH {}", peak.value_or(0), average.value_or(0)
            )
        );
        if (!has_picture(variant)) return;
        report_.expect(
            attributes.has("RESOLUTION"), rule("resolution-missing"), place, "no RESOLUTION"
        );
        report_.expect(
            attributes.has("FRAME-RATE"), rule("frame-rate-missing"), place, "no FRAME-RATE"
        );
    }

    void check_key_frames(const Variant& variant) {
        check_rates(variant);
        report_.expect(
            variant.attributes.has("RESOLUTION"), rule("resolution-missing"), playlist_.at(variant),
            "no RESOLUTION"
        );
    }

    void check_all() {
        const Place whole{playlist_.file, {}, {}};
        const auto pictures = std::ranges::count_if(playlist_.variants, has_picture);
        std::set<std::string> uris;
        std::set<std::vector<std::string>> seen;
        std::int64_t lowest = INT64_MAX, without_captions = 0, scored = 0, ranged = 0;
        for (const auto& variant : playlist_.variants) {
            const auto& attributes = variant.attributes;
            uris.insert(variant.uri);
            std::vector<std::string> same = {variant.uri, attributes.value("PATHWAY-ID")};
            for (const auto type : kGroupTypes) same.push_back(attributes.value(type));
            report_.expect(
                seen.insert(same).second, rule("variant-repeated"), playlist_.at(variant),
                "the same variant is listed again"
            );
            lowest = std::min(lowest, attributes.integer("BANDWIDTH").value_or(lowest));
            const auto* captions = attributes.find("CLOSED-CAPTIONS");
            without_captions += captions != nullptr && !captions->is_quoted ? 1 : 0;
            scored += attributes.has("SCORE") ? 1 : 0;
            const auto& range = attributes.value("VIDEO-RANGE");
            ranged += range == "PQ" || range == "HLG" ? 1 : 0;
        }
        const auto all = std::ssize(playlist_.variants);
        report_.expect(
            without_captions == 0 || without_captions == all, rule("closed-captions"), whole,
            "CLOSED-CAPTIONS=NONE in some variants only"
        );
        report_.expect(
            scored == 0 || scored == all, rule("score"), whole, "SCORE in some variants only"
        );
        report_.expect(ranged == 0 || ranged < all, rule("sdr-variant"), whole, "HDR alone");
        if (pictures == 0) return;
        report_.expect(uris.size() > 1, rule("one-variant"), whole, "one variant");
        constexpr std::int64_t kCellular = 192'000;  // bits per second
        report_.expect(
            lowest <= kCellular, rule("cellular"), whole,
            fmt::format("the lowest BANDWIDTH is {}", lowest)
        );
    }

    const MultivariantPlaylist& playlist_;
    Report& report_;
};

void check_session(const Lines& lines, Report& report) {
    std::set<std::array<std::string, 2>> data;
    std::set<std::array<std::string, 4>> keys;
    for (const auto& line : lines.all) {
        if (line.tag == nullptr) continue;
        const auto& attributes = line.attributes;
        if (line.tag->name == "EXT-X-SESSION-DATA") {
            if (attributes.has("LANGUAGE"))
                report.expect(
                    is_language_tag(attributes.value("LANGUAGE")), rule("language"), lines.at(line),
                    fmt::format("LANGUAGE \"{}\"", attributes.value("LANGUAGE"))
                );
            report.expect(
                attributes.has("VALUE") != attributes.has("URI"), rule("session-data"),
                lines.at(line), "not one of VALUE and URI"
            );
            report.expect(
                data.insert({attributes.value("DATA-ID"), attributes.value("LANGUAGE")}).second,
                rule("session-data"), lines.at(line), "the same data again"
            );
        }
        if (line.tag->name == "EXT-X-SESSION-KEY")
            report.expect(
                attributes.has("URI") &&
                    keys.insert({attributes.value("METHOD"), attributes.value("URI"),
                                 attributes.value("IV"), attributes.value("KEYFORMAT")})
                        .second,
                rule("session-key"), lines.at(line), "no URI, or the same key again"
            );
    }
}

/// A stable id belongs to one URI, in each pathway; and each I-frame playlist is listed once.
void check_addresses(const MultivariantPlaylist& playlist, Report& report) {
    std::map<std::array<std::string, 2>, std::string> ids;
    std::set<std::array<std::string, 2>> key_frames;
    const auto take = [&](const auto& listed, std::string_view name) {
        const auto& id = listed.attributes.value(name);
        if (id.empty() || listed.uri.empty()) return;
        const auto [known, is_new] = ids.try_emplace(
            {id + std::string(name), listed.attributes.value("PATHWAY-ID")}, listed.uri
        );
        report.expect(
            is_new || known->second == listed.uri, rule("stable-id"), playlist.at(listed),
            fmt::format("{} \"{}\" of another URI", name, id)
        );
    };
    for (const auto& variant : playlist.variants) take(variant, "STABLE-VARIANT-ID");
    for (const auto& rendition : playlist.renditions) take(rendition, "STABLE-RENDITION-ID");
    for (const auto& variant : playlist.key_frames)
        report.expect(
            key_frames.insert({variant.uri, variant.attributes.value("PATHWAY-ID")}).second,
            rule("variant-repeated"), playlist.at(variant),
            "the same I-frame playlist is listed again"
        );
}

void check_pathways(const MultivariantPlaylist& playlist, const Lines& lines, Report& report) {
    const auto* steering = lines.find("EXT-X-CONTENT-STEERING");
    if (steering == nullptr || !steering->attributes.has("PATHWAY-ID")) return;
    const auto& begun = steering->attributes.value("PATHWAY-ID");
    report.expect(
        std::ranges::any_of(
            playlist.variants,
            [&](const auto& variant) {
                const auto& own = variant.attributes.value("PATHWAY-ID");
                return (own.empty() ? "." : own) == begun;
            }
        ),
        rule("pathway"), lines.at(*steering), fmt::format("no variant of \"{}\"", begun)
    );
}

/// Who changes the variant keeps the subtitles.
void check_text(const MultivariantPlaylist& playlist, Report& report) {
    const auto has_text = [](const Variant& variant) {
        return variant.attributes.has("SUBTITLES");
    };
    if (std::ranges::none_of(playlist.variants, has_text)) return;
    for (const auto& variant : playlist.variants)
        report.expect(
            has_text(variant) || !has_picture(variant), rule("text-everywhere"),
            playlist.at(variant), "no SUBTITLES here, but in another variant"
        );
}

}  // namespace

void check_multivariant(const MultivariantPlaylist& playlist, const Lines& lines, Report& report) {
    GroupRules(playlist, report).check();
    VariantRules(playlist, report).check();
    check_session(lines, report);
    check_addresses(playlist, report);
    check_pathways(playlist, lines, report);
    check_text(playlist, report);
}

}  // namespace ittybit::manifest
