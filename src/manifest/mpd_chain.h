#pragma once

#include <string>
#include <vector>

#include <pugixml.hpp>

namespace ittybit::manifest {

/// An element of an MPD and those it inherits from: period, adaptation set, representation.
using Chain = std::vector<pugi::xml_node>;

/// A text that each of many representations may inherit; one byte too long where it is too long.
std::string short_text(const char* text);

/// An attribute of the innermost element that has it.
std::string attribute_of(const Chain& chain, const char* name);

/// The elements of this name along the chain, as one chain of their own.
Chain along(const Chain& chain, const char* name);

}  // namespace ittybit::manifest
