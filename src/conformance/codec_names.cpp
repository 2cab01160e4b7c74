#include "conformance/codec_names.h"

#include <algorithm>

#include "base/text.h"

namespace ittybit::conformance {

std::string plain_codec(std::string_view text) {
    std::string codec(text.substr(std::min(text.find_first_not_of(' '), text.size())));
    if (codec.starts_with("avc")) return to_lower(codec);
    if (codec.starts_with("hvc") || codec.starts_with("hev"))
        while (codec.ends_with(".0") || codec.ends_with(".00")) codec.resize(codec.rfind('.'));
    if (!codec.starts_with("av01")) return codec;
    auto pieces = split(codec, '.');
    pieces.resize(std::min<std::size_t>(pieces.size(), 4));  // what follows has defaults
    return join(pieces, ".");
}

bool is_codec(std::string_view declared, std::string_view found) {
    const auto codec = plain_codec(declared);
    if (found.find('.') != std::string_view::npos) return codec == plain_codec(found);
    return is_same_word(std::string_view(codec).substr(0, codec.find('.')), found);
}

}  // namespace ittybit::conformance
