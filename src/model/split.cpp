#include "model/split.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace ittybit {
namespace {

constexpr double kLongest = 86'400;  // of a piece that somebody asks for
constexpr double kShare = 6;         // of what is left, in the next piece
constexpr double kMostPieces = 2000;
constexpr double kLongestFilm = 1e7;  // seconds; ticks of it can be counted
constexpr double kHair = 1e-6;        // of a step: nothing but rounding

/// Where a picture may be cut: at multiples of `unit`, and no more often than each `seconds`.
struct Cuts {
    double ticks;  // a second
    std::int64_t unit;
    double seconds;

    /// Ticks: the first place at or after a time.
    std::int64_t at(double time) const {
        return std::llround(std::ceil(time * ticks / static_cast<double>(unit) - kHair)) * unit;
    }
};

/// Nothing where the film is shorter than that, or longer than any.
std::optional<Cuts> cuts_of(const PicturePlan& picture, double duration) {
    const auto& [ticks, fps, grid] = picture.clock;
    std::int64_t unit = grid;
    int pictures = 1;
    if (const auto& cadence = picture.cadence) {
        unit = std::max<std::int64_t>(1, std::int64_t{ticks} * fps.den / fps.num);
        pictures = cadence->key_grid;
    }
    const bool is_any =
        duration <= kLongestFilm && static_cast<double>(unit) * pictures <= duration * ticks;
    if (!is_any) return std::nullopt;
    unit *= pictures;
    const bool has_segments = picture.cadence && picture.cadence->key_seconds > 0;
    const double step = has_segments ? kSegmentSeconds : static_cast<double>(unit) / ticks;
    return Cuts{static_cast<double>(ticks), unit, step};
}

/// Steps that are as long as that, and at least one.
double in_steps(double seconds, double step) {
    return std::max(1.0, std::round(seconds / step)) * step;
}

/// When pieces begin, in seconds, that are all as long as somebody asks; but the last one, which is
/// at least half as long as the others, and at most half longer.
std::vector<double> even_begins(double duration, double asked, double step) {
    const double length = in_steps(std::max(asked, duration / kMostPieces), step);
    std::vector<double> begins;
    for (auto count = std::llround(duration / length); count > 0; --count)
        begins.push_back(static_cast<double>(begins.size()) * length);
    return begins;
}

/// The same of pieces that become shorter, so that at the end nobody waits long for the last ones,
/// and few in front, each of which costs something of its own.
std::vector<double> falling_begins(double duration, double step) {
    std::vector<double> begins;
    if (duration < 2 * kShortestPiece) return begins;
    const double longest = std::max(kLongestPiece, duration / kMostPieces);
    const double shortest = in_steps(kShortestPiece, step);
    double at = 0;
    const auto add = [&](double length) {
        begins.push_back(at);
        at += length;
    };
    while (duration - at > kShare * kShortestPiece)
        add(in_steps(std::min((duration - at) / kShare, longest), step));
    for (auto count = std::ceil((duration - at) / shortest - kHair); count > 0; --count)
        add(std::ceil((duration - at) / count / step - kHair) * step);
    return begins;
}

/// The sounds that a picture lasts as long as: of each it is asked where it ends.
void add_sounds(const Plan& plan, Plan& piece) {
    for (SoundPlan sound : plan.sounds) {
        const auto& read = plan.read_at(sound.read);
        if (std::ranges::find(piece.reads, read) != piece.reads.end()) continue;
        sound.read = static_cast<int>(piece.reads.size());
        sound.loudness.reset();
        for (auto& branch : sound.branches) branch.track.output = 0;
        piece.reads.push_back(read);
        piece.sounds.push_back(std::move(sound));
    }
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
    const auto cuts = cuts_of(plan.pictures.front(), duration);
    if (!cuts) return {};
    const auto begins = splitting.when == Splitting::When::kAlways
                            ? even_begins(duration, splitting.seconds, cuts->seconds)
                            : falling_begins(duration, cuts->seconds);
    if (begins.size() < 2) return {};
    std::vector<PlannedPiece> pieces;
    for (const double begin : begins) {
        const auto from = cuts->at(begin);
        if (!pieces.empty()) pieces.back().to = from;
        pieces.push_back({.number = std::ssize(pieces), .from = from});
    }
    return pieces;
}

Plan plan_of_piece(const Plan& plan, const PlannedPiece& piece, const std::string& name) {
    Plan made;
    PicturePlan picture = plan.pictures.front();
    made.reads = {plan.read_at(picture.read)};
    picture.read = 0;
    for (auto& branch : picture.branches) branch.track.output = 0;
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
    made.has_common_end = plan.has_common_end;
    made.pictures.push_back(std::move(picture));
    if (plan.has_common_end) add_sounds(plan, made);
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
