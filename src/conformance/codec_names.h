#pragma once

#include <string>
#include <string_view>

namespace ittybit::conformance {

/// A codec in a form that two writers of the same one agree on (RFC 6381; ISO/IEC 14496-15, E).
std::string plain_codec(std::string_view text);

/// Whether a codec that a manifest declares is the one that was found, of which only the name may
/// be known: "vp09.00.10.08" for "vp09", "opus" for "Opus".
bool is_codec(std::string_view declared, std::string_view found);

}  // namespace ittybit::conformance
