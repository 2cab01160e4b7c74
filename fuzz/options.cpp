// The option reader: a line with a kind, then the options as JSON. What it accepts crosses the
// child's socket in its canonical form and must be accepted there, as the same.
#include <algorithm>

#include "fuzz.h"
#include "model/operation.h"

using namespace ittybit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto [kind, text] = fuzz::cut_line(fuzz::text_of(data, size));
    const auto options = parse_json(text);
    if (!options || std::ranges::find(kKinds, kind) == kKinds.end()) return 0;
    std::vector<OptionProblem> problems;
    const auto operation = read_operation(kind, *options, problems);
    for (const auto& problem : problems) fuzz::must(!problem.message.empty());
    if (!problems.empty()) return 0;
    const auto canonical = options_json(operation);
    const auto copy = read_operation(kind, canonical, problems);
    fuzz::must(problems.empty());
    fuzz::must(options_json(copy) == canonical);
    return 0;
}
