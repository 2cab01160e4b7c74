#include "work/explain.h"

#include <chrono>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "base/linked_stop.h"
#include "base/pause.h"
#include "model/plan.h"
#include "work/further_sources.h"
#include "work/import.h"
#include "work/places.h"
#include "work/run_operation.h"
#include "work/served_input.h"

namespace ittybit::work {

namespace {

/// Stops with another, and when its time is over.
class Deadline {
public:
    Deadline(const std::stop_token& outer, std::chrono::milliseconds time)
        : outer_(outer), stop_(outer), watch_([this, time](const std::stop_token& done) {
              pause(done, time);
              stop_.request_stop();
          }) {}

    std::stop_token token() const { return stop_.get_token(); }
    bool is_over() const { return stop_.stop_requested() && !outer_.stop_requested(); }

private:
    const std::stop_token outer_;
    LinkedStop stop_;
    const std::jthread watch_;  // the first to go
};

}  // namespace

Result<Finished> Explainer::plan(
    const OrderedOutput& output,
    const std::string& stem,
    const std::optional<std::string>& connection,
    storage::Source& source,
    const std::stop_token& stop
) {
    OperationRequest request;
    request.operation = output.operation();
    request.inputs = {input_from(source)};
    FurtherSources further([&](const std::string& url, const std::stop_token& asked) {
        return open_served_input(
            shop_, url, connection, {.largest = shop_.limits.subtitle_bytes}, asked
        );
    });
    TRY(further.fetch(request.operation, stop));
    further.append(request);
    request.explain = true;
    request.stem = stem;
    request.limits = shop_.limits;
    Finished finished = TRY(shop_.perform(request, {}, stop)).finished;
    // What a child says is believed when it reads as a plan.
    finished.plan = plan_json(TRY(read_plan(finished.plan)));
    return finished;
}

Result<Explanation> Explainer::explain(const Order& order) {
    if (!room_.try_acquire())
        return Error{
            ErrorKind::kTooManyRequests, "other requests are being explained: try again later", ""
        };
    const std::unique_ptr<std::counting_semaphore<kAtOnce>, Release> place(&room_);
    return explained(order);
}

Explanation Explainer::explained(const Order& order) {
    Explanation explanation;
    const auto url = order.input.url();
    const Deadline deadline(stop_, longest_);
    const auto stop = deadline.token();
    const auto source = open_served_input(
        shop_, url, order.connection, {.largest = shop_.limits.input_bytes}, stop
    );
    for (const auto& output : order.outputs) {
        auto& explained = explanation.outputs.emplace_back();
        explained.kind = output.kind();
        explained.name = output.place.name;
        auto planned =
            source ? plan(output, stem_of(url), order.connection, **source, stop) : source.error();
        if (planned) {
            explained.plan = std::move(planned->plan);
            explanation.input = std::move(planned->file);
        } else if (deadline.is_over()) {
            explained.error = Failure::from(Error{
                ErrorKind::kTaskTimeout,
                fmt::format(
                    "the input could not be looked at within {} s",
                    std::chrono::duration<double>(longest_).count()
                ),
                ""
            });
        } else {
            explained.error = Failure::from(planned.error());
        }
    }
    return explanation;
}

}  // namespace ittybit::work
