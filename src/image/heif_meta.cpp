#include "image/heif_meta.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "image/overlaid_source.h"

namespace ittybit::image {
namespace {

constexpr std::uint64_t kMostMeta = 8'000'000;
constexpr int kMostTopBoxes = 1000;
constexpr std::size_t kMostItems = 65536;
constexpr std::size_t kMostProperties = 200;  // of one item; their count has eight bits

/// Big-endian numbers, one after the other; behind the end all are 0, and `is_good` is false.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    std::uint64_t number(std::size_t length) {
        std::uint64_t number = 0;
        for (const char byte : take(length))
            number = number << 8U | static_cast<std::uint8_t>(byte);
        return number;
    }
    std::uint32_t u8() { return static_cast<std::uint32_t>(number(1)); }
    std::uint32_t u16() { return static_cast<std::uint32_t>(number(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    std::uint32_t id(bool is_wide) { return is_wide ? u32() : u16(); }
    std::string_view take(std::size_t length) {
        is_good_ = is_good_ && length <= rest_.size();
        const std::string_view taken = is_good_ ? rest_.substr(0, length) : std::string_view();
        rest_.remove_prefix(taken.size());
        return taken;
    }
    /// Up to the next zero, which is passed over.
    std::string_view word() {
        const std::size_t end = rest_.find('\0');
        const std::string_view found = take(std::min(end, rest_.size()));
        if (end != rest_.npos) take(1);
        return found;
    }
    std::string_view rest() const { return rest_; }
    bool is_good() const { return is_good_; }

private:
    std::string_view rest_;
    bool is_good_ = true;
};

std::optional<Box> take_box(std::string_view& rest) {
    Reader reader(rest);
    std::uint64_t size = reader.u32();
    const std::string_view type = reader.take(4);
    if (size == 1) size = reader.number(8);
    if (size == 0) size = rest.size();
    const std::size_t header = rest.size() - reader.rest().size();
    if (!reader.is_good() || size < header || size > rest.size()) return std::nullopt;
    const Box box{type, rest.substr(0, size), rest.substr(header, size - header)};
    rest.remove_prefix(size);
    return box;
}

/// The version of a full box and its flags.
struct Version {
    std::uint32_t number;
    std::uint32_t flags;
};
Version version_of(Reader& reader) {
    const std::uint32_t both = reader.u32();
    return {both >> 24U, both & 0xFFFFFFU};
}

void read_item(std::string_view content, HeifMeta& meta) {
    Reader reader(content);
    const Version version = version_of(reader);
    if (version.number < 2) return;
    const std::uint32_t id = reader.id(version.number > 2);
    reader.u16();  // protection
    const std::string_view type = reader.take(4);
    reader.word();  // name
    if (!reader.is_good() || meta.items.size() >= kMostItems) return;
    HeifItem& item = meta.items[id];
    item.type = type;
    if (type != "mime") return;
    reader.word();  // content type
    item.is_packed = !reader.word().empty();
}

void read_items(std::string_view content, HeifMeta& meta) {
    Reader reader(content);
    reader.id(version_of(reader).number > 0);
    for (const Box& box : boxes_in(reader.rest()))
        if (box.type == "infe") read_item(box.content, meta);
}

void read_references(std::string_view content, HeifMeta& meta) {
    Reader all(content);
    const bool is_wide = meta.has_wide_ids = version_of(all).number > 0;
    for (const Box& box : boxes_in(all.rest())) {
        Reader reader(box.content);
        HeifReference reference{.type = box.type, .from = reader.id(is_wide), .to = {}};
        const std::uint32_t count = reader.u16();
        for (std::uint32_t i = 0; i < count && reader.is_good(); ++i)
            reference.to.push_back(reader.id(is_wide));
        if (reader.is_good()) meta.references.push_back(std::move(reference));
    }
}

void read_associations(std::string_view content, HeifMeta& meta) {
    Reader reader(content);
    const Version version = version_of(reader);
    const bool is_wide = meta.has_wide_index = (version.flags & 1U) != 0;
    const std::uint32_t items = reader.u32();
    for (std::uint32_t i = 0; i < items && reader.is_good(); ++i) {
        const auto item = meta.items.find(reader.id(version.number > 0));
        const std::uint32_t count = reader.u8();
        for (std::uint32_t j = 0; j < count && reader.is_good(); ++j) {
            const std::uint32_t word = is_wide ? reader.u16() : reader.u8();
            const unsigned bits = is_wide ? 15 : 7;
            if (item != meta.items.end() && item->second.properties.size() < kMostProperties)
                item->second.properties.push_back(
                    {.index = word & ((1U << bits) - 1U), .is_essential = (word >> bits) != 0}
                );
        }
    }
}

void read_properties(std::string_view content, HeifMeta& meta) {
    for (const Box& box : boxes_in(content)) {
        if (box.type == "ipco") meta.properties = boxes_in(box.content);
        if (box.type == "ipma") read_associations(box.content, meta);
    }
}

void read_primary(std::string_view content, HeifMeta& meta) {
    Reader reader(content);
    const bool is_wide = version_of(reader).number > 0;
    meta.primary = reader.id(is_wide);
}

/// Items come first, since all else is about them.
void read_children(HeifMeta& meta) {
    for (const Box& box : meta.children)
        if (box.type == "iinf") read_items(box.content, meta);
    for (const Box& box : meta.children) {
        if (box.type == "pitm") read_primary(box.content, meta);
        if (box.type == "iref") read_references(box.content, meta);
        if (box.type == "iprp") read_properties(box.content, meta);
    }
}

/// Of a picture that is put together from others, what its first part says.
std::vector<Box> colours_of(const HeifMeta& meta, std::uint32_t item) {
    auto found = meta.find(item, "colr");
    const auto parts = meta.targets(item, "dimg");
    if (found.empty() && !parts.empty()) return meta.find(parts.front(), "colr");
    return found;
}

}  // namespace

Result<std::optional<Extent>> find_box(ByteSource& source, std::string_view wanted) {
    std::uint64_t at = 0;
    for (int boxes = 0; boxes < kMostTopBoxes; ++boxes) {
        const std::string head = TRY(read_text(source, at, 16));
        Reader reader(head);
        std::uint64_t size = reader.u32();
        const std::string_view type = reader.take(4);
        if (size == 1) size = reader.number(8);
        if (!reader.is_good() || size < 8 || size > INT64_MAX - at) break;
        if (type == wanted) return std::optional(Extent{at, size});
        at += size;
    }
    return std::optional<Extent>();
}

std::vector<Box> boxes_in(std::string_view rest) {
    std::vector<Box> boxes;
    while (auto box = take_box(rest)) boxes.push_back(*box);
    return boxes;
}

std::vector<Box> HeifMeta::find(std::uint32_t item, std::string_view type) const {
    std::vector<Box> found;
    const auto of = items.find(item);
    if (of == items.end()) return found;
    for (const HeifAssociation& each : of->second.properties) {
        if (each.index == 0 || each.index > properties.size()) continue;
        const Box& box = properties[each.index - 1];
        if (box.type == type) found.push_back(box);
    }
    return found;
}

std::vector<std::uint32_t> HeifMeta::targets(std::uint32_t from, std::string_view type) const {
    for (const HeifReference& each : references)
        if (each.from == from && each.type == type) return each.to;
    return {};
}

bool HeifMeta::is_alpha(std::uint32_t item) const {
    for (const Box& box : find(item, "auxC")) {
        const std::string_view urn =
            box.content.substr(std::min<std::size_t>(4, box.content.size()));
        if (urn.starts_with("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha") ||
            urn.starts_with("urn:mpeg:hevc:2015:auxid:1"))
            return true;
    }
    return false;
}

Result<std::unique_ptr<HeifMeta>> read_heif_meta(ByteSource& source) {
    const auto extent = TRY(find_box(source, "meta"));
    if (!extent || extent->length > kMostMeta) return std::unique_ptr<HeifMeta>();
    const std::string bytes = TRY(read_text(source, extent->offset, extent->length));
    auto meta = std::make_unique<HeifMeta>();
    meta->offset = extent->offset;
    meta->bytes.assign(bytes.begin(), bytes.end());
    std::string_view rest(meta->bytes.data(), meta->bytes.size());
    const auto box = take_box(rest);
    if (!box || box->content.size() < 4) return std::unique_ptr<HeifMeta>();
    meta->children = boxes_in(box->content.substr(4));
    read_children(*meta);
    return meta;
}

HeifFacts heif_facts(const HeifMeta& meta) {
    HeifFacts facts;
    for (const Box& colour : colours_of(meta, meta.primary)) {
        Reader reader(colour.content);
        if (reader.take(4) != "nclx") continue;
        facts.code_points_offset =
            meta.offset + static_cast<std::uint64_t>(reader.rest().data() - meta.bytes.data());
        facts.primaries = static_cast<int>(reader.u16());
        facts.transfer = static_cast<int>(reader.u16());
        if (!reader.is_good()) facts = {};
        break;
    }
    facts.is_premultiplied = !meta.targets(meta.primary, "prem").empty();
    return facts;
}

}  // namespace ittybit::image
