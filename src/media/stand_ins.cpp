#include "media/stand_ins.h"

#include <algorithm>
#include <array>

namespace ittybit::media {
namespace {

struct StandIn {
    char letter;
    std::string_view stand_in;
};
constexpr std::array kStandIns = {
    StandIn{'{', "\xEF\xB7\x90"}, StandIn{'}', "\xEF\xB7\x91"}, StandIn{'\\', "\xEF\xB7\x92"}
};

/// Of tags in front of a text; 0: there are none.
std::size_t length_of_tags(std::string_view text) {
    constexpr std::string_view kMicroDvd = "CcFfoPSsYy";
    if (text.size() < 3 || text[0] != '{') return 0;
    const auto length = text.find('}') + 1;
    if (text[1] == '\\') return length;
    const bool has_form = kMicroDvd.find(text[1]) != kMicroDvd.npos && text[2] == ':';
    return has_form && text.substr(0, length).find('\\') == text.npos ? length : 0;
}

}  // namespace

std::string with_stand_ins(std::string_view text, bool is_srt) {
    std::string out;
    while (!text.empty()) {
        const auto tags = is_srt ? length_of_tags(text) : 0;
        const auto found = std::ranges::find(kStandIns, text[0], &StandIn::letter);
        const bool is_break = text.starts_with("\\N");
        if (is_break || text.starts_with("\\h")) {
            out += is_break ? "\n" : "\u00A0";
            text.remove_prefix(2);
        } else if (tags > 0 || found == kStandIns.end()) {
            const auto length = std::max<std::size_t>(tags, 1);
            out += text.substr(0, length);
            text.remove_prefix(length);
        } else {
            out += found->stand_in;
            text.remove_prefix(1);
        }
    }
    return out;
}

std::string without_stand_ins(std::string_view event) {
    std::string out;
    while (!event.empty()) {
        const auto found = std::ranges::find_if(kStandIns, [&](const StandIn& each) {
            return event.starts_with(each.stand_in);
        });
        if (found == kStandIns.end()) {
            out += event[0];
            event.remove_prefix(1);
            continue;
        }
        out += '\\';
        out += found->letter == '\\' ? kWordJoiner : std::string_view(&found->letter, 1);
        event.remove_prefix(found->stand_in.size());
    }
    return out;
}

}  // namespace ittybit::media
