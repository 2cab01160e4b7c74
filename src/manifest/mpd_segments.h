#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "manifest/mpd.h"
#include "manifest/mpd_chain.h"
#include "manifest/mpd_schema.h"
#include "manifest/reference.h"

namespace ittybit::manifest {

/// Finds the segments of the representations of one MPD, by a template, a list or the address of
/// one file, and reports what is wrong with these (5.3.9). At most 100 000 in all.
class MpdSegments {
public:
    MpdSegments(std::string file, PlaceOf place_of, Report& report)
        : file_(std::move(file)), place_of_(std::move(place_of)), report_(report) {}

    /// Those of the representation at the end of the chain, whose period lasts `seconds`.
    void read(const Chain& chain, std::optional<double> seconds, Representation& read);

private:
    /// Adds a segment of this number, at this time in ticks, of so many seconds; whether that went.
    using AddSegment = std::function<bool(std::int64_t number, std::int64_t time, double duration)>;

    void check_profile(const Chain& chain);
    std::string base_of(const Chain& chain) const;
    void find(const Chain& chain, std::optional<double> seconds, Representation& read);
    void read_template(
        const Chain& templates,
        const std::string& base,
        std::optional<double> seconds,
        Representation& read
    );
    void read_timeline(
        const pugi::xml_node& timeline,
        double scale,
        std::int64_t number,
        std::optional<double> seconds,
        Representation& read,
        const AddSegment& add
    );
    void read_list(const pugi::xml_node& list, const std::string& base, Representation& read);
    static void keep_init(const std::string& uri, std::int64_t line, Representation& read);
    bool keep_segment(
        const std::string& uri, double duration, std::int64_t line, Representation& read
    );

    const std::string file_;
    const PlaceOf place_of_;
    Report& report_;
    Addresses addresses_;
    std::size_t kept_ = 0;  // segments
};

}  // namespace ittybit::manifest
