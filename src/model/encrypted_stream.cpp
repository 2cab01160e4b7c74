#include "model/encrypted_stream.h"

#include "base/hex.h"
#include "base/text.h"
#include "model/output_name.h"

namespace ittybit {

Result<StreamKey> StreamKey::from_json(const json::value& value) {
    constexpr std::size_t kDigits = 32;
    const auto* text = value.if_string();
    if (text != nullptr && text->size() == kDigits && from_hex(*text))
        return StreamKey{std::string(*text)};
    return Error{ErrorKind::kInvalidOptions, "must be 32 hexadecimal digits", ""};
}

json::object StreamKey::schema() {
    return {{"type", "string"}, {"pattern", "^[0-9A-Fa-f]{32}$"}, {"writeOnly", true}};
}

bool stays_clear(std::string_view name) {
    return extension_in(name) == "m3u8" || name.ends_with("-init.mp4");
}

std::optional<std::uint64_t> media_sequence_of(std::string_view name) {
    name = name.substr(0, name.rfind('.'));
    const auto number = whole_number<std::uint64_t>(name.substr(name.rfind('-') + 1));
    return number && *number > 0 ? std::optional(*number - 1) : std::nullopt;
}

}  // namespace ittybit
