// The readers of playlists and MPDs: whatever is written, they come to an end, every address that
// is named is resolved, and what is found points into the text.
#include <algorithm>

#include "fuzz.h"
#include "manifest/mpd.h"
#include "manifest/playlist.h"

using namespace ittybit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::text_of(data, size);
    manifest::Report report;
    const auto presentation = manifest::read_mpd("http://host/a/b.mpd", text, report);
    const auto playlist = manifest::read_playlist("http://host/a/b.m3u8", text, report);
    const auto lines = static_cast<std::int64_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    for (const auto& finding : report.findings())
        fuzz::must(
            !finding.rule.empty() && finding.line.value_or(1) >= 1 &&
            finding.line.value_or(1) <= lines
        );
    for (const auto& uri : manifest::files_of(presentation)) fuzz::must(uri.find(':') != uri.npos);
    for (const auto& uri : manifest::files_of(playlist)) fuzz::must(uri.find(':') != uri.npos);
    return 0;
}
