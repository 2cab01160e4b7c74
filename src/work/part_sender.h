#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/crew.h"
#include "base/fd.h"
#include "base/linked_stop.h"
#include "base/result.h"
#include "storage/storage.h"

namespace ittybit::work {

/// Publishes whole files, several at once, in whatever order they get there. One thread calls. The
/// first error ends it all; destroying it leaves unfinished ones unpublished.
class PartSender {
public:
    struct Part {
        Fd file;
        std::int64_t size = 0;
        std::string key;
        storage::UploadOptions options;
    };

    PartSender(std::shared_ptr<storage::Storage> place, const std::stop_token& stop);
    PartSender(const PartSender&) = delete;
    PartSender& operator=(const PartSender&) = delete;
    ~PartSender() { stop(); }

    /// Sends it later; waits while many wait already. Errors: also those of earlier parts.
    Result<> send(Part part);
    /// Waits until everything has been published.
    Result<> finish();

    /// The keys of what is there. Once nothing is under way any more.
    std::vector<std::string> published() const { return crew_.made(); }
    /// Drops what has not been sent and waits for what is being sent.
    void stop();

private:
    Result<std::string> publish(const Part& part);

    const std::shared_ptr<storage::Storage> place_;
    LinkedStop stop_;
    Crew<Part, std::string> crew_;
};

}  // namespace ittybit::work
