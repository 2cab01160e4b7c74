#pragma once

#include <string>
#include <string_view>

#include "base/text.h"

namespace ittybit::manifest {

/// What a reference in the document at `base` refers to, both absolute afterwards (RFC 3986, 5.2).
/// Without its fragment. "" where it is longer than kLongestUrl.
std::string resolve(std::string_view base, std::string_view reference);

inline constexpr std::size_t kLongestUrl = 8192;  // bytes

/// Resolves the references of one document, as far as their addresses can be kept: a few bytes each
/// may make a long one of a long base.
class Addresses {
public:
    /// "" where there is no such address, or no more room for it, or where it is no UTF-8.
    std::string resolve(std::string_view base, std::string_view reference) {
        if (valid_utf8(reference) != reference) return "";
        auto address = manifest::resolve(base, reference);
        if (address.size() > room_) return "";
        room_ -= address.size();
        return address;
    }

private:
    std::size_t room_ = 64U << 20U;  // bytes
};

/// Whether only characters are used that a URI or relative reference may have (RFC 3986, 2).
bool is_uri(std::string_view text);

/// Whether a language is written as BCP 47 does: "en", "zh-Hant-TW", "und", "x-klingon".
bool is_language_tag(std::string_view text);

}  // namespace ittybit::manifest
