#include "manifest/mpd_chain.h"

#include <cstring>

#include "manifest/reference.h"

namespace ittybit::manifest {

std::string short_text(const char* text) {
    return {text, ::strnlen(text, kLongestUrl + 1)};
}

std::string attribute_of(const Chain& chain, const char* name) {
    for (auto node = chain.rbegin(); node != chain.rend(); ++node)
        if (const auto found = node->attribute(name)) return short_text(found.value());
    return "";
}

Chain along(const Chain& chain, const char* name) {
    Chain found;
    for (const auto& each : chain)
        if (const auto inside = each.child(name)) found.push_back(inside);
    return found;
}

}  // namespace ittybit::manifest
