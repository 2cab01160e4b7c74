#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/options.h"

namespace ittybit {

/// What is wrong with one order, 100 things at most.
class OrderProblems {
public:
    /// What is wrong with a field is kept once.
    void add(ErrorKind kind, std::string field, std::string message);

    /// All of them, ranked by kind.
    std::vector<OptionProblem> ranked() &&;

private:
    std::vector<OptionProblem> problems_;
};

/// "outputs.1.kind"; "kind" where there is nothing in front.
std::string field_path(std::string_view at, std::string_view name);

/// What is said of a wrong field of an order or of a place.
ErrorKind kind_of_field(std::string_view field);

}  // namespace ittybit
