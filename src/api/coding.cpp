#include "api/coding.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <zlib.h>

#include "base/text.h"

namespace ittybit::api {
namespace {

std::string without_blanks(std::string_view text) {
    auto word = to_lower(text);
    std::erase_if(word, [](char letter) { return letter == ' ' || letter == '\t'; });
    return word;
}

/// Of "gzip;q=0.000": whether its weight is nothing.
bool is_refused(std::string_view parameters) {
    constexpr std::string_view kWeight = ";q=0";
    return parameters.starts_with(kWeight) &&
           parameters.find_first_not_of(".0", kWeight.size()) == std::string_view::npos;
}

}  // namespace

bool takes_coding(std::string_view accept_encoding, std::string_view coding) {
    constexpr std::string_view kLegacy = "x-";  // x-gzip is gzip (8.4.1.3)
    bool takes_any = false;
    for (const auto& piece : split(without_blanks(accept_encoding), ',')) {
        auto name = std::string_view(piece).substr(0, piece.find(';'));
        const bool is_taken = !is_refused(std::string_view(piece).substr(name.size()));
        if (name.starts_with(kLegacy)) name.remove_prefix(kLegacy.size());
        if (name == coding) return is_taken;
        if (name == "*") takes_any = is_taken;
    }
    return takes_any;
}

bool is_compressible(std::string_view content_type) {
    constexpr std::array<std::string_view, 3> kTypes = {
        "application/json", "application/vnd.apple.mpegurl", "application/dash+xml"
    };
    const auto essence = content_type.substr(0, content_type.find(';'));
    if (essence == "text/event-stream") return false;
    return essence.starts_with("text/") || std::ranges::find(kTypes, essence) != kTypes.end();
}

std::string gzipped(std::string_view bytes) {
    constexpr int kGzip = 15 + 16;  // the largest window, and gzip's header instead of zlib's
    constexpr int kMemory = 8;
    z_stream stream{};
    const int code = deflateInit2(
        &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, kMemory, Z_DEFAULT_STRATEGY
    );
    if (code != Z_OK) std::abort();  // out of memory
    std::string out(deflateBound(&stream, bytes.size()), '\0');
    // zlib only reads what it takes for writable.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

}  // namespace ittybit::api
