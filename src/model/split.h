#pragma once

#include <optional>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/plan.h"

/// One long encode by many: a plan is cut into pieces of its picture, which are plans too, and a
/// plan that joins them with the rest.
namespace ittybit {

/// When encodes are split: "auto", "never", or a number of seconds.
struct Splitting {
    enum class When { kAuto, kNever, kAlways };
    When when = When::kAuto;
    double seconds = 0;  // always: of each piece

    static Result<Splitting> from_json(const json::value& value);
    json::value to_json_value() const;
    static json::object schema() { return {{"type", "string"}}; }
};

/// Where nobody says, films twice as long as the shortest piece are split. Those at the end may be
/// half as long as it.
inline constexpr double kShortestPiece = 20;
inline constexpr double kLongestPiece = 60;

/// How long the segments of a stream are, and so what its pieces are of.
inline constexpr int kSegmentSeconds = 6;

/// The pieces of a plan, in their order. Where nobody says how long, each is a sixth of what is
/// left. Cuts are on the grid of a constant rate, and where segments begin. Empty where it is not
/// to be split, or would be one.
std::vector<PlannedPiece> pieces_of(const Plan& plan, const Splitting& splitting);

/// How a piece of a plan that can be split is made, all branches of it: its output is `name`. Where
/// a picture lasts as long as its sounds, these are listened to.
Plan plan_of_piece(const Plan& plan, const PlannedPiece& piece, const std::string& name);

/// How the pieces are joined, which the child finds one behind the other in its input of this
/// number, and the rest is made.
Plan plan_of_joining(const Plan& plan, std::size_t pieces, int input);

/// From the window's start; of an open end the end of all.
double seconds_of(const PlannedPiece& piece, const Plan& plan);

}  // namespace ittybit
