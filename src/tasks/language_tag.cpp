#include "tasks/language_tag.h"

#include <algorithm>

#include "base/text.h"
#include "manifest/languages.h"
#include "manifest/reference.h"

namespace ittybit::tasks {
namespace {

bool is_letters(std::string_view text) {
    return std::ranges::all_of(text, [](char letter) { return letter >= 'a' && letter <= 'z'; });
}

}  // namespace

std::string language_tag(std::string_view code) {
    const auto behind = std::min(code.find('-'), code.size());
    std::string language = to_lower(code.substr(0, behind));
    if (const auto two = manifest::two_letters_for(language); !two.empty()) language = two;
    for (const auto& tag : {language + std::string(code.substr(behind)), language})
        if (manifest::is_language_tag(tag)) return tag;
    return "und";
}

std::string language_letters(std::string_view code) {
    const std::string lower = to_lower(code);
    return lower.size() == 3 && is_letters(lower) ? lower : "und";
}

}  // namespace ittybit::tasks
