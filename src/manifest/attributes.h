#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/report.h"

namespace ittybit::manifest {

struct Attribute {
    std::string name;
    std::string value;  // without its quotes
    bool is_quoted = false;
};

/// The attributes of a tag, in their order (HLS 4.2).
class Attributes {
public:
    Attributes() = default;

    /// Reads what stands behind a tag's colon, as far as it can be read, and reports what is
    /// against the form.
    static Attributes read(std::string_view text, const Place& place, Report& report);

    const std::vector<Attribute>& all() const { return all_; }
    const Attribute* find(std::string_view name) const;

    /// The value; "" when it is absent.
    const std::string& value(std::string_view name) const;
    bool has(std::string_view name) const { return find(name) != nullptr; }
    std::optional<std::int64_t> integer(std::string_view name) const;
    std::optional<double> number(std::string_view name) const;

    /// Gives each value to `change`, a std::string& that may become another.
    template <typename Change>
    void for_each_value(Change&& change) {
        for (auto& attribute : all_) change(attribute.value);
    }

private:
    std::vector<Attribute> all_;
};

/// Decimal digits and nothing else, up to 2^63 − 1.
std::optional<std::int64_t> read_integer(std::string_view text);

/// Digits with at most one point, and a minus in front where `may_be_negative`; finite.
std::optional<double> read_number(std::string_view text, bool may_be_negative = false);

struct ByteRange {
    std::int64_t offset = 0;
    std::int64_t length = 0;
    bool operator==(const ByteRange&) const = default;
};

struct Resolution {
    std::int64_t width = 0;
    std::int64_t height = 0;
    bool operator==(const Resolution&) const = default;
};

/// "1280x720"
std::optional<Resolution> read_resolution(std::string_view text);

/// "2026-11-28T12:00:00.5+01:00" as seconds since 1970; without a time zone as that of UTC.
std::optional<double> read_date(std::string_view text);

/// Whether a date that can be read says its time zone.
bool has_zone(std::string_view date);

}  // namespace ittybit::manifest
