#pragma once

#include <string>
#include <string_view>

namespace ittybit {

/// Text as it stands between tags of XML, HTML or WebVTT: without `&`, `<` and `>`.
std::string escape_markup(std::string_view text);

}  // namespace ittybit
