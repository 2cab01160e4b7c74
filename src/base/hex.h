#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ittybit {

/// The bytes that hexadecimal of either case stands for; nothing where the text is none.
std::optional<std::string> from_hex(std::string_view text);

}  // namespace ittybit
