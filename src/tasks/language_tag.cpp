#include "tasks/language_tag.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "manifest/languages.h"
#include "manifest/reference.h"

namespace ittybit::tasks {
namespace {

struct LanguageName {
    std::string_view tag;
    std::string_view name;  // as Unicode's CLDR has it, with a capital where the script has any
};

constexpr auto kLanguageNames = std::to_array<LanguageName>({
    {"ar", "العربية"},      {"bg", "Български"},   {"bn", "বাংলা"},         {"ca", "Català"},
    {"cs", "Čeština"},      {"cy", "Cymraeg"},     {"da", "Dansk"},         {"de", "Deutsch"},
    {"el", "Ελληνικά"},     {"en", "English"},     {"es", "Español"},       {"et", "Eesti"},
    {"eu", "Euskara"},      {"fa", "فارسی"},       {"fi", "Suomi"},         {"fr", "Français"},
    {"ga", "Gaeilge"},      {"gl", "Galego"},      {"he", "עברית"},         {"hi", "हिन्दी"},
    {"hr", "Hrvatski"},     {"hu", "Magyar"},      {"hy", "Հայերեն"},       {"id", "Indonesia"},
    {"is", "Íslenska"},     {"it", "Italiano"},    {"ja", "日本語"},        {"ka", "ქართული"},
    {"ko", "한국어"},       {"lt", "Lietuvių"},    {"lv", "Latviešu"},      {"ms", "Melayu"},
    {"nb", "Norsk bokmål"}, {"nl", "Nederlands"},  {"nn", "Norsk nynorsk"}, {"no", "Norsk"},
    {"pl", "Polski"},       {"pt", "Português"},   {"ro", "Română"},        {"ru", "Русский"},
    {"sk", "Slovenčina"},   {"sl", "Slovenščina"}, {"sq", "Shqip"},         {"sr", "Српски"},
    {"sv", "Svenska"},      {"sw", "Kiswahili"},   {"ta", "தமிழ்"},          {"te", "తెలుగు"},
    {"th", "ไทย"},          {"tr", "Türkçe"},      {"uk", "Українська"},    {"ur", "اردو"},
    {"vi", "Tiếng Việt"},   {"zh", "中文"},
});

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

std::string language_name(std::string_view tag) {
    if (tag == "und") return "";
    const auto found =
        std::ranges::find(kLanguageNames, tag.substr(0, tag.find('-')), &LanguageName::tag);
    return std::string(found == kLanguageNames.end() ? tag : found->name);
}

std::string language_letters(std::string_view code) {
    const std::string lower = to_lower(code);
    return lower.size() == 3 && is_letters(lower) ? lower : "und";
}

}  // namespace ittybit::tasks
