#include "manifest/reference.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "manifest/languages.h"

namespace ittybit::manifest {
namespace {

bool is_letter(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

bool is_hex(char letter) {
    return is_digit(letter) || (letter >= 'a' && letter <= 'f') || (letter >= 'A' && letter <= 'F');
}

/// The length of "https:", 0 for a relative reference.
std::size_t scheme_length(std::string_view text) {
    if (text.empty() || !is_letter(text.front())) return 0;
    const auto end = text.find(':');
    if (end == std::string_view::npos) return 0;
    const bool is_scheme = std::ranges::all_of(text.substr(0, end), [](char letter) {
        return is_letter(letter) || is_digit(letter) || letter == '+' || letter == '-' ||
               letter == '.';
    });
    return is_scheme ? end + 1 : 0;
}

std::string without_dots(std::string_view path) {
    std::vector<std::string> kept;
    const auto pieces = split(path, '/');
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const bool is_last = i + 1 == pieces.size();
        if (pieces[i] == "..") {
            if (kept.size() > 1) kept.pop_back();
        } else if (pieces[i] != ".") {
            kept.push_back(pieces[i]);
            continue;
        }
        if (is_last) kept.emplace_back();
    }
    return join(kept, "/");
}

std::string resolved(std::string_view base, std::string_view reference) {
    reference = reference.substr(0, reference.find('#'));
    if (scheme_length(reference) > 0) return std::string(reference);
    base = base.substr(0, base.find('#'));
    const auto scheme = base.substr(0, scheme_length(base));
    if (reference.starts_with("//")) return std::string(scheme) + std::string(reference);
    auto rest = base.substr(scheme.size());
    std::string_view authority;
    if (rest.starts_with("//")) authority = rest.substr(0, rest.find('/', 2));
    rest.remove_prefix(authority.size());
    const std::string head = std::string(scheme) + std::string(authority);
    if (reference.empty()) return head + std::string(rest);
    auto path = rest.substr(0, rest.find('?'));
    if (reference.starts_with('?')) return head + std::string(path) + std::string(reference);
    const auto question = std::min(reference.find('?'), reference.size());
    const auto query = reference.substr(question);
    reference = reference.substr(0, question);
    std::string merged(reference);
    if (!reference.starts_with('/')) {
        const auto folder = path.substr(0, path.rfind('/') + 1);
        merged = (folder.empty() ? "/" : std::string(folder)) + merged;
    }
    return head + without_dots(merged) + std::string(query);
}

}  // namespace

std::string resolve(std::string_view base, std::string_view reference) {
    if (base.size() > kLongestUrl || reference.size() > kLongestUrl) return "";
    auto address = resolved(base, reference);
    return address.size() > kLongestUrl ? "" : address;
}

bool is_uri(std::string_view text) {
    constexpr std::string_view kMarks = "-._~:/?#[]@!$&'()*+,;=";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char letter = text[i];
        if (letter == '%') {
            if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
            i += 2;
        } else if (!is_letter(letter) && !is_digit(letter) &&
                   kMarks.find(letter) == std::string_view::npos) {
            return false;
        }
    }
    return !text.empty();
}

bool is_language_tag(std::string_view text) {
    const auto pieces = split(text, '-');
    std::size_t at = 0;
    const auto next_is = [&](std::size_t least, std::size_t most, auto is_allowed) {
        if (at >= pieces.size()) return false;
        const auto& piece = pieces[at];
        if (piece.size() < least || piece.size() > most) return false;
        if (!std::ranges::all_of(piece, is_allowed)) return false;
        ++at;
        return true;
    };
    const auto is_either = [](char letter) { return is_letter(letter) || is_digit(letter); };
    const bool is_private = to_lower(text).starts_with("x-") || to_lower(text).starts_with("i-");
    if (!is_private) {
        if (!next_is(2, 3, is_letter)) return false;
        const std::string language = to_lower(pieces.front());
        if (language.size() == 2 && !is_two_letter_language(language)) return false;
        if (language.size() == 3 && !two_letters_for(language).empty()) return false;
        for (int i = 0; i < 3 && next_is(3, 3, is_letter);) ++i;  // a language within that one
        next_is(4, 4, is_letter);                                 // script
        if (!next_is(2, 2, is_letter)) next_is(3, 3, is_digit);   // region
        while (next_is(4, 8, is_either)) {
        }  // variants
    }
    while (next_is(1, 1, is_either)) {  // extensions
        if (!next_is(1, 8, is_either)) return false;
        while (next_is(is_private ? 1 : 2, 8, is_either)) {
        }
    }
    return at == pieces.size();
}

}  // namespace ittybit::manifest
