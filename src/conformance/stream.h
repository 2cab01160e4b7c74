#pragma once

#include <functional>
#include <map>
#include <string>

#include "conformance/files.h"
#include "conformance/rendition.h"
#include "manifest/playlist.h"

/// Whether a stream keeps the rules of its standards, as far as its bytes tell: manifests, boxes
/// and elementary streams are read here and compared with one another. Decodes nothing.
namespace ittybit::conformance {

/// All that was read of a stream, by the address of each media playlist.
struct Stream {
    manifest::MultivariantPlaylist master;  // empty where the stream is one media playlist
    std::map<std::string, manifest::MediaPlaylist> playlists;
    std::map<std::string, Rendition> renditions;

    /// What a playlist's media is; nothing where it could not be read.
    const Rendition* rendition(const std::string& uri) const;
};

/// Checks the stream that the playlist or MPD at `uri` describes, and reports all that is wrong
/// with it. `progress` hears after each playlist, with the part that is done.
Stream check_stream(
    const std::string& uri,
    Files& files,
    manifest::Report& report,
    const std::function<void(double)>& progress = {}
);

}  // namespace ittybit::conformance
