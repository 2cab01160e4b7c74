#include "media/fonts.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"

namespace ittybit::media {
namespace {

struct Script {
    char32_t first;
    char32_t last;
    std::string_view family;  // "": any; kHan: by the style
};

constexpr std::string_view kHan = "Han";
constexpr std::string_view kJapanese = "Noto Sans CJK JP";
constexpr std::string_view kKorean = "Noto Sans CJK KR";
constexpr std::string_view kChinese = "Noto Sans CJK SC";
constexpr std::string_view kMath = "Noto Sans Math";  // arrows too
constexpr std::string_view kSymbols = "Noto Sans Symbols";
constexpr std::string_view kMoreSymbols = "Noto Sans Symbols2";

/// In order; what lies between is for the plain font.
constexpr std::array kScripts = {
    Script{0x0000, 0x0040, ""},
    Script{0x005B, 0x0060, ""},
    Script{0x007B, 0x00BF, ""},
    Script{0x0300, 0x036F, ""},
    Script{0x0530, 0x058F, "Noto Sans Armenian"},
    Script{0x0590, 0x05FF, "Noto Sans Hebrew"},
    Script{0x0600, 0x06FF, "Noto Sans Arabic"},
    Script{0x0750, 0x077F, "Noto Sans Arabic"},
    Script{0x08A0, 0x08FF, "Noto Sans Arabic"},
    Script{0x0900, 0x097F, "Noto Sans Devanagari"},
    Script{0x0980, 0x09FF, "Noto Sans Bengali"},
    Script{0x0A00, 0x0A7F, "Noto Sans Gurmukhi"},
    Script{0x0A80, 0x0AFF, "Noto Sans Gujarati"},
    Script{0x0B00, 0x0B7F, "Noto Sans Oriya"},
    Script{0x0B80, 0x0BFF, "Noto Sans Tamil"},
    Script{0x0C00, 0x0C7F, "Noto Sans Telugu"},
    Script{0x0C80, 0x0CFF, "Noto Sans Kannada"},
    Script{0x0D00, 0x0D7F, "Noto Sans Malayalam"},
    Script{0x0D80, 0x0DFF, "Noto Sans Sinhala"},
    Script{0x0E00, 0x0E7F, "Noto Sans Thai"},
    Script{0x0E80, 0x0EFF, "Noto Sans Lao"},
    Script{0x1000, 0x109F, "Noto Sans Myanmar"},
    Script{0x10A0, 0x10FF, "Noto Sans Georgian"},
    Script{0x1100, 0x11FF, kHan},
    Script{0x1200, 0x139F, "Noto Sans Ethiopic"},
    Script{0x1780, 0x17FF, "Noto Sans Khmer"},
    Script{0x1C80, 0x1CBF, "Noto Sans Georgian"},
    Script{0x2000, 0x206F, ""},
    Script{0x2190, 0x22FF, kMath},
    Script{0x2300, 0x23CD, kSymbols},
    Script{0x23CE, 0x2426, kMoreSymbols},
    Script{0x2460, 0x24FF, kSymbols},
    Script{0x25A0, 0x2623, kMoreSymbols},
    Script{0x2624, 0x2653, kSymbols},
    Script{0x2654, 0x2668, kMoreSymbols},
    Script{0x2669, 0x267E, kSymbols},  // notes of music
    Script{0x267F, 0x27BF, kMoreSymbols},
    Script{0x27C0, 0x27FF, kMath},
    Script{0x2E80, 0xA4CF, kHan},
    Script{0xA960, 0xA97F, kHan},
    Script{0xAC00, 0xD7FF, kHan},
    Script{0xF900, 0xFAFF, kHan},
    Script{0xFB1D, 0xFB4F, "Noto Sans Hebrew"},
    Script{0xFB50, 0xFDFF, "Noto Sans Arabic"},
    Script{0xFE00, 0xFE0F, ""},
    Script{0xFE30, 0xFE4F, kHan},
    Script{0xFE70, 0xFEFE, "Noto Sans Arabic"},
    Script{0xFF00, 0xFFEF, kHan},
    Script{0x20000, 0x3FFFF, kHan},
};

/// "NotoSansArabic" of "Noto Sans Arabic". One file has the characters of all lands.
std::string file_stem(std::string_view family) {
    if (family.starts_with("Noto Sans CJK")) return "opentype/noto/NotoSansCJK";
    std::string stem = "truetype/noto/";
    std::ranges::copy_if(family, std::back_inserter(stem), [](char letter) {
        return letter != ' ';
    });
    return stem;
}

std::span<const char> mapped(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat facts{};
    if (!file || ::fstat(file.get(), &facts) != 0 || facts.st_size <= 0) return {};
    const auto size = static_cast<std::size_t>(facts.st_size);
    void* const bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (bytes == MAP_FAILED) return {};
    return {static_cast<const char*>(bytes), size};
}

/// By the stem of their files.
using Fonts = std::map<std::string, std::vector<FontBytes>>;

const Fonts& fonts() {
    static const Fonts all = [] {
        Fonts found;
        const auto add = [&](std::string_view family) {
            const std::string stem = file_stem(family);
            if (family.empty() || found.contains(stem)) return;
            auto& files = found[stem];
            const std::string extension = family.find("CJK") == family.npos ? ".ttf" : ".ttc";
            for (const char* weight : {"-Regular", "-Bold"}) {
                const std::string name = stem + weight + extension;
                const auto bytes = mapped("/usr/share/fonts/" + name);
                if (!bytes.empty()) files.push_back({name, bytes});
            }
        };
        add(kPlainFont);
        for (const Script& script : kScripts) add(script.family == kHan ? kChinese : script.family);
        return found;
    }();
    return all;
}

std::string_view family_of(HanStyle han) {
    switch (han) {
        case HanStyle::kJapanese: return kJapanese;
        case HanStyle::kKorean: return kKorean;
        case HanStyle::kChinese: return kChinese;
    }
    return kChinese;
}

}  // namespace

std::string_view family_for(char32_t letter, HanStyle han) {
    const auto script = std::ranges::lower_bound(kScripts, letter, {}, &Script::last);
    if (script == kScripts.end() || letter < script->first) return kPlainFont;
    return script->family == kHan ? family_of(han) : script->family;
}

int scale_of(std::string_view family) {
    constexpr std::array<std::pair<std::string_view, int>, 6> kLarger = {{
        {"Noto Sans Arabic", 140},
        {"Noto Sans Thai", 120},
        {"Noto Sans Lao", 120},
        {kSymbols, 150},
        {kMoreSymbols, 125},
        {kMath, 110},
    }};
    const auto* const found =
        std::ranges::find(kLarger, family, &std::pair<std::string_view, int>::first);
    return found == kLarger.end() ? 100 : found->second;
}

HanStyle han_style_of(std::u32string_view text) {
    const auto has = [&](char32_t first, char32_t last) {
        return std::ranges::any_of(text, [&](char32_t letter) {
            return letter >= first && letter <= last;
        });
    };
    if (has(0x3040, 0x30FF)) return HanStyle::kJapanese;
    if (has(0x1100, 0x11FF) || has(0xAC00, 0xD7FF)) return HanStyle::kKorean;
    return HanStyle::kChinese;
}

void map_fonts() {
    fonts();
}

std::vector<FontBytes> font_files(std::string_view family) {
    const auto found = fonts().find(file_stem(family));
    return found == fonts().end() ? std::vector<FontBytes>() : found->second;
}

}  // namespace ittybit::media
