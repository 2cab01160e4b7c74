#include <array>

#include "model/sniff_parts.h"

namespace ittybit::sniffing {
namespace {

using namespace std::string_view_literals;

struct Signature {
    std::size_t at;
    std::string_view bytes;
    Sniffed meaning;
};

constexpr auto kRaw =
    "this is a camera raw file: develop it and upload a JPEG, PNG, TIFF or HEIC instead"sv;
constexpr auto kArchive =
    "this is an archive: unpack it and upload the media file that is inside"sv;
constexpr auto kDocument =
    "this is a document: export the picture, sound or video in it and upload that instead"sv;
constexpr auto kProgram = "this is a program, not media: upload a video, audio or image file"sv;
constexpr auto kIcon = "this is an icon file: save it as PNG and upload that instead"sv;
constexpr auto kPlainPixels =
    "this is a Netpbm picture: save it as PNG or TIFF and upload that instead"sv;
constexpr auto kFilmFrame =
    "this is a single film frame (DPX or Cineon): upload a video, PNG or TIFF instead"sv;
constexpr auto kHdrPicture =
    "this is a picture with unbounded light values (EXR, Radiance): tone-map it and upload a PNG,"
    " TIFF or AVIF instead"sv;
constexpr auto kFont = "this is a font, not media: upload a video, audio or image file"sv;
constexpr auto kPostScript =
    "this is PostScript: export it as PNG or TIFF and upload that instead"sv;
constexpr auto kOtherPicture =
    "this picture format is not read: save it as PNG, JPEG, WebP or TIFF and upload that instead"sv;

/// Containers of sound and video that need no second file.
constexpr std::array kMediaSignatures = {
    Signature{0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11", media("asf", "asf")},
    Signature{0, "FLV\x01", media("flv", "flv")},
    Signature{0, "fLaC", media("flac", "flac")},
    Signature{0, "#!AMR", media("amr", "amr")},
    Signature{0, "caff", media("caf", "caf")},
    Signature{0, ".snd", media("au", "au")},
    Signature{0, "MAC ", media("ape", "ape")},
    Signature{0, "wvpk", media("wavpack", "wv")},
    Signature{0, "TTA1", media("tta", "tta")},
    Signature{0, "tBaK", media("tak", "tak")},
    Signature{0, "MP+", media("musepack", "mpc")},
    Signature{0, "MPCK", media("musepack", "mpc8")},
    Signature{0, "DSD ", media("dsf", "dsf")},
    Signature{0, "ajkg", media("shorten", "shn")},
    Signature{0, ".RMF", media("realmedia", "rm")},
    Signature{0, ".ra\xFD", media("realmedia", "rm")},
    Signature{0, "\xB7\xD8\x00\x20\x37\x49\xDA\x11"sv, media("wtv", "wtv")},
    Signature{0, "nut/multimedia container", media("nut", "nut")},
    Signature{0, "DKIF", media("ivf", "ivf")},
    Signature{0, "YUV4MPEG2", media("y4m", "yuv4mpegpipe")},
    Signature{0, "\x06\x0E\x2B\x34\x02\x05\x01\x01\x0D\x01\x02", media("mxf", "mxf")},
    Signature{0, "\0\0\0\0\x01\xBC"sv, media("gxf", "gxf")},
    Signature{0, "Creative Voice File\x1A", media("voc", "voc")},
    Signature{0, "NIST_1A", media("sphere", "nistsphere")},
    Signature{0, "riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\0\0"sv, media("w64", "w64")},
    Signature{0, "DTSHDHDR", media("dts", "dtshd")},
    Signature{0, "\x7F\xFE\x80\x01", media("dts", "dts")},
    Signature{0, "\xFE\x7F\x01\x80", media("dts", "dts")},
    Signature{4, "\xF8\x72\x6F\xBA", media("truehd", "truehd")},
    Signature{4, "\xF8\x72\x6F\xBB", media("mlp", "mlp")},
    Signature{0, "BBCD\0"sv, media("dirac", "dirac")},
};

constexpr std::array kPictureSignatures = {
    Signature{0, "\xFF\xD8\xFF\xF7", refused("jpegls", kOtherPicture)},
    Signature{0, "\xFF\xD8\xFF", still("jpeg", "jpeg_pipe")},
    Signature{0, "GIF87a", animation("gif", "gif")},
    Signature{0, "GIF89a", animation("gif", "gif")},
    Signature{0, "qoif", still("qoi", "qoi_pipe")},
    Signature{0, "8BPS", still("psd", "psd_pipe")},
    Signature{0, "\xFF\x4F\xFF\x51", still("jp2", "j2k_pipe")},
    Signature{0, "\xFF\x0A", still("jxl", "jpegxl_pipe")},
    Signature{0, "\0\0\0\x0CJXL \x0D\x0A\x87\x0A"sv, still("jxl", "jpegxl_pipe")},
};

constexpr std::array kRefusedSignatures = {
    Signature{
        0, "%PDF-", refused("pdf", "this is a PDF: export its page as PNG and upload that instead")
    },
    Signature{0, "%!PS", refused("postscript", kPostScript)},
    Signature{0, "\xC5\xD0\xD3\xC6", refused("postscript", kPostScript)},
    Signature{0, "IIRO", refused("raw", kRaw)},
    Signature{0, "IIRS", refused("raw", kRaw)},
    Signature{0, "MMOR", refused("raw", kRaw)},
    Signature{0, "IIU\0"sv, refused("raw", kRaw)},
    Signature{0, "FUJIFILMCCD-RAW", refused("raw", kRaw)},
    Signature{6, "HEAPCCDR", refused("raw", kRaw)},
    Signature{0, "FOVb", refused("raw", kRaw)},
    Signature{0, "\0MRM"sv, refused("raw", kRaw)},
    Signature{4, "RED1", refused("raw", kRaw)},
    Signature{4, "RED2", refused("raw", kRaw)},
    Signature{0, "\x76\x2F\x31\x01", refused("exr", kHdrPicture)},
    Signature{0, "#?RADIANCE", refused("hdr", kHdrPicture)},
    Signature{0, "SDPX", refused("dpx", kFilmFrame)},
    Signature{0, "XPDS", refused("dpx", kFilmFrame)},
    Signature{0, "icns", refused("icns", kIcon)},
    Signature{0, "DDS ", refused("dds", kOtherPicture)},
    Signature{0, "gimp xcf", refused("xcf", kOtherPicture)},
    Signature{0, "BPG\xFB", refused("bpg", kOtherPicture)},
    Signature{0, "II\xBC\x01", refused("jxr", kOtherPicture)},
    Signature{0, "AT&TFORM", refused("djvu", kDocument)},
    Signature{128, "DICM", refused("dicom", kOtherPicture)},
    Signature{0, "SIMPLE  =", refused("fits", kOtherPicture)},
    Signature{
        0, "MThd",
        refused("midi", "this is MIDI, a score without sound: render it to WAV and upload that")
    },
    Signature{0, "PK\x03\x04", refused("zip", kArchive)},
    Signature{0, "PK\x05\x06", refused("zip", kArchive)},
    Signature{0, "7z\xBC\xAF\x27\x1C", refused("7z", kArchive)},
    Signature{0, "Rar!\x1A\x07", refused("rar", kArchive)},
    Signature{0, "\x1F\x8B", refused("gzip", kArchive)},
    Signature{0, "BZh", refused("bzip2", kArchive)},
    Signature{
        0,
        "\xFD"
        "7zXZ",
        refused("xz", kArchive)
    },
    Signature{0, "\x28\xB5\x2F\xFD", refused("zstd", kArchive)},
    Signature{257, "ustar", refused("tar", kArchive)},
    Signature{0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", refused("ole", kDocument)},
    Signature{0, "{\\rtf", refused("rtf", kDocument)},
    Signature{
        0, "FWS",
        refused("swf", "this is a Flash movie: record or convert it to MP4 and upload that")
    },
    Signature{
        0, "CWS",
        refused("swf", "this is a Flash movie: record or convert it to MP4 and upload that")
    },
    Signature{
        0, "ZWS",
        refused("swf", "this is a Flash movie: record or convert it to MP4 and upload that")
    },
    Signature{0, "\0asm"sv, refused("wasm", kProgram)},
    Signature{
        0,
        "\x7F"
        "ELF",
        refused("elf", kProgram)
    },
    Signature{0, "\xCA\xFE\xBA\xBE", refused("program", kProgram)},
    Signature{0, "\xCF\xFA\xED\xFE", refused("program", kProgram)},
    Signature{0, "\xCE\xFA\xED\xFE", refused("program", kProgram)},
    Signature{0, "\0\x01\0\0\0"sv, refused("font", kFont)},
    Signature{0, "OTTO", refused("font", kFont)},
    Signature{0, "wOFF", refused("font", kFont)},
    Signature{0, "wOF2", refused("font", kFont)},
    Signature{
        0, "SQLite format 3\0"sv,
        refused("sqlite", "this is a database, not media: upload a video, audio or image file")
    },
};

template <typename Table>
std::optional<Sniffed> find_in(const Table& table, Head head) {
    for (const Signature& row : table)
        if (has_at(head, row.at, row.bytes)) return row.meaning;
    return std::nullopt;
}

/// "BM" is too short to trust: a BMP's header size must be one of the known ones.
bool is_bmp(Head head) {
    if (!has_at(head, 0, "BM") || le32(head, 10) > 1U << 20U) return false;
    const auto header = le32(head, 14);
    return header == 12 || (header >= 16 && header <= 256);
}

/// 00 00 01 00 also begins MPEG-4 streams: an icon's first entry has planes and bits of an icon.
bool is_icon(Head head) {
    const auto type = le16(head, 2);
    const auto count = le16(head, 4);
    return le16(head, 0) == 0 && (type == 1 || type == 2) && count >= 1 && count <= 64 &&
           byte_at(head, 9) == 0 && le32(head, 18) >= 6 + 16 * count;
}

/// "MZ" is too short to trust as well: the new header it points to says PE, NE or LE.
bool is_windows_program(Head head) {
    const auto at = le32(head, 60);
    return has_at(head, 0, "MZ") && (has_at(head, at, "PE") || has_at(head, at, "NE"));
}

/// P1 … P7 and white space.
bool is_netpbm(Head head) {
    if (head.size() < 3 || head[0] != 'P' || head[1] < '1' || head[1] > '7') return false;
    return head[2] == '\n' || head[2] == ' ' || head[2] == '\r' || head[2] == '\t';
}

}  // namespace

std::optional<Sniffed> sniff_signature(Head head) {
    if (const auto found = find_in(kMediaSignatures, head)) return found;
    if (const auto found = find_in(kPictureSignatures, head)) return found;
    if (is_bmp(head)) return still("bmp", "bmp_pipe");
    if (const auto found = find_in(kRefusedSignatures, head)) return found;
    if (is_icon(head)) return refused("ico", kIcon);
    if (is_windows_program(head)) return refused("program", kProgram);
    if (is_netpbm(head)) return refused("pnm", kPlainPixels);
    return std::nullopt;
}

}  // namespace ittybit::sniffing
