#include "image/heif_repair.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "image/heif_meta.h"
#include "image/overlaid_source.h"

namespace ittybit::image {
namespace {

constexpr std::array<std::string_view, 3> kTransforms = {"irot", "imir", "clap"};

std::string big_endian(std::uint64_t number, unsigned length) {
    std::string bytes;
    for (unsigned i = length; i-- > 0;) bytes += static_cast<char>((number >> (8 * i)) & 0xFFU);
    return bytes;
}

std::string box_of(std::string_view type, std::string_view content) {
    return big_endian(content.size() + 8, 4) + std::string(type) + std::string(content);
}

bool is_tone_map(const HeifMeta& meta, std::uint32_t item) {
    const auto found = meta.items.find(item);
    return found != meta.items.end() && found->second.type == "tmap";
}

/// Leaves an auxiliary picture the one that it belongs to most.
bool part_auxiliaries(HeifMeta& meta) {
    bool is_changed = false;
    for (HeifReference& each : meta.references) {
        if (each.type != "auxl" || each.to.size() < 2) continue;
        const bool is_of_primary = std::ranges::find(each.to, meta.primary) != each.to.end();
        each.to = {is_of_primary ? meta.primary : each.to.front()};
        is_changed = true;
    }
    if (!is_changed) return false;
    for (HeifReference& each : meta.references) {
        std::erase_if(each.to, [&](std::uint32_t item) { return is_tone_map(meta, item); });
    }
    std::erase_if(meta.references, [&](const HeifReference& each) {
        return each.to.empty() || is_tone_map(meta, each.from);
    });
    return true;
}

bool is_transform(const HeifMeta& meta, const HeifAssociation& each) {
    if (each.index == 0 || each.index > meta.properties.size()) return false;
    const auto type = meta.properties[each.index - 1].type;
    return std::ranges::find(kTransforms, type) != kTransforms.end();
}

std::vector<HeifAssociation> transforms_of(const HeifMeta& meta, const HeifItem& item) {
    std::vector<HeifAssociation> found;
    for (const HeifAssociation& each : item.properties)
        if (is_transform(meta, each)) found.push_back(each);
    return found;
}

bool are_same(const HeifMeta& meta, const HeifAssociation& one, const HeifAssociation& other) {
    return meta.properties[one.index - 1].whole == meta.properties[other.index - 1].whole;
}

/// Gives each alpha the transforms of its picture.
bool turn_alphas(HeifMeta& meta) {
    bool is_changed = false;
    for (const HeifReference& each : meta.references) {
        if (each.type != "auxl" || each.to.empty() || !meta.is_alpha(each.from)) continue;
        const auto master = meta.items.find(each.to.front());
        const auto alpha = meta.items.find(each.from);
        if (master == meta.items.end() || alpha == meta.items.end()) continue;
        const auto wanted = transforms_of(meta, master->second);
        const auto found = transforms_of(meta, alpha->second);
        const auto same = [&](const auto& a, const auto& b) { return are_same(meta, a, b); };
        if (std::ranges::equal(wanted, found, same)) continue;
        auto& properties = alpha->second.properties;
        std::erase_if(properties, [&](const auto& one) { return is_transform(meta, one); });
        properties.insert(properties.end(), wanted.begin(), wanted.end());
        is_changed = true;
    }
    return is_changed;
}

std::string references_box(const HeifMeta& meta) {
    const unsigned length = meta.has_wide_ids ? 4 : 2;
    std::string content = big_endian(meta.has_wide_ids ? 1U << 24U : 0U, 4);
    for (const HeifReference& each : meta.references) {
        std::string one = big_endian(each.from, length) + big_endian(each.to.size(), 2);
        for (const std::uint32_t item : each.to) one += big_endian(item, length);
        content += box_of(each.type, one);
    }
    return box_of("iref", content);
}

std::string associations_box(const HeifMeta& meta) {
    const bool has_wide_ids = meta.items.rbegin()->first > 0xFFFF;
    std::uint32_t count = 0;
    std::string content;
    for (const auto& [id, item] : meta.items) {
        if (item.properties.empty()) continue;
        ++count;
        content += big_endian(id, has_wide_ids ? 4 : 2) + big_endian(item.properties.size(), 1);
        for (const HeifAssociation& each : item.properties) {
            const unsigned length = meta.has_wide_index ? 2 : 1;
            const std::uint32_t mark = each.is_essential ? 1U << (length * 8 - 1) : 0U;
            content += big_endian(mark | each.index, length);
        }
    }
    const std::uint32_t version = (has_wide_ids ? 1U << 24U : 0U) | (meta.has_wide_index ? 1U : 0U);
    return box_of("ipma", big_endian(version, 4) + big_endian(count, 4) + content);
}

std::string properties_box(const Box& before, const HeifMeta& meta) {
    std::string content;
    std::string_view rest = before.content;
    for (const Box& box : boxes_in(rest))
        if (box.type != "ipma") content += box.whole;
    return box_of("iprp", content + associations_box(meta));
}

/// An item without its name, and one that is packed under a type that nobody reads.
std::string item_box(const Box& before, const HeifMeta& meta) {
    const std::string_view bytes = before.content;
    const std::size_t id_length = !bytes.empty() && bytes[0] > 2 ? 4 : 2;
    const std::size_t type = 4 + id_length + 2;  // behind version, id and protection
    const std::size_t zero = bytes.find('\0', type + 4);
    if (bytes.empty() || bytes[0] < 2 || zero == bytes.npos) return std::string(before.whole);
    std::string content(bytes.substr(0, type + 4));
    content += bytes.substr(zero);
    std::uint32_t id = 0;
    for (const char byte : bytes.substr(4, id_length))
        id = id << 8U | static_cast<std::uint8_t>(byte);
    const auto item = meta.items.find(id);
    if (item != meta.items.end() && item->second.is_packed) content.replace(type, 4, "skip");
    return box_of("infe", content);
}

std::string items_box(const Box& before, const HeifMeta& meta) {
    const bool has_wide_count = before.content.size() > 0 && before.content[0] != 0;
    const std::size_t head = 4 + (has_wide_count ? 4 : 2);
    std::string content(before.content.substr(0, head));
    for (const Box& box : boxes_in(before.content.substr(content.size())))
        content += box.type == "infe" ? item_box(box, meta) : std::string(box.whole);
    return box_of("iinf", content);
}

/// What is gained or lost elsewhere goes into the name of the handler, which nobody reads. Nothing
/// when that is too short.
std::optional<std::string> handler_box(const Box& before, std::ptrdiff_t longer) {
    constexpr std::ptrdiff_t kShortest = 25;  // ISO/IEC 14496-12, 8.4.3, with an empty name
    const auto length = static_cast<std::ptrdiff_t>(before.content.size()) + longer;
    if (length < kShortest) return std::nullopt;
    std::string content(before.content.substr(0, static_cast<std::size_t>(length)));
    content.resize(static_cast<std::size_t>(length), '\0');
    content.back() = '\0';
    return box_of("hdlr", content);
}

/// The contents of `meta` behind its version, in as many bytes as they had. Nothing when they do
/// not fit.
std::optional<std::string> rewritten(const HeifMeta& meta) {
    std::vector<std::string> boxes;
    std::size_t handler = meta.children.size();
    std::ptrdiff_t spared = 0;
    for (const Box& box : meta.children) {
        if (box.type == "hdlr") handler = boxes.size();
        if (box.type == "iref") {
            boxes.push_back(references_box(meta));
        } else if (box.type == "iprp") {
            boxes.push_back(properties_box(box, meta));
        } else if (box.type == "iinf") {
            boxes.push_back(items_box(box, meta));
        } else {
            boxes.emplace_back(box.whole);
        }
        spared += std::ssize(box.whole) - std::ssize(boxes.back());
    }
    if (handler == meta.children.size()) return std::nullopt;
    auto elastic = handler_box(meta.children[handler], spared);
    if (!elastic) return std::nullopt;
    boxes[handler] = *std::move(elastic);
    std::string all;
    for (const std::string& box : boxes) all += box;
    return all;
}

}  // namespace

Result<std::unique_ptr<ByteSource>> repaired_heif(ByteSource& source) {
    const auto meta = TRY(read_heif_meta(source));
    if (meta == nullptr || meta->items.empty()) return std::unique_ptr<ByteSource>();
    const bool is_packed =
        std::ranges::any_of(meta->items, [](const auto& item) { return item.second.is_packed; });
    const bool is_parted = part_auxiliaries(*meta);
    const bool is_turned = turn_alphas(*meta);
    if (!is_packed && !is_parted && !is_turned) return std::unique_ptr<ByteSource>();
    auto content = rewritten(*meta);
    if (!content) return std::unique_ptr<ByteSource>();
    const auto first =
        static_cast<std::uint64_t>(meta->children.front().whole.data() - meta->bytes.data());
    auto shown = std::make_unique<OverlaidSource>(source);
    shown->add({meta->offset + first, content->size(), *std::move(content)});
    return std::unique_ptr<ByteSource>(std::move(shown));
}

}  // namespace ittybit::image
