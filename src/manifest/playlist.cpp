#include "manifest/playlist.h"

#include <algorithm>
#include <set>
#include <utility>

#include "manifest/lines.h"
#include "manifest/multivariant_rules.h"
#include "manifest/read_media.h"
#include "manifest/reference.h"

namespace ittybit::manifest {
namespace {

/// The variables of EXT-X-DEFINE put in where {$name} stands.
void fill_in_variables(Lines& lines, Report& report) {
    std::vector<std::pair<std::string, std::string>> known;
    const auto fill_in = [&](std::string& text, const Line& line) {
        for (std::size_t at = text.find("{$"); at != std::string::npos; at = text.find("{$", at)) {
            const auto end = text.find('}', at);
            const auto name = text.substr(at + 2, end == std::string::npos ? end : end - at - 2);
            const auto found =
                std::ranges::find(known, name, &std::pair<std::string, std::string>::first);
            report.expect(
                found != known.end(), rule("variable"), lines.at(line),
                "{$" + name + "} is not defined"
            );
            if (found == known.end() || end == std::string::npos || text.size() > 100'000) return;
            text.replace(at, end + 1 - at, found->second);
            at += found->second.size();
        }
    };
    for (auto& line : lines.all) {
        if (line.tag == nullptr) fill_in(line.value, line);
        if (line.tag == nullptr || line.tag->name != "EXT-X-DEFINE") {
            line.attributes.for_each_value([&](std::string& value) { fill_in(value, line); });
            continue;
        }
        std::string name = line.attributes.value("NAME");
        for (const auto* other : {"IMPORT", "QUERYPARAM"})
            if (name.empty()) name = line.attributes.value(other);
        const bool is_known =
            std::ranges::count(known, name, &std::pair<std::string, std::string>::first) > 0;
        report.expect(
            !name.empty() && !is_known, rule("variable"), lines.at(line),
            "a variable without a name of its own"
        );
        known.emplace_back(name, line.attributes.value("VALUE"));
    }
}

MultivariantPlaylist read_multivariant(const Lines& lines, Report& report) {
    MultivariantPlaylist playlist;
    playlist.file = lines.file;
    playlist.is_independent = lines.has("EXT-X-INDEPENDENT-SEGMENTS");
    const Line* waiting = nullptr;
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
                playlist.variants.push_back(
                    {waiting->attributes, resolve(lines.file, line.value), waiting->number}
                );
            waiting = nullptr;
            continue;
        }
        const auto& uri = line.attributes.value("URI");
        const auto resolved = uri.empty() ? "" : resolve(lines.file, uri);
        if (line.tag->name == "EXT-X-STREAM-INF") {
            expect_uri();
            waiting = &line;
        }
        if (line.tag->name == "EXT-X-I-FRAME-STREAM-INF")
            playlist.key_frames.push_back({line.attributes, resolved, line.number});
        if (line.tag->name == "EXT-X-MEDIA")
            playlist.renditions.push_back({line.attributes, resolved, line.number});
    }
    expect_uri();
    report.expect(
        !playlist.variants.empty(), rule("empty-playlist"), {lines.file, {}, {}},
        "no variant is listed"
    );
    return playlist;
}

}  // namespace

double MediaPlaylist::duration() const {
    double sum = 0;
    for (const auto& segment : segments) sum += segment.duration;
    return sum;
}

Playlist read_playlist(const std::string& file, std::string_view text, Report& report) {
    Lines lines = read_lines(file, text, report);
    fill_in_variables(lines, report);
    if (!lines.is_multivariant) return read_media(lines, report);
    auto playlist = read_multivariant(lines, report);
    check_multivariant(playlist, lines, report);
    return playlist;
}

std::vector<std::string> files_of(const Playlist& playlist) {
    std::vector<std::string> files;
    std::set<std::string> known = {""};
    const auto add = [&](const std::string& uri) {
        if (known.insert(uri).second) files.push_back(uri);
    };
    if (const auto* media = std::get_if<MediaPlaylist>(&playlist)) {
        for (const auto& map : media->maps) add(map.uri);
        for (const auto& segment : media->segments)
            if (!segment.is_gap) add(segment.uri);
    } else if (const auto* multivariant = std::get_if<MultivariantPlaylist>(&playlist)) {
        for (const auto& variant : multivariant->variants) add(variant.uri);
        for (const auto& rendition : multivariant->renditions) add(rendition.uri);
        for (const auto& variant : multivariant->key_frames) add(variant.uri);
    }
    return files;
}

}  // namespace ittybit::manifest
