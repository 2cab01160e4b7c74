#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "sandbox/workspace.h"
#include "storage/storage.h"
#include "store/records.h"
#include "work/destination.h"
#include "work/part_sender.h"

namespace ittybit::work {

/// Where in a storage a result goes, and how it is called there. A folder's keys and URL end in a
/// slash: its files keep the names that they were made with.
struct Place {
    std::shared_ptr<storage::Storage> storage;
    std::string main_key;
    std::string parts_prefix;  // of the keys of parts, with a slash at the end
    std::string url;           // of the main file
    std::string managed = {};  // its id, where it is one of ours
    /// Told the receipts of uploads that a crash of this process would leave behind, and when they
    /// are over. Any thread.
    std::function<void(const std::string& receipt)> on_started = {};
    std::function<void(const std::string& receipt)> on_ended = {};
    /// Asked before parts are taken back: false when somebody else makes the same output by now.
    std::function<bool()> is_ours = {};

    bool is_folder() const { return main_key.ends_with('/'); }
};

/// A destination in a storage: first media parts, then manifests, and last the main file. A
/// folder's files are sent once all of them are made: others may be there under their names.
class Exporter final : public Destination {
public:
    Exporter(Place place, std::stop_token stop);
    ~Exporter() override;

    std::string parts_folder() const override;
    /// Errors of all: `upload_failed`, `disk_full`, `cancelled`; `task_crashed` where a child tells
    /// of files out of order.
    Result<> grown(const FileGrown& grown, const sandbox::Workspace& workspace) override;
    Result<> ready(const FileReady& ready, const sandbox::Workspace& workspace) override;
    Result<Published> publish(const Outcome& outcome) override;
    Result<Published> copy(File facts, int descriptor, std::int64_t size) override;

private:
    /// The main file on its way.
    struct Main {
        std::unique_ptr<storage::Upload> upload;
        std::string name;      // in the child's folder
        storage::Range grown;  // what has been sent already
        std::int64_t size = 0;
    };
    std::string main_key(const std::string& name) const;
    Result<> begin_main(const std::string& name, std::int64_t expected_size);
    Result<> ready_main(const FileReady& ready, const sandbox::Workspace& workspace);
    Result<> send_part(const FileReady& ready, const sandbox::Workspace& workspace);
    storage::UploadOptions options_for(const std::string& key, bool is_main) const;

    const Place place_;
    const std::stop_token stop_;
    Main main_;
    PartSender sender_;
    std::vector<FileReady> held_back_;
    std::vector<store::Part> parts_;
    std::int64_t size_ = 0;
    bool is_done_ = false;
    bool is_commit_unheard_ = false;  // stopped before the storage said what became of it
};

}  // namespace ittybit::work
