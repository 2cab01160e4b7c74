#include "work/explain.h"

#include "model/plan.h"
#include "work/import.h"
#include "work/places.h"
#include "work/run_operation.h"
#include "work/served_input.h"

namespace ittybit::work {

Result<Finished> Explainer::plan(
    const OrderedOutput& output, const std::string& stem, storage::Source& source
) {
    OperationRequest request;
    request.operation = output.operation();
    request.inputs = {input_from(source)};
    request.explain = true;
    request.stem = stem;
    request.limits = shop_.limits;
    Finished finished = TRY(shop_.perform(request, {}, stop_)).finished;
    // What a child says is believed when it reads as a plan.
    finished.plan = plan_json(TRY(read_plan(finished.plan)));
    return finished;
}

Result<Explanation> Explainer::explain(const Order& order) {
    if (!room_.try_acquire())
        return Error{
            ErrorKind::kTooManyRequests, "other requests are being explained: try again later", ""
        };
    Explanation explanation = explained(order);
    room_.release();
    return explanation;
}

Explanation Explainer::explained(const Order& order) {
    Explanation explanation;
    const auto url = order.input.url();
    const auto source = open_served_input(shop_, url, order.connection, stop_);
    for (const auto& output : order.outputs) {
        auto& explained = explanation.outputs.emplace_back();
        explained.kind = output.kind();
        explained.name = output.place.name;
        auto planned = source ? plan(output, stem_of(url), **source) : source.error();
        if (planned) {
            explained.plan = std::move(planned->plan);
            explanation.input = std::move(planned->file);
        } else {
            explained.error = Failure::from(planned.error());
        }
    }
    return explanation;
}

}  // namespace ittybit::work
