#include "model/split.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace ittybit {
namespace {

constexpr double kLongest = 86'400;  // of a piece that somebody asks for
constexpr double kPiecesWanted = 8;
constexpr double kMostPieces = 2000;
constexpr double kLongestFilm = 1e7;  // seconds; ticks of it can be counted

/// Ticks that cuts are multiples of.
std::int64_t grid_of(const PicturePlan& picture) {
    const auto& [ticks, fps, grid] = picture.clock;
    if (picture.cadence) return std::max<std::int64_t>(1, std::int64_t{ticks} * fps.den / fps.num);
    return grid;
}

}  // namespace

Result<Splitting> Splitting::from_json(const json::value& value) {
    const std::string text =
        value.is_string() ? std::string(value.get_string()) : compact_json(value);
    if (text == "auto") return Splitting{};
    if (text == "never") return Splitting{.when = When::kNever};
    double seconds = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, seconds);
    if (code == std::errc() && stop == end && seconds >= 1 && seconds <= kLongest)
        return Splitting{.when = When::kAlways, .seconds = seconds};
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format("must be auto, never or seconds from 1 to {:.0f}, not {}", kLongest, text), ""
    };
}

json::value Splitting::to_json_value() const {
    switch (when) {
        case When::kAuto: return "auto";
        case When::kNever: return "never";
        case When::kAlways: return json::string(fmt::format("{}", seconds));
    }
    return "auto";
}

std::vector<PlannedPiece> pieces_of(const Plan& plan, const Splitting& splitting) {
    const double duration = plan.window.duration.value_or(0);
    if (splitting.when == Splitting::When::kNever || !plan.can_be_split) return {};
    const PicturePlan& picture = plan.pictures.front();
    const auto grid = grid_of(picture);
    const double ticks = picture.clock.ticks;
    if (duration > kLongestFilm || static_cast<double>(grid) > duration * ticks) return {};
    const double asked = splitting.when == Splitting::When::kAlways
                             ? splitting.seconds
                             : std::clamp(duration / kPiecesWanted, kShortestPiece, kLongestPiece);
    const double wanted = std::max(asked, duration / kMostPieces);
    // The last one is at least half as long as the others, and at most half longer.
    const auto count = std::llround(duration / wanted);
    const auto steps = std::llround(wanted * ticks / static_cast<double>(grid));
    const auto length = std::max<std::int64_t>(1, steps) * grid;
    std::vector<PlannedPiece> pieces;
    for (std::int64_t i = 0; count > 1 && i < count; ++i) {
        pieces.push_back({.number = i, .from = i * length, .to = (i + 1) * length});
    }
    if (!pieces.empty()) pieces.back().to.reset();
    return pieces;
}

Plan plan_of_piece(const Plan& plan, const PlannedPiece& piece, const std::string& name) {
    Plan made;
    PicturePlan picture = plan.pictures.front();
    made.reads = {plan.reads[static_cast<std::size_t>(picture.read)]};
    picture.read = 0;
    picture.branches.front().track.output = 0;
    // That the input ends early shows at the end.
    auto& expected = picture.expects.seconds;
    if (piece.to) {
        expected.reset();
    } else if (expected) {
        expected = std::max(0.0, *expected - static_cast<double>(piece.from) / picture.clock.ticks);
    }
    made.window = plan.window;
    made.window.duration = seconds_of(piece, plan);
    made.piece = piece;
    made.pictures.push_back(std::move(picture));
    OutputFile output;
    output.name = name;
    output.muxer = "pieces";
    made.outputs.push_back(std::move(output));
    return made;
}

Plan plan_of_joining(const Plan& plan, std::size_t pieces, int input) {
    Plan made = plan;
    auto& read = made.reads[static_cast<std::size_t>(made.pictures.front().read)];
    read.as = ReadAs::kPieces;
    read.input = input;
    made.pieces = static_cast<std::int64_t>(pieces);
    return made;
}

double seconds_of(const PlannedPiece& piece, const Plan& plan) {
    const double ticks = plan.pictures.front().clock.ticks;
    const double from = static_cast<double>(piece.from) / ticks;
    const double to =
        piece.to ? static_cast<double>(*piece.to) / ticks : plan.window.duration.value_or(from);
    return std::max(0.0, to - from);
}

}  // namespace ittybit
