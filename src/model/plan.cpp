#include "model/plan.h"

#include <fmt/format.h>

#include "base/fields_json.h"

namespace ittybit {
namespace {

Error wrong(const std::string& what) {
    return {ErrorKind::kInternalError, "bad plan: " + what, ""};
}

template <typename T>
bool has(const std::vector<T>& list, int place) {
    return place >= 0 && static_cast<std::size_t>(place) < list.size();
}

/// Each kind of encoder is told apart by which of them is there.
bool has_one_encoder(const PictureBranch& branch) {
    return branch.encoding.has_value() + branch.gif.has_value() + branch.webp.has_value() +
               branch.image.has_value() ==
           1;
}

/// What pictures and sounds have in common.
template <typename Stream>
Result<> check_places(const Plan& plan, const Stream& stream) {
    if (!has(plan.reads, stream.read)) return wrong("a stream is read from nowhere");
    if (stream.copied.has_value() == !stream.branches.empty())
        return wrong("a stream is to be copied and encoded, or neither");
    if (stream.copied && !has(plan.outputs, stream.copied->output))
        return wrong("a stream is copied to nowhere");
    for (const auto& branch : stream.branches)
        if (!has(plan.outputs, branch.track.output)) return wrong("a branch leads nowhere");
    return {};
}

}  // namespace

json::value plan_json(const Plan& plan) {
    return to_json(plan);
}

Result<Plan> read_plan(const json::value& document) {
    Plan plan;
    Reader reader;
    reader.read(document, plan);
    if (!reader.problems().empty()) return wrong(reader.problems().front().message);
    for (const auto& picture : plan.pictures) {
        TRY(check_places(plan, picture));
        for (const auto& branch : picture.branches)
            if (!has_one_encoder(branch)) return wrong("a branch has no one encoder");
    }
    for (const auto& sound : plan.sounds) TRY(check_places(plan, sound));
    return plan;
}

}  // namespace ittybit
