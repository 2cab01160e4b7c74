#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "sandbox/workspace.h"
#include "storage/storage.h"
#include "store/records.h"
#include "work/part_sender.h"
#include "work/run_operation.h"

namespace ittybit::work {

/// Where a result goes, and how it is called there.
struct Destination {
    std::shared_ptr<storage::Storage> place;
    std::string main_key;
    std::string parts_prefix;  // of the keys of parts, with a slash at the end
    std::string url;           // of the main file
    /// Told the receipts of uploads that a crash of this process would leave behind, and when they
    /// are over. Any thread.
    std::function<void(const std::string& receipt)> on_started = {};
    std::function<void(const std::string& receipt)> on_ended = {};
    /// Asked before parts are taken back: false when somebody else makes the same output by now.
    std::function<bool()> is_ours = {};
};

/// Sends the files of an operation while more of them are being made: what is final of the growing
/// main file, and parts as they become ready. Nothing has a name before it is whole: first media
/// parts, then playlists, and last the main file, whose name users know. Destroyed before
/// publish(), it takes back all it sent.
class Exporter {
public:
    Exporter(Destination destination, std::stop_token stop);
    Exporter(const Exporter&) = delete;
    Exporter& operator=(const Exporter&) = delete;
    ~Exporter();

    /// Final bytes of a file that still grows.
    Result<> grown(const FileGrown& grown, const sandbox::Workspace& workspace);
    /// A complete file.
    Result<> ready(const FileReady& ready, const sandbox::Workspace& workspace);
    /// Publishes the playlists and the main file; gives its facts, URL and parts included. Errors:
    /// `upload_failed`, `disk_full`, `cancelled`.
    Result<File> publish(File file);

    /// How playlists name the folder of their parts.
    std::string parts_folder() const;
    const std::vector<store::Part>& parts() const { return parts_; }

private:
    /// The main file on its way.
    struct Main {
        std::unique_ptr<storage::Upload> upload;
        std::string name;      // in the child's folder
        storage::Range grown;  // what has been sent already
        std::int64_t size = 0;
    };
    Result<> begin_main(const std::string& name, std::int64_t expected_size);
    Result<> ready_main(const FileReady& ready, const sandbox::Workspace& workspace);
    storage::UploadOptions options_for(const std::string& key, bool is_main) const;

    const Destination destination_;
    const std::stop_token stop_;
    Main main_;
    PartSender sender_;
    std::vector<PartSender::Part> playlists_;
    std::vector<store::Part> parts_;
    bool is_done_ = false;
};

/// Sends the open file `descriptor`, which has `size` bytes, as the main file.
Result<> send_copy(
    const Destination& destination, int descriptor, std::int64_t size, const std::stop_token& stop
);

}  // namespace ittybit::work
