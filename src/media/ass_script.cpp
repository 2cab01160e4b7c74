#include "media/ass_script.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "media/fonts.h"

namespace ittybit::media {
namespace {

/// Nobody reads more than this at once.
constexpr std::size_t kMostAtOnce = 16;
constexpr std::size_t kMostLetters = 2000;

/// Lines of a header that are believed to be needed.
constexpr std::size_t kMostHeaderLines = 1000;
constexpr std::size_t kLongestHeaderLine = 1000;

/// Letters are a fraction of the picture's shorter side, as if it had this many lines.
constexpr double kLines = 288;
constexpr int kFontSize = 18;

/// Letters of which a backslash in front makes something else.
constexpr std::string_view kEscaped = "Nnh{}";

struct Letter {
    char32_t code = 0;
    std::size_t bytes = 1;
};

/// The first letter of UTF-8.
Letter first_letter(std::string_view text) {
    const auto byte = [&](std::size_t at) -> char32_t {
        return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    const auto tail = [&](std::size_t at) { return byte(at) & 0x3FU; };
    const char32_t head = byte(0);
    if (head < 0xC0) return {head, 1};
    if (head < 0xE0) return {(head & 0x1FU) << 6U | tail(1), 2};
    if (head < 0xF0) return {(head & 0x0FU) << 12U | tail(1) << 6U | tail(2), 3};
    return {(head & 0x07U) << 18U | tail(1) << 12U | tail(2) << 6U | tail(3), 4};
}

std::u32string letters_of(std::string_view text) {
    std::u32string letters;
    while (!text.empty()) {
        const Letter letter = first_letter(text);
        letters += letter.code;
        text.remove_prefix(std::min(letter.bytes, text.size()));
    }
    return letters;
}

bool are_all(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == text.npos;
}

/// Tags that cost nothing and move nothing: weight, slant, lines, place, colours.
bool is_plain_tag(std::string_view tag) {
    if (tag == "r") return true;
    for (const std::string_view name : {"an", "b", "i", "u", "s", "a"}) {
        const bool is_it = tag.starts_with(name) && tag.size() > name.size();
        if (is_it && tag.size() <= name.size() + 3 &&
            are_all(tag.substr(name.size()), "0123456789"))
            return true;
    }
    if (tag.starts_with("pos(") && tag.ends_with(")"))
        return tag.size() < 40 && are_all(tag.substr(4, tag.size() - 5), "0123456789.,- ");
    const auto value = tag.find("&H");
    if (value == tag.npos) return false;
    constexpr std::array<std::string_view, 10> kColours = {"c",  "1c", "2c", "3c", "4c",
                                                           "1a", "2a", "3a", "4a", "alpha"};
    return std::ranges::find(kColours, tag.substr(0, value)) != kColours.end() &&
           tag.size() <= value + 11 && are_all(tag.substr(value + 2), "0123456789abcdefABCDEF&");
}

/// Rewrites the text of one event.
class EventText {
public:
    EventText(std::string_view text, HanStyle han, std::set<std::string_view>& families)
        : text_(text), han_(han), families_(families) {}

    std::string read() {
        while (!text_.empty()) {
            const auto end = text_[0] == '{' ? text_.find('}') : text_.npos;
            if (end != text_.npos) {
                obey(text_.substr(1, end - 1));
                text_.remove_prefix(end + 1);
            } else {
                const bool is_escape = text_[0] == '\\' && text_.size() > 1 &&
                                       kEscaped.find(text_[1]) != kEscaped.npos;
                const Letter letter = first_letter(text_);
                const auto bytes = std::min(is_escape ? 2 : letter.bytes, text_.size());
                if (!is_drawing_) add(is_escape ? U' ' : letter.code, text_.substr(0, bytes));
                text_.remove_prefix(bytes);
            }
        }
        return std::move(out_);
    }

    std::size_t letters() const { return letters_; }
    bool has_dropped() const { return has_dropped_; }

private:
    void add(char32_t code, std::string_view bytes) {
        const auto family = family_for(code, han_);
        if (!family.empty() && family != family_) {
            families_.insert(family);
            const int scale = scale_of(family);
            out_ += family == kPlainFont
                        ? "{\\fn\\fscx\\fscy}"
                        : fmt::format("{{\\fn{0}\\fscx{1}\\fscy{1}}}", family, scale);
            family_ = family;
        }
        out_ += bytes;
        ++letters_;
    }

    void obey(std::string_view block) {
        std::string kept;
        for (auto at = block.find('\\'); at != block.npos;) {
            const auto next = block.find('\\', at + 1);
            const auto tag = block.substr(at + 1, next == block.npos ? next : next - at - 1);
            if (is_plain_tag(tag)) {
                kept += fmt::format("\\{}", tag);
            } else if (!tag.starts_with("fn")) {
                has_dropped_ = true;
            }
            if (tag.starts_with("p") && tag.size() > 1 && are_all(tag.substr(1), "0123456789"))
                is_drawing_ = tag != "p0";
            at = next;
        }
        if (kept.empty()) return;
        out_ += fmt::format("{{{}}}", kept);
        if (kept.find("\\r") != kept.npos) family_ = kPlainFont;
    }

    std::string_view text_;
    const HanStyle han_;
    std::set<std::string_view>& families_;
    std::string_view family_ = kPlainFont;
    std::string out_;
    std::size_t letters_ = 0;
    bool is_drawing_ = false;
    bool has_dropped_ = false;
};

/// As players show plain subtitles: white with a black edge, at the bottom.
std::string plain_header(const Size& size) {
    const double scale = kLines / std::min(size.width, size.height);
    return fmt::format(
        "[Script Info]\n"
        "ScriptType: v4.00+\n"
        "PlayResX: {}\n"
        "PlayResY: {}\n"
        "ScaledBorderAndShadow: yes\n"
        "WrapStyle: 0\n\n"
        "[V4+ Styles]\n"
        "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, "
        "BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, "
        "BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n"
        "Style: Default,{},{},&H00FFFFFF,&H00FFFFFF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,"
        "1.2,0,2,14,14,14,-1\n",
        std::lround(size.width * scale), std::lround(size.height * scale), kPlainFont, kFontSize
    );
}

/// The size of the screen and the styles, without fonts, pictures and all else.
std::string cut_header(const std::string& header) {
    std::string kept;
    std::size_t lines = 0;
    bool is_wanted = false;
    for (const std::string& line : split(header, '\n')) {
        if (line.starts_with("[")) {
            const std::string section = to_lower(line);
            is_wanted = section.starts_with("[script info]") || section.starts_with("[v4");
        }
        if (!is_wanted || line.size() > kLongestHeaderLine || ++lines > kMostHeaderLines) continue;
        kept += line + '\n';
    }
    return kept;
}

/// The fields of an event between its number and its text: layer, style and margins, but no effect.
std::string fields_before_text(const Cue& cue, bool is_styled) {
    const auto fields = split(cue.event, ',');
    if (!is_styled || fields.size() < 9) return "0,Default,,0,0,0,,";
    return fmt::format("{},{},,{},{},{},,", fields[1], fields[2], fields[4], fields[5], fields[6]);
}

/// Leaves out what comes while so much is on screen that nobody could read it.
class Crowd {
public:
    bool has_room(const Cue& cue, std::size_t letters) {
        std::erase_if(shown_, [&](const auto& it) { return it.first <= cue.start; });
        std::size_t sum = letters;
        for (const auto& it : shown_) sum += it.second;
        if (shown_.size() >= kMostAtOnce || sum > kMostLetters) return false;
        shown_.emplace_back(cue.end, letters);
        return true;
    }

private:
    std::vector<std::pair<std::int64_t, std::size_t>> shown_;  // until when, and how many letters
};

HanStyle han_style_of(const std::vector<Cue>& cues) {
    for (const Cue& cue : cues) {
        const HanStyle style = media::han_style_of(letters_of(cue.text()));
        if (style != HanStyle::kChinese) return style;
    }
    return HanStyle::kChinese;
}

void find_fonts(const std::set<std::string_view>& families, AssScript& script) {
    for (const auto family : families) {
        if (!font_files(family).empty()) {
            script.families.emplace(family);
            continue;
        }
        const bool is_cjk = family.find("CJK") != family.npos;
        script.warnings.push_back(fmt::format(
            "subtitles cannot be shown in full without the font {}: install {}", family,
            is_cjk ? "fonts-noto-cjk" : "fonts-noto-core"
        ));
    }
}

}  // namespace

AssScript ass_script(const Cues& cues, const Size& size) {
    AssScript script;
    const bool is_styled = !cues.header.empty();
    script.header = is_styled ? cut_header(cues.header) : plain_header(size);
    const HanStyle han = han_style_of(cues.cues);
    std::set<std::string_view> families = {kPlainFont};
    Crowd crowd;
    int left_out = 0;
    bool has_dropped = false;
    for (const Cue& cue : cues.cues) {
        EventText text(cue.text(), han, families);
        std::string shown = text.read();
        has_dropped = has_dropped || text.has_dropped();
        if (text.letters() == 0) continue;
        if (!crowd.has_room(cue, text.letters())) {
            ++left_out;
            continue;
        }
        script.events.push_back(
            {cue.start, cue.end,
             fmt::format("{},{}{}", script.events.size(), fields_before_text(cue, is_styled), shown)
            }
        );
    }
    find_fonts(families, script);
    if (has_dropped && is_styled) {
        script.warnings.emplace_back(
            "of the ASS subtitles, drawings, sizes, movement and effects within lines are left out"
        );
    }
    if (left_out > 0) {
        script.warnings.push_back(
            fmt::format("subtitles were left out while others filled the screen: {}", left_out)
        );
    }
    return script;
}

}  // namespace ittybit::media
