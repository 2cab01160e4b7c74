#include "manifest/forms.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace ittybit::manifest {
namespace {

constexpr std::size_t kBrand = 4;  // characters

bool is_one_of(std::string_view word, std::string_view words) {
    const auto known = split(words, '|');
    return std::ranges::find(known, word) != known.end();
}

bool is_hex_sequence(std::string_view text) {
    if (!text.starts_with("0x") && !text.starts_with("0X")) return false;
    return text.size() > 2 && std::ranges::all_of(text.substr(2), [](char letter) {
               return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'F') ||
                      (letter >= 'a' && letter <= 'f');
           });
}

/// Whether each piece between separators, without blanks around it, is as `is_formed` wants it.
template <typename IsFormed>
bool all_pieces(std::string_view text, char separator, IsFormed&& is_formed) {
    return std::ranges::all_of(split(text, separator), [&](std::string_view piece) {
        const auto begin = std::min(piece.find_first_not_of(' '), piece.size());
        return is_formed(piece.substr(begin, piece.find_last_not_of(' ') + 1 - begin));
    });
}

/// "public.easy-to-read,public.accessibility.describes-video": uniform type identifiers.
bool is_type_list(std::string_view text) {
    return all_pieces(text, ',', [](auto piece) { return is_made_of(piece, "-._"); });
}

/// "1/2/5"
bool is_version_list(std::string_view text) {
    return all_pieces(text, '/', [](auto piece) { return read_integer(piece).value_or(0) > 0; });
}

/// "dvh1.08.07/db4h": a codec, and the brands of its media.
bool is_codec_list(std::string_view text) {
    return all_pieces(text, ',', [](std::string_view piece) {
        const auto slash = piece.find('/');
        return is_made_of(piece.substr(0, slash), ".-") &&
               (slash == piece.npos || all_pieces(piece.substr(slash + 1), '/', [](auto brand) {
                    return brand.size() == kBrand;
                }));
    });
}

/// "com.example.drm1:SMART-TV/PC,com.example.drm2:HW"
bool is_protection_list(std::string_view text) {
    return all_pieces(text, ',', [](auto piece) {
        const auto colon = piece.find(':');
        return colon != piece.npos && colon > 0;
    });
}

/// "CH-STEREO/PROJ-HEQU"
bool is_layout_list(std::string_view text) {
    return all_pieces(text, ',', [](auto piece) {
        return all_pieces(piece, '/', [](std::string_view word) {
            return word == "CH-STEREO" || word == "CH-MONO" || word.starts_with("PROJ-");
        });
    });
}

/// "PRE", "POST", either with "ONCE".
bool is_cue_list(std::string_view text) {
    const auto words = split(text, ',');
    const auto has = [&](std::string_view word) {
        return std::ranges::find(words, word) != words.end();
    };
    return !(has("PRE") && has("POST")) && std::ranges::all_of(words, [](const auto& word) {
        return word == "PRE" || word == "POST" || word == "ONCE";
    });
}

}  // namespace

bool is_made_of(std::string_view text, std::string_view others) {
    return !text.empty() && std::ranges::all_of(text, [&](char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= 'a' && letter <= 'z') || others.find(letter) != others.npos;
    });
}

bool has_form(const Attribute& attribute, const AttributeForm& form) {
    const auto& value = attribute.value;
    const bool is_quoted = attribute.is_quoted;
    switch (form.form) {
        case Form::kText: return is_quoted;
        case Form::kDate: return is_quoted && read_date(value);
        case Form::kWord: return !is_quoted && is_one_of(value, form.words);
        case Form::kWordOrText: return is_quoted || is_one_of(value, form.words);
        case Form::kInteger: return !is_quoted && read_integer(value);
        case Form::kNumber: return !is_quoted && read_number(value);
        case Form::kSigned: return !is_quoted && read_number(value, true);
        case Form::kHex: return !is_quoted && is_hex_sequence(value);
        case Form::kResolution: return !is_quoted && read_resolution(value);
        case Form::kStableId: return is_quoted && is_made_of(value, "+/=.-_");
        case Form::kPathway: return is_quoted && is_made_of(value, ".-_");
        case Form::kTypes: return is_quoted && is_type_list(value);
        case Form::kVersions: return is_quoted && is_version_list(value);
        case Form::kCodecs: return is_quoted && is_codec_list(value);
        case Form::kProtection: return is_quoted && is_protection_list(value);
        case Form::kLayout: return is_quoted && is_layout_list(value);
        case Form::kCues: return is_quoted && is_cue_list(value);
        case Form::kNothing:
        case Form::kList:
        case Form::kAny: return true;
    }
    return true;
}

bool has_form(const Line& line) {
    switch (line.tag->form) {
        case Form::kNothing: return line.value.empty();
        case Form::kInteger: return read_integer(line.value).has_value();
        case Form::kDate: return read_date(line.value).has_value();
        case Form::kWord: return line.value == "VOD" || line.value == "EVENT";
        default: return !line.value.empty();
    }
}

}  // namespace ittybit::manifest
