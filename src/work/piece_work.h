#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/json.h"
#include "model/plan.h"
#include "store/records.h"
#include "work/run_operation.h"
#include "work/workshop.h"

namespace ittybit::work {

/// What all pieces of a split encode have in common: the store's Split.work.
struct SplitWork {
    json::value plan;  // of the whole
    std::vector<PlannedPiece> pieces;
    storage::Version input = {};  // of which all are made
    static constexpr auto kFields = Fields{
        Field{&SplitWork::plan, "plan", ""},
        Field{&SplitWork::pieces, "pieces", ""},
        Field{&SplitWork::input, "input", ""},
    };
};

/// What a piece is, once it is made: the store's Segment.result.
struct MadePiece {
    std::int64_t size = 0;  // bytes
    std::vector<std::string> warnings;
    std::vector<std::string> of_file;  // those that its facts tell
    static constexpr auto kFields = Fields{
        Field{&MadePiece::size, "size", ""},
        Field{&MadePiece::warnings, "warnings", ""},
        Field{&MadePiece::of_file, "of_file", ""},
    };
};

/// The storage key of a piece that is made.
std::string key_of_piece(const std::string& file);

/// Encodes a piece that was claimed, stores it, and writes what it came to. `input`: that of the
/// job, where it is open already. `progressed` may be empty.
void encode_piece(
    Workshop& shop,
    const store::ClaimedSegment& piece,
    const std::optional<OperationInput>& input,
    const std::stop_token& hand_back,
    const std::function<void()>& progressed
);

}  // namespace ittybit::work
