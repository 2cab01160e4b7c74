#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/sniff.h"

/// The parts that sniff.cpp is made of; nobody else includes this. All look at the start of a file
/// as text that may hold any byte, and never behind its end.
namespace ittybit::sniffing {

/// The first bytes of a file.
using Head = std::string_view;

constexpr std::uint8_t byte_at(Head head, std::size_t at) {
    return at < head.size() ? static_cast<std::uint8_t>(head[at]) : std::uint8_t{0};
}
constexpr std::uint32_t be16(Head head, std::size_t at) {
    return static_cast<std::uint32_t>(byte_at(head, at) << 8U) | byte_at(head, at + 1);
}
constexpr std::uint32_t be32(Head head, std::size_t at) {
    return (be16(head, at) << 16U) | be16(head, at + 2);
}
constexpr std::uint32_t le16(Head head, std::size_t at) {
    return static_cast<std::uint32_t>(byte_at(head, at + 1) << 8U) | byte_at(head, at);
}
constexpr std::uint32_t le32(Head head, std::size_t at) {
    return (le16(head, at + 2) << 16U) | le16(head, at);
}
constexpr bool has_at(Head head, std::size_t at, std::string_view bytes) {
    return at <= head.size() && head.substr(at).starts_with(bytes);
}

constexpr Sniffed media(std::string_view format, std::string_view demuxer) {
    return {.family = Family::kMedia, .format = format, .demuxer = demuxer};
}
constexpr Sniffed still(std::string_view format, std::string_view demuxer) {
    return {.family = Family::kStill, .format = format, .demuxer = demuxer};
}
constexpr Sniffed animation(std::string_view format, std::string_view demuxer) {
    return {.family = Family::kAnimation, .format = format, .demuxer = demuxer};
}
constexpr Sniffed refused(std::string_view format, std::string_view sentence) {
    return {.family = Family::kRefused, .format = format, .refusal = sentence};
}

/// Formats that a few fixed bytes at a fixed place name.
std::optional<Sniffed> sniff_signature(Head head);

/// Containers whose header must be read to know what they hold: ISO media, RIFF, EBML, Ogg, PNG.
std::optional<Sniffed> sniff_container(Head head);

/// TIFF and the camera raw formats that are TIFF.
std::optional<Sniffed> sniff_tiff(Head head);

/// Transport streams and elementary streams, which have no header but repeat a pattern.
std::optional<Sniffed> sniff_stream(Head head);

/// MPEG audio, looked for behind garbage: the offset of the first of several frames in a row.
std::optional<std::size_t> find_mpeg_audio(Head head);

/// "mp3" or "mp2", for the frame that starts at `at`.
std::string_view mpeg_audio_layer(Head head, std::size_t at);

/// What has no signature and no place here: text of all kinds, zeros, the unknown.
Sniffed sniff_rest(Head head);

/// The length of the ID3v2 tag at the start, header and footer included; 0 without one.
std::size_t id3_length(Head head);

}  // namespace ittybit::sniffing
