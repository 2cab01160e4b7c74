#include "work/shared_pictures.h"

#include <variant>

namespace ittybit::work {
namespace {

/// The part of a film whose pictures it takes; nothing where it is not made of these.
const Span* film_of(const Operation& operation) {
    return std::visit(
        []<typename Options>(const Options& options) -> const Span* {
            if constexpr (kIsOfFilm<Options>) return &options;
            return nullptr;
        },
        operation
    );
}

}  // namespace

bool may_share_pictures(const Operation& one, const Operation& other) {
    const Span* const first = film_of(one);
    const Span* const second = film_of(other);
    if (first == nullptr || second == nullptr || *first != *second) return false;
    // The parts of two streams would have the same names, and further inputs are one's own.
    const bool are_apart = makes_one_file(one) || makes_one_file(other);
    return are_apart && further_inputs(one).empty() && further_inputs(other).empty();
}

}  // namespace ittybit::work
