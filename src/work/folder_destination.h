#pragma once

#include <stop_token>
#include <string>
#include <utility>

#include "work/destination.h"
#include "work/publish.h"

namespace ittybit::work {

/// A folder of this machine, in which what the child made gets its names by rename, or a stream.
class FolderDestination final : public Destination {
public:
    FolderDestination(Target target, std::string parts_folder, std::stop_token stop)
        : target_(std::move(target)),
          parts_folder_(std::move(parts_folder)),
          stop_(std::move(stop)) {}

    std::string parts_folder() const override { return parts_folder_; }

    Result<Published> publish(const Outcome& outcome) override {
        File file = outcome.finished.file;
        file.url = file_url(
            TRY(work::publish(outcome.workspace, outcome.files, target_, parts_folder_, stop_))
        );
        return Published{std::move(file)};
    }

    Result<Published> copy(File facts, int descriptor, std::int64_t) override {
        facts.url = file_url(TRY(publish_copy(descriptor, target_, stop_)));
        return Published{std::move(facts)};
    }

private:
    const Target target_;
    const std::string parts_folder_;
    const std::stop_token stop_;
};

}  // namespace ittybit::work
