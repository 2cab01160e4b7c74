#include "model/sniff.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ittybit {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using testing::HasSubstr;

Sniffed sniff_text(std::string_view text) {
    return sniff(std::as_bytes(std::span(text)));
}

Result<Sniffed> sniff_file(std::string_view text) {
    MemorySource source(std::as_bytes(std::span(text)));
    return sniff(source);
}

/// `text` filled with `filler` up to `size`.
std::string padded(std::string_view text, std::size_t size, char filler = '\x55') {
    std::string whole(text);
    whole.resize(std::max(whole.size(), size), filler);
    return whole;
}

std::string frames(std::string_view header, std::size_t length, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += padded(header, length);
    return all;
}

// MPEG 1 layer III, 128 kb/s, 44.1 kHz: 417 bytes a frame.
std::string mp3(int count) {
    return frames("\xFF\xFB\x90\x64"sv, 417, count);
}

std::string id3(std::size_t size) {
    std::string tag = "ID3\x04\0\0"s;
    for (int shift = 21; shift >= 0; shift -= 7)
        tag += static_cast<char>((size >> static_cast<unsigned>(shift)) & 127U);
    return padded(tag, 10 + size, '\0');
}

std::string transport_stream(std::size_t packet, std::size_t before) {
    std::string all(before, '\x11');
    for (int i = 0; i < 40; ++i) all += padded("\x47\x01\x00\x10"sv, packet);
    return all;
}

struct Row {
    std::string bytes;
    Family family;
    std::string format;
    std::string demuxer;
};

std::string ftyp(std::string_view major, std::string_view others = "") {
    std::string box = "\0\0\0"s;
    box += static_cast<char>(16 + others.size());
    return padded(box + "ftyp" + std::string(major) + "\0\0\0\0"s + std::string(others), 64);
}

std::vector<Row> media_rows() {
    constexpr auto kMedia = Family::kMedia;
    return {
        {ftyp("isom", "mp41"), kMedia, "mp4", "mov"},
        {ftyp("qt  "), kMedia, "mov", "mov"},
        {ftyp("M4A "), kMedia, "m4a", "mov"},
        {ftyp("3gp4"), kMedia, "3gp", "mov"},
        {padded("\0\0\0\x08moov"sv, 64), kMedia, "mov", "mov"},
        {padded("\x1A\x45\xDF\xA3\x9F\x42\x82\x84webm"sv, 64), kMedia, "webm", "matroska"},
        {padded("\x1A\x45\xDF\xA3\x9F\x42\x82\x88matroska"sv, 64), kMedia, "mkv", "matroska"},
        {padded("RIFF\x24\0\0\0AVI LIST"sv, 64), kMedia, "avi", "avi"},
        {padded("RIFF\x24\0\0\0WAVEfmt "sv, 64), kMedia, "wav", "wav"},
        {padded("RF64\xFF\xFF\xFF\xFFWAVEds64"sv, 64), kMedia, "wav", "wav"},
        {padded("\x30\x26\xB2\x75\x8E\x66\xCF\x11"sv, 64), kMedia, "asf", "asf"},
        {padded("FLV\x01\x05"sv, 64), kMedia, "flv", "flv"},
        {padded(
             "FORM\0\0\0\x24"
             "AIFFCOMM"sv,
             64
         ),
         kMedia, "aiff", "aiff"},
        {padded("caff\0\x01"sv, 64), kMedia, "caf", "caf"},
        {padded("fLaC\0\0\0\x22"sv, 64), kMedia, "flac", "flac"},
        {padded("#!AMR-WB\n"sv, 64), kMedia, "amr", "amr"},
        {padded("wvpk"sv, 64), kMedia, "wavpack", "wv"},
        {padded("MAC "sv, 64), kMedia, "ape", "ape"},
        {padded("DSD "sv, 64), kMedia, "dsf", "dsf"},
        {padded("\x06\x0E\x2B\x34\x02\x05\x01\x01\x0D\x01\x02\x01"sv, 64), kMedia, "mxf", "mxf"},
        {padded("OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead"sv, 64), kMedia,
         "opus", "ogg"},
        {padded("OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1E\x01vorbis"sv, 64),
         kMedia, "ogg", "ogg"},
        {padded("\0\0\x01\xBA\x44"sv, 64), kMedia, "mpegps", "mpeg"},
        {padded("\0\0\x01\xB3\x14\0\xF0"sv, 64), kMedia, "mpegvideo", "mpegvideo"},
        {padded("\0\0\0\x01\x67\x64"sv, 64), kMedia, "h264", "h264"},
        {padded("\0\0\0\x01\x40\x01"sv, 64), kMedia, "hevc", "hevc"},
        {padded("\x1F\x07\0\x3F"sv, 64), kMedia, "dv", "dv"},
        {transport_stream(188, 0), kMedia, "mpegts", "mpegts"},
        {transport_stream(188, 77), kMedia, "mpegts", "mpegts"},
        {transport_stream(192, 4), kMedia, "mpegts", "mpegts"},
        {mp3(8), kMedia, "mp3", "mp3"},
        {frames("\xFF\xFD\x80\x04"sv, 417, 8), kMedia, "mp2", "mp3"},
        {frames("\xFF\xF1\x50\x80\x20\x1F\xFC"sv, 256, 8), kMedia, "aac", "aac"},
        {frames("\x0B\x77\0\0\x14\x40"sv, 768, 8), kMedia, "ac3", "ac3"},
        {frames("\x0B\x77\x01\x7F\x3F\x80"sv, 768, 8), kMedia, "eac3", "eac3"},
        {id3(300) + mp3(8), kMedia, "mp3", "mp3"},
        {id3(300) + padded("fLaC"sv, 64), kMedia, "flac", "flac"},
    };
}

std::vector<Row> picture_rows() {
    constexpr auto kStill = Family::kStill;
    constexpr auto kAnimation = Family::kAnimation;
    const std::string png = "\x89PNG\x0D\x0A\x1A\x0A\0\0\0\x0DIHDR"s + std::string(17, '\1');
    const std::string webp = "RIFF\x24\0\0\0WEBP"s;
    return {
        {padded("\xFF\xD8\xFF\xE0"sv, 64), kStill, "jpeg", "jpeg_pipe"},
        {png + padded("\0\0\0\x04IDAT"sv, 32), kStill, "png", "png_pipe"},
        {png + padded(
                   "\0\0\0\x08"
                   "acTL"sv,
                   32
               ),
         kAnimation, "apng", "apng"},
        {padded("GIF89a"sv, 64), kAnimation, "gif", "gif"},
        {padded(webp + "VP8 ", 64), kStill, "webp", "webp_pipe"},
        {padded(webp + "VP8X\x0A\0\0\0\x10"s, 64), kStill, "webp", "webp_pipe"},
        {padded(webp + "VP8X\x0A\0\0\0\x12"s, 64), kAnimation, "webp", ""},
        {padded("II*\0\x08\0\0\0\0\0"sv, 64, '\0'), kStill, "tiff", "tiff_pipe"},
        {padded("MM\0*\0\0\0\x08\0\0"sv, 64, '\0'), kStill, "tiff", "tiff_pipe"},
        {ftyp("heic", "mif1heic"), kStill, "heic", ""},
        {ftyp("mif1", "mif1heic"), kStill, "heic", ""},
        {ftyp("mif1", "mif1avif"), kStill, "avif", "mov"},
        {ftyp("avif", "avifmif1"), kStill, "avif", "mov"},
        {ftyp("avis", "avifavis"), kAnimation, "avif", "mov"},
        {padded("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"sv, 64, '\0'), kStill, "bmp", "bmp_pipe"},
        {padded("\0\0\0\x0CJXL \x0D\x0A\x87\x0A"sv, 64), kStill, "jxl", "jpegxl_pipe"},
        {padded("\xFF\x0A"sv, 64), kStill, "jxl", "jpegxl_pipe"},
        {padded("\0\0\0\x0CjP  \x0D\x0A\x87\x0A"sv, 64, '\0'), kStill, "jp2", "j2k_pipe"},
        {padded("8BPS\0\x01"sv, 64), kStill, "psd", "psd_pipe"},
        {padded("qoif"sv, 64), kStill, "qoi", "qoi_pipe"},
    };
}

std::vector<Row> refused_rows() {
    constexpr auto kRefused = Family::kRefused;
    const std::string dng = "II*\0\x08\0\0\0\x01\0\x12\xC6\x01\0\x04\0\0\0\x01\x04\0\0"s;
    const std::string nef =
        "MM\0*\0\0\0\x08\0\x03"
        "\0\xFE\0\x04\0\0\0\x01\0\0\0\x01"      // a thumbnail
        "\x01\x0F\0\x02\0\0\0\x06\0\0\0\x80"    // made by a camera
        "\x01\x4A\0\x04\0\0\0\x02\0\0\0\x90"s;  // with other pictures inside
    return {
        {"", kRefused, "empty", ""},
        {std::string(5000, '\0'), kRefused, "zeros", ""},
        {"<svg xmlns='http://www.w3.org/2000/svg'/>", kRefused, "svg", ""},
        {"<?xml version='1.0'?><!-- drawn --><svg/>", kRefused, "svg", ""},
        {"%PDF-1.7\n", kRefused, "pdf", ""},
        {"%!PS-Adobe-3.0\n", kRefused, "postscript", ""},
        {padded("II*\0\x10\0\0\0CR\x02\0"sv, 64), kRefused, "raw", ""},
        {padded(dng, 64, '\0'), kRefused, "raw", ""},
        {padded(nef, 64, '\0'), kRefused, "raw", ""},
        {ftyp("crx ", "crx isom"), kRefused, "raw", ""},
        {padded("FUJIFILMCCD-RAW "sv, 64), kRefused, "raw", ""},
        {padded("\x76\x2F\x31\x01"sv, 64), kRefused, "exr", ""},
        {"#EXTM3U\n#EXTINF:2,\na.ts\n", kRefused, "m3u8", ""},
        {"\xEF\xBB\xBF#EXTM3U\n", kRefused, "m3u8", ""},
        {"<?xml version=\"1.0\"?>\n<MPD/>", kRefused, "mpd", ""},
        {"[playlist]\nFile1=a.mp3\n", kRefused, "pls", ""},
        {"ffconcat version 1.0\nfile a.mp4\n", kRefused, "ffconcat", ""},
        {"v=0\no=- 0 0 IN IP4 127.0.0.1\n", kRefused, "sdp", ""},
        {"<!DOCTYPE html><title>404</title>", kRefused, "html", ""},
        {"{\"error\": \"not found\"}", kRefused, "json", ""},
        {"hello there, this is a letter", kRefused, "text", ""},
        {"#!/bin/sh\necho\n", kRefused, "script", ""},
        {"WEBVTT\n\n00:00.000 --> 00:01.000\n", kRefused, "vtt", ""},
        {padded("PK\x03\x04"sv, 64), kRefused, "zip", ""},
        {padded("FWS\x08"sv, 64), kRefused, "swf", ""},
        {padded("\0asm\x01\0\0\0"sv, 64), kRefused, "wasm", ""},
        {padded(
             "\x7F"
             "ELF"sv,
             64
         ),
         kRefused, "elf", ""},
        {padded("\0\0\0\x18styp"sv, 64), kRefused, "segment", ""},
        {padded("\x9E\x01\x8F\x77\x02"sv, 64), kRefused, "unknown", ""},
    };
}

void expect_rows(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        const Sniffed found = sniff_text(row.bytes);
        EXPECT_EQ(found.format, row.format);
        EXPECT_EQ(found.demuxer, row.demuxer) << row.format;
        EXPECT_EQ(static_cast<int>(found.family), static_cast<int>(row.family)) << row.format;
        EXPECT_EQ(found.refusal.empty(), row.family != Family::kRefused) << row.format;
    }
}

TEST(Sniff, NamesTheContainerOfSoundAndVideo) {
    expect_rows(media_rows());
}

TEST(Sniff, NamesPicturesAndTellsAnimationsFromStills) {
    expect_rows(picture_rows());
}

TEST(Sniff, RefusesWhatIsNotReadByDecision) {
    expect_rows(refused_rows());
}

TEST(Sniff, SaysWhatTheFileIsAndWhatToUploadInstead) {
    const auto result = sniff_file("<svg/>");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kUnsupportedMedia);
    EXPECT_THAT(result.error().message, HasSubstr("SVG"));
    EXPECT_THAT(result.error().message, HasSubstr("PNG"));
}

TEST(Sniff, LooksBehindATagLargerThanTheHead) {
    const auto result = sniff_file(id3(200000) + mp3(8));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->format, "mp3");
    EXPECT_EQ(result->start, 0U) << "the tag is part of the file";
}

TEST(Sniff, FindsSoundBehindMoreGarbageThanLibavSkips) {
    const auto result = sniff_file(std::string(100000, '\x12') + mp3(8));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->format, "mp3");
    EXPECT_EQ(result->start, 100000U);
}

TEST(Sniff, DoesNotTakeOneLuckySyncWordForSound) {
    EXPECT_FALSE(sniff_file(padded(mp3(1), 60000, '\x12')));
}

TEST(Sniff, NeverReadsBehindTheEndOfACutHeader) {
    for (const auto& rows : {media_rows(), picture_rows(), refused_rows()}) {
        for (const Row& row : rows) {
            for (std::size_t size = 0; size < std::min<std::size_t>(row.bytes.size(), 80); ++size) {
                // A buffer of the exact size, so that a sanitizer sees a read behind it.
                const std::vector<char> cut(
                    row.bytes.begin(), row.bytes.begin() + static_cast<std::ptrdiff_t>(size)
                );
                sniff(std::as_bytes(std::span(cut)));
            }
        }
    }
}

class BrokenSource : public ByteSource {
public:
    Result<std::size_t> read_at(std::uint64_t, std::span<std::byte>) override {
        return Error{ErrorKind::kDownloadFailed, "the server answered 503", "input"};
    }
    std::optional<std::uint64_t> size() override { return std::nullopt; }
};

TEST(Sniff, PassesOnTheErrorOfTheSource) {
    BrokenSource source;
    const auto result = sniff(source);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kDownloadFailed);
}

/// A BigTIFF with 256 bytes of pixels in front of a directory of one entry.
std::string big_tiff(std::string_view pixels, std::string_view entry) {
    return padded("II+\0\x08\0\0\0\0\x01\0\0\0\0\0\0"s + std::string(pixels), 256, '\0') +
           "\x01\0\0\0\0\0\0\0"s + padded(entry, 20, '\0') + padded("", 64, '\0');
}

TEST(Sniff, ABigTiffIsJudgedByItsDirectoryAndNotByItsPixels) {
    // Where an older TIFF would have its entries, these pixels look like a tag of DNG.
    const std::string pixels = padded("", 18, '\0') + "\x12\xC6\x01\0"s;
    EXPECT_EQ(sniff_text(big_tiff(pixels, "\0\x01\x03\0"sv)).format, "tiff");
    EXPECT_EQ(sniff_text(big_tiff(pixels, "\x12\xC6\x01\0"sv)).format, "raw");
}

}  // namespace
}  // namespace ittybit
