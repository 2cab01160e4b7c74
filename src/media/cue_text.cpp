#include "media/cue_text.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/markup.h"
#include "base/text.h"
#include "media/stand_ins.h"

namespace ittybit::media {
namespace {

/// Shown at once where captions cannot overlap. Each is written anew whenever another comes or
/// goes, so that a few large ones would fill memory.
constexpr std::size_t kMostAtOnce = 8;
constexpr std::size_t kMostBytesAtOnce = 2048;

/// The number behind a tag like \b1; nothing where there is another letter.
std::optional<int> number_of(std::string_view tag, std::string_view name) {
    if (!tag.starts_with(name)) return std::nullopt;
    return whole_number<int>(tag.substr(name.size()));
}

/// Reads the text of an ASS event, as libav's decoders write it and people do.
class AssText {
public:
    explicit AssText(std::string_view text) : text_(text) {}

    Caption read() {
        while (at_ < text_.size()) {
            const auto end = text_[at_] == '{' ? text_.find('}', at_) : text_.npos;
            if (end != text_.npos) {
                obey(text_.substr(at_ + 1, end - at_ - 1));
                at_ = end + 1;
            } else {
                add(next_letter());
            }
        }
        return std::move(caption_);
    }

private:
    /// One letter, or what a backslash makes of it.
    std::string_view next_letter() {
        const auto rest = text_.substr(at_);
        const bool is_letter = rest[0] != '\\' || rest.size() == 1;
        const bool is_joined = !is_letter && rest.substr(1).starts_with(kWordJoiner);
        at_ += is_joined ? 1 + kWordJoiner.size() : is_letter ? 1 : 2;
        if (is_letter || is_joined) return rest.substr(0, 1);
        switch (rest[1]) {
            case 'N': return "\n";
            case 'n': return " ";
            case 'h': return "\u00A0";
            case '{':
            case '}': return rest.substr(1, 1);
            default: return rest.substr(0, 2);
        }
    }

    void add(std::string_view letter) {
        if (is_drawing_ || letter == "\r") return;
        auto& spans = caption_.spans;
        if (spans.empty() || !spans.back().is_same_style(style_)) spans.push_back(style_);
        spans.back().text += letter;
    }

    /// The tags between braces: \b1\i0\an8.
    void obey(std::string_view block) {
        while (!block.empty()) {
            const auto begin = block.find('\\');
            if (begin == block.npos) return;
            block.remove_prefix(begin + 1);
            const auto tag = block.substr(0, block.find('\\'));
            if (const auto weight = number_of(tag, "b")) style_.is_bold = *weight > 0;
            if (const auto slant = number_of(tag, "i")) style_.is_italic = *slant > 0;
            if (const auto line = number_of(tag, "u")) style_.is_underlined = *line > 0;
            if (const auto scale = number_of(tag, "p")) is_drawing_ = *scale > 0;
            if (const auto place = number_of(tag, "an")) caption_.is_on_top = *place >= 7;
            if (tag == "r") style_ = {};
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    TextSpan style_;  // of the letters that follow
    bool is_drawing_ = false;
    Caption caption_;
};

/// Without lines that are empty, which would end a WebVTT cue.
void drop_empty_lines(std::vector<TextSpan>& spans) {
    bool is_line_empty = true;
    for (TextSpan& span : spans) {
        std::string kept;
        for (const char letter : span.text) {
            if (letter == '\n' && is_line_empty) continue;
            is_line_empty = letter == '\n';
            kept += letter;
        }
        span.text = std::move(kept);
    }
    while (!spans.empty()) {
        auto& last = spans.back().text;
        if (last.ends_with('\n')) last.pop_back();
        if (!last.empty()) break;
        spans.pop_back();
    }
    std::erase_if(spans, [](const TextSpan& span) { return span.text.empty(); });
}

void append_number(std::string& out, std::uint64_t number, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i) & 0xFFU);
}

std::size_t letters_in(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
    }));
}

std::size_t bytes_of(const Caption& caption) {
    std::size_t bytes = 0;
    for (const TextSpan& span : caption.spans) bytes += sizeof(span) + span.text.size();
    return bytes;
}

/// Whether a caption is shown beside others.
bool has_room(const std::vector<const Caption*>& shown, const Caption& caption) {
    std::size_t bytes = bytes_of(caption);
    for (const Caption* other : shown) bytes += bytes_of(*other);
    return shown.empty() || (shown.size() < kMostAtOnce && bytes <= kMostBytesAtOnce);
}

constexpr int kFont = 1;       // in the table of the description
constexpr int kFontSize = 18;  // pixels of the track; players choose their own
constexpr std::uint32_t kWhite = 0xFFFFFFFF;

void append_style(std::string& out, std::size_t from, std::size_t to, const TextSpan& span) {
    append_number(out, from, 2);
    append_number(out, to, 2);
    append_number(out, kFont, 2);
    append_number(
        out, (span.is_bold ? 1U : 0U) | (span.is_italic ? 2U : 0U) | (span.is_underlined ? 4U : 0U),
        1
    );
    append_number(out, kFontSize, 1);
    append_number(out, kWhite, 4);
}

}  // namespace

std::vector<Caption> captions(const std::vector<Cue>& cues) {
    std::vector<Caption> all;
    for (const Cue& cue : cues) {
        Caption caption = AssText(cue.text()).read();
        drop_empty_lines(caption.spans);
        if (caption.spans.empty()) continue;
        caption.start = cue.start;
        caption.end = cue.end;
        all.push_back(std::move(caption));
    }
    return all;
}

std::vector<Caption> in_sequence(const std::vector<Caption>& captions) {
    std::set<std::int64_t> changes;
    for (const Caption& caption : captions) changes.insert({caption.start, caption.end});
    std::vector<Caption> sequence;
    std::vector<const Caption*> shown;
    std::size_t next = 0;
    for (auto change = changes.begin(); change != changes.end(); ++change) {
        const auto before = shown;
        std::erase_if(shown, [&](const Caption* caption) { return caption->end <= *change; });
        for (; next < captions.size() && captions[next].start <= *change; ++next)
            if (has_room(shown, captions[next])) shown.push_back(&captions[next]);
        if (shown.empty()) continue;
        if (shown == before) {
            sequence.back().end = *std::next(change);
            continue;
        }
        Caption& together = sequence.emplace_back(*shown.front());
        together.start = *change;
        together.end = *std::next(change);
        for (std::size_t i = 1; i < shown.size(); ++i) {
            together.spans.back().text += '\n';
            const auto& more = shown[i]->spans;
            together.spans.insert(together.spans.end(), more.begin(), more.end());
        }
    }
    return sequence;
}

std::string webvtt_text(const Caption& caption) {
    std::string out;
    for (const TextSpan& span : caption.spans) {
        if (span.is_bold) out += "<b>";
        if (span.is_italic) out += "<i>";
        if (span.is_underlined) out += "<u>";
        for (const char letter : escape_markup(span.text)) {
            const bool is_empty_line = letter == '\n' && (out.empty() || out.back() == '\n');
            if (!is_empty_line) out += letter;  // it would end the cue
        }
        if (span.is_underlined) out += "</u>";
        if (span.is_italic) out += "</i>";
        if (span.is_bold) out += "</b>";
    }
    return out;
}

std::string timed_text(const Caption& caption) {
    constexpr std::size_t kLongest = 65'535;  // bytes, as far as 16 bits count
    std::string text;
    std::string styles;
    std::uint16_t count = 0;
    std::size_t letters = 0;
    for (const TextSpan& span : caption.spans) {
        if (text.size() + span.text.size() > kLongest) break;
        const auto from = std::exchange(letters, letters + letters_in(span.text));
        text += span.text;
        if (span.is_same_style({})) continue;
        append_style(styles, from, letters, span);
        ++count;
    }
    std::string sample;
    append_number(sample, text.size(), 2);
    sample += text;
    if (count == 0) return sample;
    append_number(sample, 10 + styles.size(), 4);
    sample += "styl";
    append_number(sample, count, 2);
    return sample + styles;
}

std::string timed_text_description(const Size& size) {
    constexpr std::string_view kFontName = "Sans-Serif";
    std::string out;
    append_number(out, 0, 4);     // display flags
    append_number(out, 0x01, 1);  // in the middle
    append_number(out, 0xFF, 1);  // at the bottom
    append_number(out, 0, 4);     // background: none
    append_number(out, 0, 4);     // the box: top, left, bottom, right
    append_number(out, static_cast<std::uint64_t>(size.height), 2);
    append_number(out, static_cast<std::uint64_t>(size.width), 2);
    append_style(out, 0, 0, {});
    append_number(out, 8 + 2 + 2 + 1 + kFontName.size(), 4);
    out += "ftab";
    append_number(out, 1, 2);
    append_number(out, kFont, 2);
    append_number(out, kFontName.size(), 1);
    return out.append(kFontName);
}

}  // namespace ittybit::media
