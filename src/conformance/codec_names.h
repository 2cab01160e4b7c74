#pragma once

#include <string>
#include <string_view>

namespace ittybit::conformance {

/// A codec in a form that two writers of the same one agree on (RFC 6381; ISO/IEC 14496-15, E).
std::string plain_codec(std::string_view text);

}  // namespace ittybit::conformance
