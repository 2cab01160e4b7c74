#pragma once

#include <string>
#include <string_view>

namespace ittybit::api {

/// Whether an Accept-Encoding takes a coding (RFC 9110 12.5.3): named, or by `*`, and not with q=0.
bool takes_coding(std::string_view accept_encoding, std::string_view coding);

/// Whether a body of this media type becomes smaller: JSON, playlists, text.
bool is_compressible(std::string_view content_type);

/// The same bytes as gzip (RFC 1952).
std::string gzipped(std::string_view bytes);

}  // namespace ittybit::api
