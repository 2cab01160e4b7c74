#include "model/content_type.h"

#include <array>

#include "base/text.h"
#include "model/output_name.h"

namespace ittybit {
namespace {

struct Type {
    std::string_view extension;
    std::string_view type;
};

constexpr std::array kTypes = {
    Type{"mp4", "video/mp4"},         Type{"mov", "video/quicktime"},
    Type{"webm", "video/webm"},       Type{"mp3", "audio/mpeg"},
    Type{"aac", "audio/aac"},         Type{"ogg", "audio/ogg"},
    Type{"opus", "audio/ogg"},        Type{"wav", "audio/wav"},
    Type{"flac", "audio/flac"},       Type{"jpg", "image/jpeg"},
    Type{"jpeg", "image/jpeg"},       Type{"png", "image/png"},
    Type{"webp", "image/webp"},       Type{"avif", "image/avif"},
    Type{"gif", "image/gif"},         Type{"m3u8", "application/vnd.apple.mpegurl"},
    Type{"m4s", "video/iso.segment"}, Type{"json", "application/json"},
    Type{"vtt", "text/vtt"},          Type{"mpd", "application/dash+xml"},
};

}  // namespace

std::string_view content_type_of(std::string_view name) {
    const auto extension = extension_in(name);
    for (const auto& row : kTypes) {
        if (is_same_word(row.extension, extension)) return row.type;
    }
    return kUnknownType;
}

}  // namespace ittybit
