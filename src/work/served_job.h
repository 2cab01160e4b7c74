#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "storage/segment_cipher.h"
#include "storage/source.h"
#include "work/destinations.h"
#include "work/held_job.h"
#include "work/run.h"
#include "work/workshop.h"

namespace ittybit::work {

/// One claimed job or standalone task: where its bytes come from and go to, and what its end means
/// to the store.
class ServedJob {
public:
    /// `hand_back` ends the work and gives the job back unharmed.
    ServedJob(
        Workshop& shop, store::Claimed claimed, Slots::Hold& slot, const std::stop_token& hand_back
    );

    /// Works until the job has ended or is out of our hands.
    void run();

private:
    Ending work();
    Result<std::shared_ptr<storage::Source>> open_file(
        const std::string& url, std::int64_t largest, const std::stop_token& stop
    );
    Result<std::unique_ptr<Destination>> open_output(
        std::size_t number, const std::string& extension
    );
    Result<std::optional<storage::Block>> key_of(std::size_t output);
    Result<Outcome> perform(
        const OperationRequest& request, const OperationEvents& events, const std::stop_token& stop
    );

    void settle(const Ending& ending);
    void finish(const store::Ending& ending, std::int64_t input_bytes);

    Workshop& shop_;
    const std::stop_token hand_back_;
    const Slots::Hold& slot_;
    SlowInput slow_input_;
    HeldJob job_;
    Destinations destinations_;
};

}  // namespace ittybit::work
