#include "manifest/playlist.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "manifest/forms.h"
#include "manifest/lines.h"
#include "manifest/multivariant_rules.h"
#include "manifest/read_media.h"
#include "manifest/reference.h"

namespace ittybit::manifest {
namespace {

constexpr std::size_t kMostOfAKind = 1000;         // variants; renditions; I-frame playlists
constexpr std::size_t kMostFilledIn = 16U << 20U;  // bytes of variables' values

/// A parameter of an address's query, decoded.
std::optional<std::string> query_parameter(std::string_view address, std::string_view name) {
    const auto question = address.find('?');
    if (question == std::string_view::npos) return std::nullopt;
    for (const auto& pair : split(address.substr(question + 1), '&')) {
        const auto equals = std::min(pair.find('='), pair.size());
        if (percent_decode(pair.substr(0, equals)) == name && equals < pair.size())
            return percent_decode(pair.substr(equals + 1));
    }
    return std::nullopt;
}

/// Puts the variables of EXT-X-DEFINE in where {$name} stands.
class Filling {
public:
    Filling(Lines& lines, const Variables* imported, Report& report)
        : lines_(lines), imported_(imported), report_(report) {}

    Variables fill_in() {
        for (auto& line : lines_.all) {
            if (line.tag == nullptr) fill_in(line.value, line);
            if (line.tag != nullptr && line.tag->name == "EXT-X-DEFINE") {
                define(line);
            } else {
                line.attributes.for_each_value([&](std::string& value) { fill_in(value, line); });
            }
        }
        return std::move(known_);
    }

private:
    void define(const Line& line) {
        const auto& attributes = line.attributes;
        const auto place = lines_.at(line);
        int ways = 0;
        std::string name;
        for (const auto* way : {"NAME", "IMPORT", "QUERYPARAM"}) {
            if (!attributes.has(way)) continue;
            ++ways;
            if (name.empty()) name = attributes.value(way);
        }
        report_.expect(
            ways == 1 && attributes.has("NAME") == attributes.has("VALUE"), rule("variable"), place,
            "not one of NAME with VALUE, IMPORT and QUERYPARAM"
        );
        report_.expect(
            name.empty() || is_made_of(name, "-_"), rule("variable"), place,
            fmt::format("\"{}\" is no name of a variable", name)
        );
        report_.expect(
            !name.empty() && known_.emplace(name, value_of(name, line)).second, rule("variable"),
            place, "a variable without a name of its own"
        );
    }

    std::optional<std::string> value_of(const std::string& name, const Line& line) {
        const auto& attributes = line.attributes;
        if (attributes.has("NAME")) return attributes.value("VALUE");
        if (attributes.has("IMPORT")) return imported(name, line);
        const auto value = query_parameter(lines_.file, name);
        report_.expect(
            value || !lines_.file.starts_with("http"), rule("variable"), lines_.at(line),
            fmt::format("the playlist's address has no parameter {}", name)
        );
        return value;
    }

    std::optional<std::string> imported(const std::string& name, const Line& line) {
        report_.expect(
            !lines_.is_multivariant, rule("variable"), lines_.at(line),
            "IMPORT in a multivariant playlist"
        );
        if (imported_ == nullptr) return std::nullopt;
        const auto found = imported_->find(name);
        report_.expect(
            found != imported_->end(), rule("variable"), lines_.at(line),
            fmt::format("the multivariant playlist does not define {}", name)
        );
        return found == imported_->end() ? std::nullopt : found->second;
    }

    /// A variable whose value is not known stays, and so the text is no address.
    void fill_in(std::string& text, const Line& line) {
        std::string filled;
        std::size_t done = 0;
        for (auto at = text.find("{$"); at != std::string::npos; at = text.find("{$", done)) {
            const auto end = text.find('}', at);
            if (end == std::string::npos) break;
            const auto name = std::string_view(text).substr(at + 2, end - at - 2);
            const auto found = known_.find(name);
            report_.expect(
                found != known_.end(), rule("variable"), lines_.at(line),
                fmt::format("{{${}}} is not defined", name)
            );
            if (found == known_.end() || !found->second) return;
            const auto& value = *found->second;
            const auto size = filled.size() + at - done + value.size();
            if (!report_.expect(
                    size <= kLongestUrl && value.size() <= room_, rule("variable"), lines_.at(line),
                    "the values of variables are longer than can be kept"
                ))
                return;
            room_ -= value.size();
            filled.append(text, done, at - done).append(value);
            done = end + 1;
        }
        if (done > 0) text = filled.append(text, done);
    }

    Lines& lines_;
    const Variables* imported_;
    Report& report_;
    Variables known_;
    std::size_t room_ = kMostFilledIn;
};

MultivariantPlaylist read_multivariant(const Lines& lines, Report& report) {
    MultivariantPlaylist playlist;
    playlist.file = lines.file;
    playlist.is_independent = lines.has("EXT-X-INDEPENDENT-SEGMENTS");
    Addresses addresses;
    const Line* waiting = nullptr;
    const auto keep = [&](auto& list, const Line& line, std::string_view reference) {
        if (report.expect(
                list.size() < kMostOfAKind, rule("line"), lines.at(line),
                fmt::format("more than {} of a kind, which is left out", kMostOfAKind)
            ))
            list.push_back(
                {line.attributes, address_of(addresses, lines, line, reference, report), line.number
                }
            );
    };
    const auto expect_uri = [&] {
        if (waiting != nullptr)
            report.add(
                rule("attribute-missing"), lines.at(*waiting), "no URI follows #EXT-X-STREAM-INF"
            );
    };
    for (const auto& line : lines.all) {
        if (line.tag == nullptr) {
            if (report.expect(
                    waiting != nullptr, rule("line"), lines.at(line),
                    "a URI without #EXT-X-STREAM-INF before it"
                ))
                keep(playlist.variants, *waiting, line.value);
            waiting = nullptr;
            continue;
        }
        const auto& uri = line.attributes.value("URI");
        if (line.tag->name == "EXT-X-START") {
            playlist.start = line.attributes.number("TIME-OFFSET");
            playlist.start_line = line.number;
        }
        if (line.tag->name == "EXT-X-SESSION-KEY")
            playlist.keys.push_back(read_key(
                line.attributes, address_of(addresses, lines, line, uri, report), line.number
            ));
        if (line.tag->name != "EXT-X-STREAM-INF")
            report.expect(
                waiting == nullptr, rule("variant-uri"), lines.at(line),
                fmt::format("#{} between #EXT-X-STREAM-INF and its URI", line.tag->name)
            );
        if (line.tag->name == "EXT-X-STREAM-INF") {
            expect_uri();
            waiting = &line;
        }
        if (line.tag->name == "EXT-X-I-FRAME-STREAM-INF") keep(playlist.key_frames, line, uri);
        if (line.tag->name == "EXT-X-MEDIA") keep(playlist.renditions, line, uri);
    }
    expect_uri();
    report.expect(
        !playlist.variants.empty(), rule("empty-playlist"), {lines.file, {}, {}},
        "no variant is listed"
    );
    return playlist;
}

/// Addresses, each once.
struct Listing {
    std::vector<std::string> files;
    std::set<std::string> known = {""};

    void add(const std::string& uri) {
        if (known.insert(uri).second) files.push_back(uri);
    }
};

}  // namespace

Key read_key(const Attributes& attributes, std::string uri, std::int64_t line) {
    Key key{.uri = std::move(uri), .iv = {}};
    if (const auto& iv = attributes.value("IV"); iv.size() > 2) key.iv = iv.substr(2);
    key.method = attributes.value("METHOD");
    key.format = attributes.value("KEYFORMAT");
    if (key.format == "identity") key.format.clear();
    key.line = line;
    return key;
}

double MediaPlaylist::duration() const {
    double sum = 0;
    for (const auto& segment : segments) sum += segment.duration;
    return sum;
}

Playlist read_playlist(
    const std::string& file, std::string_view text, Report& report, const Variables* imported
) {
    Lines lines = read_lines(file, text, report);
    auto variables = Filling(lines, imported, report).fill_in();
    if (!lines.is_multivariant) return read_media(lines, report);
    auto playlist = read_multivariant(lines, report);
    playlist.variables = std::move(variables);
    check_multivariant(playlist, lines, report);
    return playlist;
}

std::vector<std::string> files_of(const Playlist& playlist) {
    if (const auto* media = std::get_if<MediaPlaylist>(&playlist)) return files_of(*media);
    const auto& multivariant = std::get<MultivariantPlaylist>(playlist);
    Listing listing;
    for (const auto& variant : multivariant.variants) listing.add(variant.uri);
    for (const auto& rendition : multivariant.renditions) listing.add(rendition.uri);
    for (const auto& variant : multivariant.key_frames) listing.add(variant.uri);
    return std::move(listing.files);
}

std::vector<std::string> files_of(const MediaPlaylist& playlist) {
    Listing listing;
    for (const auto& map : playlist.maps) listing.add(map.uri);
    for (const auto& segment : playlist.segments)
        if (!segment.is_gap) listing.add(segment.uri);
    return std::move(listing.files);
}

}  // namespace ittybit::manifest
