#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/records.h"
#include "work/run_operation.h"

namespace ittybit::work {

/// A result that has its names.
struct Published {
    File file;                            // its facts, with URL and parts
    std::vector<store::Part> parts = {};  // what was published beside it
    std::string managed = {};             // the id of the managed file; "": it lies elsewhere
    std::int64_t size = 0;                // bytes of all its files
};

/// Where the result of one operation goes: managed storage, a bucket, a folder of this machine. It
/// may send files on while more of them are being made; nothing has the name that users know before
/// it is whole. Destroyed before publish(), it takes back all it sent. One thread calls.
class Destination {
public:
    Destination() = default;
    Destination(const Destination&) = delete;
    Destination& operator=(const Destination&) = delete;
    virtual ~Destination() = default;

    /// How playlists name the folder of their parts.
    virtual std::string parts_folder() const = 0;

    /// Final bytes of a file that still grows.
    virtual Result<> grown(const FileGrown&, const sandbox::Workspace&) { return {}; }
    /// A complete file.
    virtual Result<> ready(const FileReady&, const sandbox::Workspace&) { return {}; }

    /// Gives the result its names, the main one last.
    virtual Result<Published> publish(const Outcome& outcome) = 0;

    /// Publishes a copy of the open file `descriptor`, of which these are the facts.
    virtual Result<Published> copy(File facts, int descriptor, std::int64_t size) = 0;
};

}  // namespace ittybit::work
