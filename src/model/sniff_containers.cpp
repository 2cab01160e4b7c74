#include <algorithm>
#include <array>

#include "model/sniff_parts.h"

namespace ittybit::sniffing {
namespace {

using namespace std::string_view_literals;

constexpr auto kMov = "mov"sv;  // libav's demuxer of all ISO media

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, word) != words.end();
}

/// The brands of an ftyp box: the major one first.
struct Brands {
    std::string_view major;
    std::string_view compatible;

    bool has(std::string_view brand) const {
        if (major == brand) return true;
        for (std::size_t at = 0; at + 4 <= compatible.size(); at += 4)
            if (compatible.substr(at, 4) == brand) return true;
        return false;
    }
};

std::optional<Sniffed> sniff_picture_brands(const Brands& brands) {
    if (brands.major == "avis") return animation("avif", kMov);
    if (brands.major == "avif") return still("avif", kMov);
    if (is_one_of(brands.major, {"hevc", "hevx", "hevm", "hevs"})) return animation("heic", kMov);
    if (is_one_of(brands.major, {"heic", "heix", "heim", "heis"})) return still("heic", "");
    if (brands.major == "msf1") return animation(brands.has("avis") ? "avif" : "heic", kMov);
    if (brands.major == "mif1" || brands.major == "miaf" || brands.major == "mif2")
        return brands.has("avif") ? still("avif", kMov) : still("heic", "");
    return std::nullopt;
}

Sniffed sniff_brands(const Brands& brands) {
    if (const auto picture = sniff_picture_brands(brands)) return *picture;
    if (brands.major == "crx ") {
        return refused(
            "raw",
            "this is a camera raw file: develop it and upload a JPEG, PNG, TIFF or HEIC instead"
        );
    }
    if (brands.major == "aax " || brands.major == "aaxc") {
        return refused(
            "aax", "this is a protected Audible book: upload a file without copy protection"
        );
    }
    if (brands.major == "qt  ") return media("mov", kMov);
    if (is_one_of(brands.major, {"M4A ", "M4B ", "M4P "})) return media("m4a", kMov);
    if (brands.major.starts_with("3g") || brands.major == "kddi") return media("3gp", kMov);
    if (brands.major == "mjp2") return media("mj2", kMov);
    return media("mp4", kMov);
}

Brands brands_at(Head head, std::size_t box) {
    const std::size_t size = std::clamp<std::size_t>(be32(head, box), 16, 4096);
    const Head body = head.substr(std::min(head.size(), box + 8), size - 8);
    return {body.substr(0, 4), body.size() > 8 ? body.substr(8) : Head{}};
}

/// ISO base media (ISO 14496-12), QuickTime and JPEG 2000 (ISO 15444-1).
std::optional<Sniffed> sniff_iso(Head head) {
    const auto type = head.size() >= 8 ? head.substr(4, 4) : Head{};
    if (has_at(head, 0, "\0\0\0\x0CjP  \x0D\x0A\x87\x0A"sv)) {
        if (brands_at(head, 12).has("mjp2")) return media("mj2", kMov);
        return still("jp2", "j2k_pipe");
    }
    if (type == "ftyp") return sniff_brands(brands_at(head, 0));
    if (is_one_of(type, {"moov", "mdat", "wide", "pnot", "skip"})) return media("mov", kMov);
    if (type == "free") return media("mp4", kMov);
    if (is_one_of(type, {"styp", "sidx", "moof", "emsg", "prft"})) {
        return refused(
            "segment",
            "this is one segment of a streamed video, whose header is in another file: upload the"
            " whole video"
        );
    }
    return std::nullopt;
}

Sniffed sniff_webp(Head head) {
    const bool is_animated = has_at(head, 12, "VP8X") && (byte_at(head, 20) & 2U) != 0;
    return is_animated ? animation("webp", "") : still("webp", "webp_pipe");
}

/// RIFF and its relatives: four letters, a size, the form.
std::optional<Sniffed> sniff_riff(Head head) {
    const auto form = head.size() >= 12 ? head.substr(8, 4) : Head{};
    if (has_at(head, 0, "FORM") && (form == "AIFF" || form == "AIFC")) return media("aiff", "aiff");
    if (has_at(head, 0, "FRM8") && has_at(head, 12, "DSD ")) return media("dff", "iff");
    const bool is_riff = has_at(head, 0, "RIFF") || has_at(head, 0, "RIFX") ||
                         has_at(head, 0, "RF64") || has_at(head, 0, "BW64");
    if (!is_riff) return std::nullopt;
    if (form == "WAVE") return media("wav", "wav");
    if (form == "AVI " || form == "AVIX") return media("avi", "avi");
    if (form == "WEBP") return sniff_webp(head);
    if (form == "QLCM") return media("qcp", "qcp");
    return std::nullopt;
}

/// Matroska (RFC 9559): the document type is an element of the first header.
std::optional<Sniffed> sniff_ebml(Head head) {
    if (!has_at(head, 0, "\x1A\x45\xDF\xA3")) return std::nullopt;
    const Head header = head.substr(0, 1024);
    const auto at = header.find("\x42\x82");
    if (at != Head::npos && has_at(header, at + 3, "webm")) return media("webm", "matroska");
    return media("mkv", "matroska");
}

/// Ogg (RFC 3533): the first packet, behind the page's lacing table, names the codec.
std::optional<Sniffed> sniff_ogg(Head head) {
    if (!has_at(head, 0, "OggS")) return std::nullopt;
    const std::size_t packet = std::size_t{27} + byte_at(head, 26);
    if (has_at(head, packet, "OpusHead")) return media("opus", "ogg");
    return media("ogg", "ogg");
}

/// PNG: an acTL chunk before the first pixels makes it an animation.
std::optional<Sniffed> sniff_png(Head head) {
    if (!has_at(head, 0, "\x89PNG\x0D\x0A\x1A\x0A")) return std::nullopt;
    for (std::size_t at = 8; at + 8 <= head.size();) {
        if (has_at(head, at + 4, "acTL")) return animation("apng", "apng");
        if (has_at(head, at + 4, "IDAT")) break;
        at += std::size_t{12} + be32(head, at);
    }
    return still("png", "png_pipe");
}

}  // namespace

std::optional<Sniffed> sniff_container(Head head) {
    for (const auto look : {sniff_iso, sniff_riff, sniff_ebml, sniff_ogg, sniff_png})
        if (const auto found = look(head)) return found;
    return std::nullopt;
}

}  // namespace ittybit::sniffing
