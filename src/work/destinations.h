#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "work/exporter.h"
#include "work/places.h"
#include "work/workshop.h"

namespace ittybit::work {

/// Names and opens the places that a job's results go to, no two the same and none that an earlier
/// attempt has filled, and remembers which managed files it began there.
class Destinations {
public:
    /// The first three outlive this. `hand_back`: another shall do the work.
    Destinations(
        Workshop& shop,
        const store::Claim& claim,
        const store::JobRecord& record,
        std::stop_token hand_back
    );

    /// Where the order says, else managed storage. Asked again for the same output, what was begun
    /// for it before is garbage.
    Result<Place> of_output(const OrderedOutput& output, const std::string& extension);
    /// A managed file that belongs to nobody and is kept like an upload.
    Result<Place> of_import();
    /// A managed file that is gone with the job, and never shown.
    Result<Place> of_piece(const std::string& name) { return managed("output", name); }

    /// The managed files that were begun and are not published are garbage now. A database that is
    /// away is waited for until `hand_back`: where another attempt has ended the job, nobody else
    /// knows of them.
    void discard();

private:
    Result<std::string> base_url();
    /// A folder where `name` is empty.
    Result<Place> managed(const std::string& role, const std::string& name);
    std::string connection_of(const OrderedOutput& output) const;
    Result<Place> in_bucket(const OrderedOutput& output, const std::string& extension);
    void watch(Place& to, store::OpenUpload upload);
    void discard(const std::string& file);
    Result<bool> forget(const std::string& file);
    Result<> take_away(const std::string& file);

    Workshop& shop_;
    const store::Claim& claim_;
    const store::JobRecord& record_;
    const std::stop_token hand_back_;
    std::vector<std::string> files_;  // ids
    std::map<const OrderedOutput*, std::string> file_of_;
    TakenPlaces taken_;
};

}  // namespace ittybit::work
