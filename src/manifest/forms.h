#pragma once

#include "manifest/lines.h"

namespace ittybit::manifest {

/// Whether a value is written as the table of attributes says.
bool has_form(const Attribute& attribute, const AttributeForm& form);

/// Whether what stands behind a tag's colon is written as the table of tags says.
bool has_form(const Line& line);

/// Whether a text has characters, all of them letters, digits or one of `others`.
bool is_made_of(std::string_view text, std::string_view others);

}  // namespace ittybit::manifest
