#include <algorithm>
#include <array>

#include "base/text.h"
#include "model/sniff_parts.h"

namespace ittybit::sniffing {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kTextBytes = 4096;

struct TextForm {
    std::string_view word;
    Sniffed meaning;
};

constexpr auto kPlaylist =
    "this is a playlist, which only names other files: upload the media file itself"sv;
constexpr auto kList =
    "this is a list of files for FFmpeg: join the files and upload the result instead"sv;
constexpr auto kPage =
    "this is a web page, not media: check that the link leads to the file itself"sv;
constexpr auto kScript =
    "this is a program's text, not media: upload a video, audio or image file"sv;
constexpr auto kSvg = "this is an SVG drawing: export it as PNG and upload that instead"sv;
constexpr auto kSubtitles =
    "this is a subtitle file: upload the video, audio or image file itself"sv;

/// What text starts with, behind white space and a byte-order mark, in lower case.
constexpr std::array kBeginnings = {
    TextForm{"#extm3u", refused("m3u8", kPlaylist)},
    TextForm{"[playlist]", refused("pls", kPlaylist)},
    TextForm{"ffconcat version", refused("ffconcat", kList)},
    TextForm{
        "v=0",
        refused("sdp", "this is a session description (SDP): upload a recording of the stream")
    },
    TextForm{"webvtt", refused("vtt", kSubtitles)},
    TextForm{"[script info]", refused("ass", kSubtitles)},
    TextForm{"<!doctype html", refused("html", kPage)},
    TextForm{"<html", refused("html", kPage)},
    TextForm{"<svg", refused("svg", kSvg)},
    TextForm{"#!", refused("script", kScript)},
    TextForm{"<?php", refused("script", kScript)},
    TextForm{";ffmetadata", refused("text", kList)},
};

/// What names the form of XML, where the first element may come late.
constexpr std::array kElements = {
    TextForm{"<svg", refused("svg", kSvg)},
    TextForm{"<mpd", refused("mpd", kPlaylist)},
    TextForm{"<playlist", refused("xspf", kPlaylist)},
    TextForm{"<asx", refused("asx", kPlaylist)},
    TextForm{"<smil", refused("smil", kPlaylist)},
    TextForm{"<html", refused("html", kPage)},
};

/// Whether no byte is one that text has not. UTF-8 and the old 8-bit sets both pass.
bool is_text(Head head) {
    const auto is_odd = [](char letter) {
        const auto code = static_cast<unsigned char>(letter);
        const bool is_space = code == '\n' || code == '\r' || code == '\t' || code == '\f';
        return (code < 32 && !is_space && code != 27) || code == 127;
    };
    const Head start = head.substr(0, kTextBytes);
    const auto odd = std::ranges::count_if(start, is_odd);
    const auto high = std::ranges::count_if(start, [](char letter) { return letter < 0; });
    return odd == 0 && static_cast<std::size_t>(high) * 2 <= start.size();
}

Sniffed sniff_text(Head head) {
    const std::string start = to_lower(head.substr(0, kTextBytes));
    for (const TextForm& form : kBeginnings)
        if (start.starts_with(form.word)) return form.meaning;
    if (start.starts_with('<')) {
        const std::string all = to_lower(head);
        for (const TextForm& form : kElements)
            if (all.find(form.word) != std::string::npos) return form.meaning;
        return refused("xml", "this is XML text, not media: upload a video, audio or image file");
    }
    if (start.starts_with('{') || start.starts_with('['))
        return refused("json", "this is JSON text, not media: check that the link leads to a file");
    return refused("text", "this is text, not media: upload a video, audio or image file");
}

}  // namespace

Sniffed sniff_rest(Head head) {
    if (std::ranges::all_of(head, [](char letter) { return letter == '\0'; })) {
        return refused(
            "zeros", "the file holds only zeros: check that the upload or download completed"
        );
    }
    const bool is_wide = has_at(head, 0, "\xFF\xFE") || has_at(head, 0, "\xFE\xFF");
    if (is_wide && byte_at(head, 2) + byte_at(head, 3) != 0 &&
        (byte_at(head, 2) == 0 || byte_at(head, 3) == 0))
        return refused("text", "this is text, not media: upload a video, audio or image file");
    if (has_at(head, 0, "\xEF\xBB\xBF")) head.remove_prefix(3);
    const auto first = head.find_first_not_of(" \t\r\n\f");
    if (first != Head::npos && is_text(head.substr(first))) return sniff_text(head.substr(first));
    return refused(
        "unknown",
        "the file is of no type that is known here: upload a common video, audio or image file such"
        " as MP4, MOV, WebM, MP3, WAV, JPEG or PNG"
    );
}

}  // namespace ittybit::sniffing
