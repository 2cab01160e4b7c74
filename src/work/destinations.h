#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/operation.h"
#include "work/exporter.h"
#include "work/workshop.h"

namespace ittybit::work {

/// The extension of what an operation makes. An image in its input's own format: the probe has
/// said which.
std::string extension_for(const Operation& operation, std::string_view input_format);

/// Names and opens the places that a job's results go to, and remembers which managed files it
/// began there.
class Destinations {
public:
    Destinations(Workshop& shop, const store::JobRecord& record) : shop_(shop), record_(record) {}

    /// Where the request says, else managed storage.
    Result<Destination> of_result(const std::string& extension);
    /// A managed file that belongs to nobody and is kept like an upload.
    Result<Destination> of_import();
    /// Where an export's `url` says.
    Result<Destination> of_export();

    /// How the folder of an HLS stream's parts is called, beside a playlist of this URL.
    std::string parts_folder(std::string_view url) const;

    /// Ids of the managed files that were begun.
    const std::vector<std::string>& files() const { return files_; }
    /// They are garbage now.
    void discard();

private:
    Result<Destination> managed(const std::string& role, const std::string& name);
    Result<Destination> in_bucket(std::string output, const std::string& extension);

    Workshop& shop_;
    const store::JobRecord& record_;
    std::vector<std::string> files_;
};

}  // namespace ittybit::work
