#pragma once

#include <stop_token>

#include "work/workshop.h"

namespace ittybit::work {

/// Aborts the uploads of workers that did not live to do it, so that nobody pays for their parts.
class UploadSweeper {
public:
    explicit UploadSweeper(Workshop& shop) : shop_(shop) {}

    void run(const std::stop_token& stop);

    /// One round. How many are left because their service cannot be reached or asked.
    Result<int> run_once(const std::stop_token& stop);

private:
    Result<> abort(const store::OpenUpload& upload, const std::stop_token& stop);
    Result<std::shared_ptr<storage::Storage>> place_of(const store::OpenUpload& upload);

    Workshop& shop_;
    store::OpenUpload after_;  // where the next round begins: what cannot be aborted is passed by
};

}  // namespace ittybit::work
