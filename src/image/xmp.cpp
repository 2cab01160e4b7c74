#include "image/xmp.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/markup.h"

namespace ittybit::image {
namespace {

using Entity = std::pair<std::string_view, std::string_view>;
constexpr std::array kEntities = {
    Entity{"&lt;", "<"},   Entity{"&gt;", ">"},  Entity{"&quot;", "\""}, Entity{"&apos;", "'"},
    Entity{"&#xA;", "\n"}, Entity{"&#39;", "'"}, Entity{"&amp;", "&"},
};

/// In one pass: a packet may be as long as its file.
std::string unescaped(std::string_view escaped) {
    std::string text;
    while (!escaped.empty()) {
        const auto is_next = [&](const Entity& each) { return escaped.starts_with(each.first); };
        const auto* const found = std::ranges::find_if(kEntities, is_next);
        const std::string_view letter = escaped.substr(0, 1);
        const auto& [entity, character] =
            found == kEntities.end() ? Entity{letter, letter} : *found;
        text += character;
        escaped.remove_prefix(entity.size());
    }
    return text;
}

/// What stands between an element's tags, from a place on; moves the place behind it.
std::string_view next_inside(std::string_view xmp, std::string_view element, std::size_t& at) {
    const std::string open = fmt::format("<{}", element);
    std::size_t begin = xmp.find(open, at);
    while (begin != xmp.npos &&
           std::string_view(" \t\r\n>/").find(xmp.substr(begin + open.size(), 1)) == xmp.npos)
        begin = xmp.find(open, begin + 1);
    at = xmp.npos;
    if (begin == xmp.npos) return {};
    const std::size_t inside = xmp.find('>', begin);
    const std::size_t end = xmp.find(fmt::format("</{}", element), begin);
    if (inside == xmp.npos || end == xmp.npos || inside > end) return {};
    at = end;
    return xmp.substr(inside + 1, end - inside - 1);
}

/// The items of a list, or the text of an element that has none.
std::vector<std::string> texts_in(std::string_view xmp, std::string_view element) {
    std::vector<std::string> texts;
    std::size_t at = 0;
    const std::string_view inside = next_inside(xmp, element, at);
    const auto add = [&](std::string_view part) {
        auto text = trimmed(title_text(unescaped(part)));
        if (!text.empty()) texts.push_back(std::move(text));
    };
    if (inside.find("<rdf:li") == inside.npos) {
        if (inside.find('<') == inside.npos) add(inside);
        return texts;
    }
    for (std::size_t item = 0; item != inside.npos;) add(next_inside(inside, "rdf:li", item));
    return texts;
}

std::string list(
    std::string_view element, std::string_view kind, const std::vector<std::string>& texts
) {
    std::string items;
    for (const std::string& text : texts) {
        const auto language = kind == "Alt" ? " xml:lang=\"x-default\"" : "";
        if (!text.empty())
            items += fmt::format("<rdf:li{}>{}</rdf:li>", language, escape_markup(text));
    }
    if (items.empty()) return {};
    return fmt::format("<dc:{0}><rdf:{1}>{2}</rdf:{1}></dc:{0}>", element, kind, items);
}

}  // namespace

Titles xmp_titles(std::string_view xmp) {
    const auto first = [&](std::string_view element) {
        auto found = texts_in(xmp, element);
        return found.empty() ? std::string() : std::move(found.front());
    };
    return {
        first("dc:title"), first("dc:description"), texts_in(xmp, "dc:creator"), first("dc:rights")
    };
}

std::string xmp_packet(const Titles& titles) {
    return fmt::format(
        "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
        "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
        "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">"
        "{}{}{}{}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>",
        list("title", "Alt", {titles.title}), list("description", "Alt", {titles.description}),
        list("creator", "Seq", titles.artists), list("rights", "Alt", {titles.copyright})
    );
}

}  // namespace ittybit::image
