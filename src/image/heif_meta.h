#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

/// The `meta` box of HEIF and AVIF files (ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12), of which
/// libvips passes on little and old libheif refuses some.
namespace ittybit::image {

/// A box. `whole` and `content` are views of the bytes that were read.
struct Box {
    std::string_view type;  // four letters
    std::string_view whole;
    std::string_view content;  // behind the header
};

/// Where a box lies in a file, and its length with its header.
struct Extent {
    std::uint64_t offset;
    std::uint64_t length;
};

/// The first top-level box of a type. Errors: those of the source.
Result<std::optional<Extent>> find_box(ByteSource& source, std::string_view wanted);

/// Up to the first that is none.
std::vector<Box> boxes_in(std::string_view rest);

/// A property that an item has, by its place in `ipco`, counted from 1.
struct HeifAssociation {
    std::uint32_t index = 0;
    bool is_essential = false;
};

struct HeifItem {
    std::string_view type;   // hvc1, av01, grid, tmap, Exif, mime, …
    bool is_packed = false;  // of type mime with a content encoding
    std::vector<HeifAssociation> properties;
};

/// "`from` is the thumbnail (auxiliary picture, description …) of each of `to`."
struct HeifReference {
    std::string_view type;  // auxl, cdsc, dimg, prem, thmb …
    std::uint32_t from = 0;
    std::vector<std::uint32_t> to;
};

struct HeifMeta {
    std::uint64_t offset = 0;  // of the box in the file
    std::vector<char> bytes;   // the whole box
    std::vector<Box> children;
    std::uint32_t primary = 0;
    std::map<std::uint32_t, HeifItem> items;
    std::vector<Box> properties;  // the contents of `ipco`
    std::vector<HeifReference> references;
    bool has_wide_ids = false;    // of `iref`
    bool has_wide_index = false;  // of `ipma`

    /// The item's property of a type ("colr"), of which there may be several kinds.
    std::vector<Box> find(std::uint32_t item, std::string_view type) const;
    /// What an item refers to.
    std::vector<std::uint32_t> targets(std::uint32_t from, std::string_view type) const;
    bool is_alpha(std::uint32_t item) const;
};

/// Nothing when the file has none that can be read, or one of more than 8 MB. Errors: those of the
/// source.
Result<std::unique_ptr<HeifMeta>> read_heif_meta(ByteSource& source);

/// What libvips does not pass on of the primary picture.
struct HeifFacts {
    int primaries = 2;  // code points of ITU-T H.273; 2 where it does not say
    int transfer = 2;
    std::uint64_t code_points_offset = 0;  // where in the file both stand, in 16 bits each; or 0
    bool is_premultiplied = false;         // its colours, by its alpha
};
HeifFacts heif_facts(const HeifMeta& meta);

}  // namespace ittybit::image
