#include "manifest/mpd_schema.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "manifest/attributes.h"
#include "manifest/mpd.h"

namespace ittybit::manifest {
namespace {

using Node = pugi::xml_node;

/// Each between blanks. "" as the element stands for those that are looked at at all.
struct ElementForm {
    std::string_view name;
    std::string_view attributes;
};

constexpr std::string_view kMedia =
    " profiles width height sar frameRate audioSamplingRate mimeType segmentProfiles codecs "
    "containerProfiles maximumSAPPeriod startWithSAP maxPlayoutRate codingDependency scanType "
    "selectionPriority tag ";
constexpr std::string_view kSegments =
    " timescale eptDelta pdDelta presentationTimeOffset presentationDuration timeShiftBufferDepth "
    "indexRange indexRangeExact availabilityTimeOffset availabilityTimeComplete duration "
    "startNumber endNumber ";

constexpr auto kElements = std::to_array<ElementForm>({
    {"MPD",
     " id profiles type availabilityStartTime availabilityEndTime publishTime "
     "mediaPresentationDuration minimumUpdatePeriod minBufferTime timeShiftBufferDepth "
     "suggestedPresentationDelay maxSegmentDuration maxSubsegmentDuration "},
    {"Period", " id start duration bitstreamSwitching "},
    {"AdaptationSet",
     " id group lang contentType par minBandwidth maxBandwidth minWidth maxWidth minHeight "
     "maxHeight minFrameRate maxFrameRate segmentAlignment bitstreamSwitching subsegmentAlignment "
     "subsegmentStartsWithSAP initializationSetRef initializationPrincipal "},
    {"Representation",
     " id bandwidth qualityRanking dependencyId associationId associationType "
     "mediaStreamStructureId "},
    {"SegmentTemplate", " media index initialization bitstreamSwitching "},
    {"SegmentList", " "},
    {"SegmentTimeline", " "},
    {"S", " t n d r k "},
});

/// What may stand in one of these.
constexpr std::string_view kInside =
    " ProgramInformation BaseURL Location PatchLocation ServiceDescription InitializationSet "
    "InitializationGroup InitializationPresentation ContentProtection Period Metrics "
    "EssentialProperty SupplementalProperty UTCTiming LeapSecondInformation SegmentBase "
    "SegmentList SegmentTemplate AssetIdentifier EventStream AdaptationSet Subset "
    "EmptyAdaptationSet GroupLabel Preselection Accessibility Role Rating Viewpoint "
    "ContentComponent Representation SubRepresentation FramePacking AudioChannelConfiguration "
    "OutputProtection InbandEventStream Switching RandomAccess Label ProducerReferenceTime "
    "ContentPopularityRate Resync ExtendedBandwidth SegmentTimeline S Pattern Initialization "
    "RepresentationIndex SegmentURL BitstreamSwitching FailoverContent SegmentSequenceProperties "
    "AdaptationSetGroup ";

bool has_word(std::string_view words, std::string_view word) {
    return words.find(fmt::format(" {} ", word)) != words.npos;
}

bool has_namespace(std::string_view name) {
    return name.find(':') != name.npos || name == "xmlns";
}

bool is_ratio(std::string_view text, char between) {
    const auto at = text.find(between);
    return at != text.npos && read_integer(text.substr(0, at)) && read_integer(text.substr(at + 1));
}

/// Whether a value has the type that the schema gives to this attribute of this element.
bool is_value(std::string_view element, std::string_view name, std::string_view value) {
    constexpr std::string_view kNumbers =
        " width height bandwidth group minWidth maxWidth minHeight maxHeight minBandwidth "
        "maxBandwidth timescale startNumber endNumber presentationTimeOffset selectionPriority "
        "qualityRanking t d n k ";
    constexpr std::string_view kDurations =
        " mediaPresentationDuration minimumUpdatePeriod minBufferTime suggestedPresentationDelay "
        "maxSegmentDuration maxSubsegmentDuration start ";
    constexpr std::string_view kTrueOrFalse =
        " segmentAlignment subsegmentAlignment bitstreamSwitching ";
    constexpr std::int64_t kMostSap = 6;
    if (has_word(kNumbers, name) || (name == "id" && element == "AdaptationSet"))
        return read_integer(value).has_value();
    if (has_word(kDurations, name) || (name == "duration" && element == "Period"))
        return value.starts_with('P') &&
               (read_xml_duration(value) || value.find_first_of("YM") != value.npos);
    if (name == "sar" || name == "par") return is_ratio(value, ':');
    if (name == "frameRate" || name == "minFrameRate" || name == "maxFrameRate")
        return read_integer(value) || is_ratio(value, '/');
    if (name == "startWithSAP" || name == "subsegmentStartsWithSAP")
        return read_integer(value).value_or(kMostSap + 1) <= kMostSap;
    if (has_word(kTrueOrFalse, name) && element != "SegmentTemplate")
        return value == "true" || value == "false" || read_integer(value);
    if (name == "mimeType") return value.find('/') != value.npos && value.find(' ') == value.npos;
    if (name == "contentType") return has_word(" text image audio video application font ", value);
    return true;
}

class SchemaCheck {
public:
    SchemaCheck(const PlaceOf& place_of, Report& report) : place_of_(place_of), report_(report) {}

    /// `depth`: how many elements it is in. Nesting that no MPD has is not followed.
    void check(const Node& node, int depth = 0) {
        constexpr int kDeepest = 6;  // S
        if (depth > kDeepest) {
            report_.add(rule("mpd-attribute"), place_of_(node), "elements inside elements");
            return;
        }
        const auto* form = std::ranges::find(kElements, node.name(), &ElementForm::name);
        if (form == kElements.end()) return check_descriptor(node);
        check_attributes(node, *form);
        for (const auto child : node.children()) {
            const std::string_view name = child.name();
            if (child.type() != pugi::node_element || has_namespace(name)) continue;
            if (!child.attribute("xmlns").empty()) continue;
            report_.expect(
                has_word(kInside, name), rule("mpd-attribute"), place_of_(child),
                fmt::format("an element {} in {}", name, node.name())
            );
            check(child, depth + 1);
        }
        if (form->name == "MPD") check_ids(node, "Period");
        if (form->name == "Period") check_ids(node, "AdaptationSet");
        if (form->name == "AdaptationSet") check_bounds(node);
    }

private:
    void check_attributes(const Node& node, const ElementForm& form) {
        const bool has_media = form.name == "AdaptationSet" || form.name == "Representation";
        const bool has_segments = form.name == "SegmentTemplate" || form.name == "SegmentList";
        std::set<std::string_view> known;
        for (const auto attribute : node.attributes()) {
            const std::string_view name = attribute.name();
            report_.expect(
                known.insert(name).second, rule("mpd"), place_of_(node),
                fmt::format("{} is there twice, which is no XML", name)
            );
            if (has_namespace(name)) continue;
            const bool is_known = has_word(form.attributes, name) ||
                                  (has_media && has_word(kMedia, name)) ||
                                  (has_segments && has_word(kSegments, name));
            report_.expect(
                is_known, rule("mpd-attribute"), place_of_(node),
                fmt::format("{} of {} is not known", name, form.name)
            );
            report_.expect(
                is_value(form.name, name, attribute.value()), rule("mpd-value"), place_of_(node),
                fmt::format("{}=\"{}\" of {}", name, attribute.value(), form.name)
            );
        }
    }

    /// The values that the role scheme defines (5.8.5.5).
    void check_descriptor(const Node& node) {
        constexpr std::string_view kRoles =
            " caption subtitle main alternate supplementary commentary dub description sign "
            "metadata enhanced-audio-intelligibility emergency forced-subtitle forced_subtitle "
            "easyreader karaoke ";
        constexpr std::string_view kDescriptors =
            " EssentialProperty SupplementalProperty Accessibility Role Rating Viewpoint "
            "FramePacking AudioChannelConfiguration ContentProtection UTCTiming ";
        report_.expect(
            !has_word(kDescriptors, node.name()) || !node.attribute("schemeIdUri").empty(),
            rule("mpd-attribute"), place_of_(node), fmt::format("{} without a scheme", node.name())
        );
        const std::string_view scheme = node.attribute("schemeIdUri").value();
        const std::string_view value = node.attribute("value").value();
        if (std::string_view(node.name()) == "Role" && scheme == "urn:mpeg:dash:role:2011")
            report_.expect(
                has_word(kRoles, value), rule("mpd-value"), place_of_(node),
                fmt::format("the role \"{}\"", value)
            );
    }

    void check_ids(const Node& parent, const char* name) {
        std::set<std::string_view> known;
        for (const auto child : parent.children(name)) {
            const auto id = child.attribute("id");
            report_.expect(
                !id || known.insert(id.value()).second, rule("mpd-ids"), place_of_(child),
                fmt::format("{} \"{}\" is there again", name, id.value())
            );
        }
    }

    void check_bounds(const Node& set) {
        struct Bound {
            const char* most;
            const char* least;
            const char* of;
        };
        constexpr auto kBounds = std::to_array<Bound>({
            {"maxWidth", "minWidth", "width"},
            {"maxHeight", "minHeight", "height"},
            {"maxBandwidth", "minBandwidth", "bandwidth"},
        });
        for (const auto& bound : kBounds) {
            const auto most = read_integer(set.attribute(bound.most).value());
            const auto least = read_integer(set.attribute(bound.least).value());
            if (!most && !least) continue;
            for (const auto each : set.children("Representation")) {
                const auto value = read_integer(each.attribute(bound.of).value());
                report_.expect(
                    !value || (*value <= most.value_or(*value) && *value >= least.value_or(*value)),
                    rule("mpd-bounds"), place_of_(each),
                    fmt::format("{} {} beyond that of its set", bound.of, value.value_or(0))
                );
            }
        }
    }

    const PlaceOf& place_of_;
    Report& report_;
};

}  // namespace

void check_schema(const Node& root, const PlaceOf& place_of, Report& report) {
    SchemaCheck(place_of, report).check(root);
}

}  // namespace ittybit::manifest
