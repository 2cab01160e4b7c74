#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"

/// The check of a stream by a child: an Assignment of a kind of its own, since nobody can order it
/// of the service. A stream's many files come as one input, their bytes one behind the other, then
/// a StreamIndex as JSON; the one output is a manifest::Findings as JSON.
namespace ittybit {

inline constexpr std::string_view kValidateKind = "validate";  // in Assignment::kind

struct ValidateOptions {
    std::int64_t index_offset = 0;  // where in the input the StreamIndex lies
    std::int64_t index_size = 0;
    bool decodes = true;

    static constexpr auto kFields = Fields{
        Field{&ValidateOptions::index_offset, "index_offset", ""}.between(0, 9e18),
        Field{&ValidateOptions::index_size, "index_size", ""}.between(0, 1e9),
        Field{&ValidateOptions::decodes, "decodes", ""},
    };
};

struct StreamFile {
    std::string uri;  // what playlists' references resolve to
    std::int64_t offset = 0;
    std::int64_t size = 0;
    std::optional<std::int64_t> encrypted_size = {};  // where it lies; nothing: it is as it lies
    std::optional<std::string> missing = {};          // why it is not there
    bool is_left_out = false;                         // nobody wanted to fetch it

    static constexpr auto kFields = Fields{
        Field{&StreamFile::uri, "uri", ""}.required(),
        Field{&StreamFile::offset, "offset", ""}.between(0, 9e18),
        Field{&StreamFile::size, "size", ""}.between(0, 9e18),
        Field{&StreamFile::encrypted_size, "encrypted_size", ""}.between(0, 9e18),
        Field{&StreamFile::missing, "missing", ""},
        Field{&StreamFile::is_left_out, "is_left_out", ""},
    };
};

struct StreamIndex {
    std::string manifest;  // the uri of the playlist or MPD that describes all
    std::vector<StreamFile> files;

    static constexpr auto kFields = Fields{
        Field{&StreamIndex::manifest, "manifest", ""}.required(),
        Field{&StreamIndex::files, "files", ""},
    };
};

}  // namespace ittybit
