#pragma once

#include <functional>

#include <pugixml.hpp>

#include "manifest/report.h"

namespace ittybit::manifest {

/// Tells where an element stands.
using PlaceOf = std::function<Place(const pugi::xml_node&)>;

/// Whether the elements below an MPD and their attributes are those of its schema (ISO/IEC 23009-1,
/// annex B), with values in their forms, ids of their own and no representation beyond the bounds
/// of its adaptation set. What has a namespace of its own is left alone.
void check_schema(const pugi::xml_node& root, const PlaceOf& place_of, Report& report);

}  // namespace ittybit::manifest
