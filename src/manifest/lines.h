#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/attributes.h"
#include "manifest/reference.h"
#include "manifest/report.h"
#include "manifest/tags.h"

namespace ittybit::manifest {

/// A line of a playlist that says something: a tag, or a URI.
struct Line {
    const TagForm* tag = nullptr;  // nothing: a URI
    std::string value;             // behind the tag's colon; the URI
    Attributes attributes = {};    // of a tag that has them
    std::int64_t number = 0;       // from 1
};

/// A playlist cut into lines, each in its form.
struct Lines {
    std::string file;
    std::vector<Line> all;
    std::map<std::string_view, std::size_t> first;  // line of each tag
    int version = 1;
    bool is_multivariant = false;

    Place at(const Line& line) const { return {file, line.number, {}}; }
    const Line* find(std::string_view tag) const;
    bool has(std::string_view tag) const { return find(tag) != nullptr; }
    std::optional<std::int64_t> integer(std::string_view tag) const;
};

/// What a line of a playlist refers to, resolved. "" where there is nothing, where a variable leads
/// there that is not known, and, with a report, where no address can be.
std::string address_of(
    Addresses& addresses,
    const Lines& lines,
    const Line& line,
    std::string_view reference,
    Report& report
);

/// Cuts the text of the playlist that lies at `file`, and reports all that its lines alone are
/// wrong in: coding, tags and attributes by their tables, the version they need. Reads as much as
/// there is to read, whatever is wrong.
Lines read_lines(const std::string& file, std::string_view text, Report& report);

}  // namespace ittybit::manifest
