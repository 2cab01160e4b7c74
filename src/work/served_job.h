#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "storage/source.h"
#include "work/destinations.h"
#include "work/exporter.h"
#include "work/held_job.h"
#include "work/import.h"
#include "work/run_operation.h"
#include "work/workshop.h"

namespace ittybit::work {

/// One claimed job on its way through its tasks: probe → import → the work → export, or the one
/// task of a standalone one.
class ServedJob {
public:
    /// `hand_back` ends the work and gives the job back unharmed.
    ServedJob(Workshop& shop, store::JobStore::Claimed claimed, const std::stop_token& hand_back);

    /// Works until the job has ended or is out of our hands.
    void run();

private:
    Result<File> run_job();
    Result<File> run_standalone();
    Result<File> copy_out(Destination destination);

    Result<> open_input();
    Result<std::unique_ptr<storage::Origin>> origin();
    Result<Operation> operation() const;
    Result<Outcome> run_child(
        const OperationRequest& request, const OperationEvents& events, const std::stop_token& stop
    );
    Result<File> probe();
    Result<Outcome> encode(const Operation& operation, Exporter& exporter, Import& import);
    Result<File> publish(Exporter& exporter, File file);

    void settle(const Result<File>& result, store::JobRecord record);
    void finish(store::JobRecord record);

    Workshop& shop_;
    const std::stop_token hand_back_;
    HeldJob job_;
    Destinations destinations_;
    std::unique_ptr<storage::Source> source_;
    std::int64_t input_bytes_ = 0;
    std::string at_fault_;  // the kind of the task that a failure is blamed on
    std::vector<std::string> warnings_;
    std::vector<store::Part> parts_;
};

}  // namespace ittybit::work
