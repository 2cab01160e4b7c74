#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ittybit::work {

/// Where managed bytes lie and how their URLs look: `<public url>/files/<id>/<name>`. The id is 128
/// random bits in hexadecimal and is what recognises our own files, never the host. A signature may
/// stand behind it (work/file_links.h).
struct ManagedName {
    std::string id;
    std::string name;  // decoded; may hold a folder
    bool operator==(const ManagedName&) const = default;
};

/// The storage key of a managed file.
std::string managed_key(const ManagedName& file);
std::string managed_url(std::string_view public_url, const ManagedName& file);

/// What a URL would mean if it were ours, signed or not; the store knows whether it is.
std::optional<ManagedName> find_managed(std::string_view url);

/// The URL of a managed file without its signature; any other as it is.
std::string unsigned_url(const std::string& url);

/// A name fit for a file: the last piece of `wanted`, letters and digits of any script and `-_.`
/// kept, its last 200 bytes at most, never empty and never beginning with a dot.
std::string safe_name(std::string_view wanted);

}  // namespace ittybit::work
