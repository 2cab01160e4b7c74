#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "manifest/rules.h"

namespace ittybit::manifest {

/// Where in a stream something is: a file, and in it a line of text or a byte.
struct Place {
    std::string file = {};
    std::optional<std::int64_t> line = {};  // from 1
    std::optional<std::int64_t> byte = {};  // from 0
};

/// A rule that is broken at one place.
struct Finding {
    std::string rule;
    Severity severity = Severity::kMust;
    std::string source;
    std::string file;
    std::optional<std::int64_t> line;
    std::optional<std::int64_t> byte;
    std::string message;    // what is there
    std::string remedy;     // what to do
    std::int64_t more = 0;  // as often again, in this file

    static constexpr auto kFields = Fields{
        Field{&Finding::rule, "rule", ""}.required(),
        Field{&Finding::severity, "severity", ""}.required(),
        Field{&Finding::source, "source", ""},
        Field{&Finding::file, "file", ""},
        Field{&Finding::line, "line", ""}.or_absent(),
        Field{&Finding::byte, "byte", ""}.or_absent(),
        Field{&Finding::message, "message", ""},
        Field{&Finding::remedy, "remedy", ""},
        Field{&Finding::more, "more", ""}.between(0, 1e12),
    };
};

/// What a check found, as it goes from one process to another.
struct Findings {
    std::vector<Finding> findings;
    static constexpr auto kFields = Fields{Field{&Findings::findings, "findings", ""}};
};

/// What is found while a stream is looked at. Of one rule in one file the first places are kept and
/// the others counted, so that a long stream with one mistake stays readable.
class Report {
public:
    /// Broken where `holds` is false. `message` says what is there.
    void add(const Rule& rule, const Place& place, std::string message);
    bool expect(bool holds, const Rule& rule, const Place& place, std::string message) {
        if (!holds) add(rule, place, std::move(message));
        return holds;
    }

    const std::vector<Finding>& findings() const { return findings_; }

    /// Takes what another found.
    void append(std::vector<Finding> findings);

private:
    std::vector<Finding> findings_;
};

/// How many of these break a rule of this severity.
std::int64_t count(const std::vector<Finding>& findings, Severity severity);

}  // namespace ittybit::manifest
