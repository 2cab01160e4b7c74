#pragma once

#include <chrono>
#include <optional>
#include <semaphore>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/fields.h"
#include "model/job.h"
#include "model/order.h"
#include "model/protocol.h"
#include "storage/source.h"
#include "work/workshop.h"

namespace ittybit::work {

/// How one output of an order would be made: its plan, or why it cannot be.
struct ExplainedOutput {
    std::string kind;
    std::optional<std::string> name;
    json::value plan;
    std::optional<Failure> error;
    static constexpr auto kFields = Fields{
        Field{&ExplainedOutput::kind, "kind", "What is made."},
        Field{&ExplainedOutput::name, "name", "What you call it."}.or_absent(),
        Field{
            &ExplainedOutput::plan, "plan",
            "What would be read, done and written; null when it cannot be."
        },
        Field{&ExplainedOutput::error, "error", "Why it cannot be made."},
    };
};

/// What an order would come to.
struct Explanation {
    std::string object = "explanation";
    std::optional<File> input;
    std::vector<ExplainedOutput> outputs;
    static constexpr auto kFields = Fields{
        Field{&Explanation::object, "object", "Always explanation."},
        Field{&Explanation::input, "input", "Facts of the input, where it can be read."},
        Field{
            &Explanation::outputs, "outputs", "What would be made of it, in the order asked for."
        },
    };
};

/// Explains orders without doing them: no more of an input is fetched than probing needs, and
/// nothing is stored. Any thread; a few at a time, others are sent away, and none for longer than
/// `longest`. Outlived by the workshop.
class Explainer {
public:
    Explainer(
        Workshop& shop,
        std::stop_token stop,
        std::chrono::milliseconds longest = std::chrono::seconds(60)
    )
        : shop_(shop), stop_(std::move(stop)), longest_(longest) {}

    /// What goes wrong with the input is said in the explanation. Errors: `too_many_requests`.
    Result<Explanation> explain(const Order& order);

private:
    Explanation explained(const Order& order);
    Result<Finished> plan(
        const OrderedOutput& output,
        const std::string& stem,
        const std::optional<std::string>& connection,
        storage::Source& source,
        const std::stop_token& stop
    );

    static constexpr std::ptrdiff_t kAtOnce = 4;  // children
    struct Release {
        void operator()(std::counting_semaphore<kAtOnce>* room) const { room->release(); }
    };
    Workshop& shop_;
    std::stop_token stop_;
    const std::chrono::milliseconds longest_;
    std::counting_semaphore<kAtOnce> room_{kAtOnce};
};

}  // namespace ittybit::work
