#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "sandbox/workspace.h"
#include "storage/storage.h"
#include "store/records.h"
#include "work/run_operation.h"

namespace ittybit::work {

/// Where a result goes, and how it is called there.
struct Destination {
    std::shared_ptr<storage::Storage> place;
    std::string main_key;
    std::string parts_prefix;  // of the keys of parts, with a slash at the end
    std::string url;           // of the main file
};

/// Sends the files of an operation while more of them are being made. Parts are published as they
/// become ready; the main file, whose name users know, last and on its own. Destroyed before
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
    /// Publishes the main file. Errors: `upload_failed`, `disk_full`, `cancelled`.
    Result<> publish();

    const std::string& url() const { return destination_.url; }
    const std::vector<store::Part>& parts() const { return parts_; }

private:
    struct Sending {
        std::unique_ptr<storage::Upload> upload;
        std::string key;
        std::int64_t sent = 0;
    };
    Result<Sending*> sending(const std::string& name, bool is_main);

    const Destination destination_;
    const std::stop_token stop_;
    std::map<std::string, Sending> sendings_;  // by the name in the child's folder
    std::string main_;                         // that of the main file
    std::int64_t main_size_ = 0;
    std::vector<store::Part> parts_;
    std::vector<std::string> published_;  // keys
    bool is_done_ = false;
};

/// The type that a file is stored with, by its extension.
std::string content_type_of(std::string_view name);

}  // namespace ittybit::work
