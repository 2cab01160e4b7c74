#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
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
    ~PartSender();

    /// Sends it later; waits while many wait already. Errors: also those of earlier parts.
    Result<> send(Part part);
    /// Waits until everything has been published.
    Result<> finish();

    /// The keys of what is there. Once nothing is under way any more.
    const std::vector<std::string>& published() const { return published_; }
    /// Drops what has not been sent and waits for what is being sent.
    void stop();

private:
    void work(const std::stop_token& stop);
    Result<> publish(const Part& part, const std::stop_token& stop);
    Result<> outcome() const;

    const std::shared_ptr<storage::Storage> place_;
    std::stop_source stop_;
    std::stop_callback<std::function<void()>> follow_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Part> waiting_;
    int busy_ = 0;
    std::optional<Error> error_;
    std::vector<std::string> published_;
    std::vector<std::jthread> threads_;
};

}  // namespace ittybit::work
