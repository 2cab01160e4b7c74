#include "conformance/stream.h"

#include <set>
#include <utility>

#include "conformance/coding.h"
#include "conformance/dash.h"
#include "conformance/key_frames.h"
#include "conformance/switching.h"
#include "conformance/variants.h"
#include "manifest/mpd.h"

namespace ittybit::conformance {
namespace {

using manifest::MediaPlaylist;
using manifest::MultivariantPlaylist;
using manifest::Place;
using manifest::Report;
using manifest::rule;

std::optional<std::string> read_text(
    const std::string& uri, const Place& place, Files& files, Report& report
) {
    const auto bytes = read_file(uri, std::nullopt, place, files, report);
    return bytes ? std::optional(std::string(bytes->begin(), bytes->end())) : std::nullopt;
}

/// Reads one stream, playlist by playlist.
class StreamCheck {
public:
    StreamCheck(Files& files, Report& report, const std::function<void(double)>& progress)
        : files_(files), report_(report), progress_(progress) {}

    Stream check(const std::string& uri) {
        const auto text = read_text(uri, {uri, {}, {}}, files_, report_);
        if (!text) return {};
        if (manifest::is_mpd(*text))
            return check_presentation(manifest::read_mpd(uri, *text, report_), files_, report_);
        auto playlist = manifest::read_playlist(uri, *text, report_);
        if (auto* media = std::get_if<MediaPlaylist>(&playlist)) {
            keep(uri, std::move(*media));
            return std::move(stream_);
        }
        stream_.master = std::get<MultivariantPlaylist>(std::move(playlist));
        read_all();
        check_variants(stream_, report_);
        check_switching(stream_, report_);
        return std::move(stream_);
    }

private:
    void keep(const std::string& uri, MediaPlaylist playlist) {
        const auto& kept = stream_.playlists[uri] = std::move(playlist);
        auto& rendition = stream_.renditions[uri];
        rendition = kept.is_frames_only ? read_key_frames(kept, stream_, files_, report_)
                                        : read_rendition(kept, files_, report_);
        check_coding(rendition, report_);
    }

    void read(const std::string& uri, const Place& place, bool is_frames_only) {
        if (uri.empty() || !known_.insert(uri).second) return;
        const auto text = read_text(uri, place, files_, report_);
        if (!text) return;
        auto playlist = manifest::read_playlist(uri, *text, report_, &stream_.master.variables);
        auto* media = std::get_if<MediaPlaylist>(&playlist);
        if (!report_.expect(
                media != nullptr, rule("nested"), place, "a multivariant playlist inside another"
            ))
            return;
        report_.expect(
            media->is_frames_only == is_frames_only, rule("i-frames-only"), {uri, {}, {}},
            is_frames_only ? "no EXT-X-I-FRAMES-ONLY"
                           : "EXT-X-I-FRAMES-ONLY in a playlist to be played"
        );
        media->is_frames_only = is_frames_only;
        keep(uri, std::move(*media));
        const auto all = stream_.master.variants.size() + stream_.master.renditions.size() +
                         stream_.master.key_frames.size();
        if (progress_) progress_(static_cast<double>(known_.size()) / static_cast<double>(all));
    }

    void read_all() {
        const auto& master = stream_.master;
        for (const auto& variant : master.variants) read(variant.uri, master.at(variant), false);
        for (const auto& rendition : master.renditions)
            read(rendition.uri, master.at(rendition), false);
        for (const auto& variant : master.key_frames) read(variant.uri, master.at(variant), true);
    }

    Files& files_;
    Report& report_;
    const std::function<void(double)>& progress_;
    Stream stream_;
    std::set<std::string> known_;
};

}  // namespace

const Rendition* Stream::rendition(const std::string& uri) const {
    const auto found = renditions.find(uri);
    return found == renditions.end() ? nullptr : &found->second;
}

Stream check_stream(
    const std::string& uri,
    Files& files,
    Report& report,
    const std::function<void(double)>& progress
) {
    return StreamCheck(files, report, progress).check(uri);
}

}  // namespace ittybit::conformance
