#include "media/crop.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "media/boxes.h"

namespace ittybit::media {
namespace {

constexpr int kMostElements = 100'000;  // looked at in one file

using Read = Result<std::optional<Piece>> (*)(Bytes&, std::uint64_t, std::uint64_t);

/// Shows `visit` the pieces one after another, until it says that it has seen enough.
template <typename Visit>
Result<> each(Bytes& bytes, Read read, const Piece& inside, Visit&& visit) {
    std::uint64_t at = inside.begin;
    for (int i = 0; i < kMostElements; ++i) {
        const auto piece = TRY(read(bytes, at, inside.end));
        if (!piece || !TRY(visit(*piece))) return {};
        at = piece->end;
    }
    return {};
}

/// The first piece of a name on the way down; nothing when one is missing.
Result<std::optional<Piece>> find(
    Bytes& bytes, Piece inside, std::span<const std::string_view> path
) {
    for (const std::string_view name : path) {
        std::optional<Piece> found;
        const auto is_other = [&](const Piece& box) -> Result<bool> {
            if (box.name == letters(name)) found = box;
            return !found.has_value();
        };
        TRY(each(bytes, read_box, inside, is_other));
        if (!found) return std::optional<Piece>();
        inside = *found;
    }
    return std::optional(inside);
}

/// A clean aperture of a picture: the size, and how far its middle is off, each as a fraction.
Result<Crop> crop_of(Bytes& bytes, const Piece& clap, double width, double height) {
    std::array<double, 4> values{};
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto above = static_cast<std::int32_t>(TRY(bytes.number(clap.begin + 8 * i, 4)));
        const auto below = TRY(bytes.number(clap.begin + 8 * i + 4, 4));
        values[i] = below == 0 ? 0 : above / static_cast<double>(below);
    }
    const auto [clean_width, clean_height, right, down] = values;
    const bool is_inside =
        clean_width >= 1 && clean_height >= 1 && clean_width <= width && clean_height <= height;
    if (!is_inside) return Crop{};
    const double left = std::clamp((width - clean_width) / 2 + right, 0.0, width - clean_width);
    const double top = std::clamp((height - clean_height) / 2 + down, 0.0, height - clean_height);
    return Crop{
        .left = static_cast<int>(std::lround(left)),
        .top = static_cast<int>(std::lround(top)),
        .right = static_cast<int>(std::lround(width - clean_width - left)),
        .bottom = static_cast<int>(std::lround(height - clean_height - top)),
    };
}

Result<Crop> crop_of_track(Bytes& bytes, const Piece& track) {
    constexpr std::array<std::string_view, 3> kVideo = {"mdia", "minf", "vmhd"};
    constexpr std::array<std::string_view, 4> kDescriptions = {"mdia", "minf", "stbl", "stsd"};
    constexpr std::uint64_t kEntryHead = 78;  // of a VisualSampleEntry
    const auto descriptions = TRY(find(bytes, track, kDescriptions));
    if (!descriptions || !TRY(find(bytes, track, kVideo))) return Crop{};
    const auto entry = TRY(read_box(bytes, descriptions->begin + 8, descriptions->end));
    if (!entry) return Crop{};
    const auto width = static_cast<double>(TRY(bytes.number(entry->begin + 24, 2)));
    const auto height = static_cast<double>(TRY(bytes.number(entry->begin + 26, 2)));
    const Piece inside{.name = 0, .begin = entry->begin + kEntryHead, .end = entry->end};
    const auto clap = TRY(find(bytes, inside, std::array<std::string_view, 1>{"clap"}));
    return clap ? crop_of(bytes, *clap, width, height) : Crop{};
}

Result<std::vector<Crop>> crops_of_boxes(Bytes& bytes, const Piece& file) {
    std::vector<Crop> crops;
    const auto movie = TRY(find(bytes, file, std::array<std::string_view, 1>{"moov"}));
    if (!movie) return crops;
    const auto track = [&](const Piece& box) -> Result<bool> {
        if (box.name == letters("trak")) crops.push_back(TRY(crop_of_track(bytes, box)));
        return true;
    };
    TRY(each(bytes, read_box, *movie, track));
    return crops;
}

// Matroska's names.
constexpr std::uint64_t kTracks = 0x1654AE6B;
constexpr std::uint64_t kTrackEntry = 0xAE;
constexpr std::uint64_t kVideo = 0xE0;

Result<Crop> crop_of_video(Bytes& bytes, const Piece& video) {
    Crop crop;
    const auto side = [&](const Piece& piece) -> Result<bool> {
        const auto size = std::min<std::uint64_t>(piece.end - piece.begin, 8);
        const auto value = static_cast<int>(
            std::min<std::uint64_t>(TRY(bytes.number(piece.begin, static_cast<int>(size))), 65535)
        );
        if (piece.name == 0x54AA) crop.bottom = value;
        if (piece.name == 0x54BB) crop.top = value;
        if (piece.name == 0x54CC) crop.left = value;
        if (piece.name == 0x54DD) crop.right = value;
        if (piece.name == 0x54B0) crop.shown_width = value;
        if (piece.name == 0x54BA) crop.shown_height = value;
        return true;
    };
    TRY(each(bytes, read_element, video, side));
    return crop;
}

Result<std::vector<Crop>> crops_of_elements(Bytes& bytes, const Piece& file) {
    std::vector<Crop> crops;
    const auto track = [&](const Piece& piece) -> Result<bool> {
        if (piece.name != kTrackEntry) return true;
        Crop crop;
        const auto video = [&](const Piece& part) -> Result<bool> {
            if (part.name == kVideo) crop = TRY(crop_of_video(bytes, part));
            return true;
        };
        TRY(each(bytes, read_element, piece, video));
        crops.push_back(crop);
        return true;
    };
    const auto part = [&](const Piece& piece) -> Result<bool> {
        if (piece.name == kTracks) TRY(each(bytes, read_element, piece, track));
        return piece.name != kTracks && piece.name != kCluster;
    };
    const auto segment = [&](const Piece& piece) -> Result<bool> {
        if (piece.name == kSegment) TRY(each(bytes, read_element, piece, part));
        return piece.name != kSegment;
    };
    TRY(each(bytes, read_element, file, segment));
    return crops;
}

}  // namespace

Result<std::vector<Crop>> read_crops(ByteSource& source, const Sniffed& sniffed) {
    Bytes bytes(source, sniffed.start);
    const auto whole = source.size().value_or(std::numeric_limits<std::int64_t>::max());
    const Piece file{.name = 0, .begin = 0, .end = whole - std::min(whole, sniffed.start)};
    if (sniffed.demuxer == "mov" && sniffed.family == Family::kMedia)
        return crops_of_boxes(bytes, file);
    if (sniffed.demuxer == "matroska") return crops_of_elements(bytes, file);
    return std::vector<Crop>();
}

/// libav takes the proportions of what a crop leaves for those of the whole picture, or, since 7.1,
/// the other way round.
void Input::heed_proportions() const {
    for (AVStream* stream : streams()) {
        const Crop cropped = crop(stream->index);
        const int width = stream->codecpar->width - cropped.left - cropped.right;
        const int height = stream->codecpar->height - cropped.top - cropped.bottom;
        const bool is_cropped =
            width != stream->codecpar->width || height != stream->codecpar->height;
        if (!is_cropped || cropped.shown_width <= 0 || cropped.shown_height <= 0) continue;
        // What was not told again when it was cropped is the whole picture's.
        const bool is_whole = cropped.shown_width == stream->codecpar->width &&
                              cropped.shown_height == stream->codecpar->height;
        AVRational aspect{1, 1};
        if (!is_whole)
            av_reduce(
                &aspect.num, &aspect.den, std::int64_t{cropped.shown_width} * height,
                std::int64_t{cropped.shown_height} * width, 65535
            );
        stream->sample_aspect_ratio = stream->codecpar->sample_aspect_ratio = aspect;
    }
}

}  // namespace ittybit::media
