#include "work/destinations.h"

#include <utility>

#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "storage/s3.h"
#include "work/managed.h"
#include "work/places.h"

namespace ittybit::work {
namespace {

std::string last_of(const std::string& id) {
    return id.substr(id.size() - 8);
}

std::string_view without_extension(std::string_view name) {
    return name.substr(0, name.rfind('.'));
}

}  // namespace

std::string extension_for(const Operation& operation, std::string_view input_format) {
    auto extension = std::string(extension_of(operation));
    if (!extension.empty()) return extension;
    const bool is_kept = input_format == "png" || input_format == "webp" || input_format == "avif";
    return is_kept ? std::string(input_format) : "jpg";
}

Result<Destination> Destinations::of_result(const std::string& extension) {
    const auto output = string_at(record_.request, "output");
    if (!output.empty()) return in_bucket(output, extension);
    const auto stem = extension == "m3u8" ? "master" : stem_of(record_.job.input);
    return managed("output", fmt::format("{}.{}", stem, extension));
}

Result<Destination> Destinations::of_import() {
    return managed("import", safe_name(record_.job.input));
}

Result<Destination> Destinations::of_export() {
    return in_bucket(string_at(record_.job.options, "url"), "");
}

std::string Destinations::parts_folder(std::string_view url) const {
    const auto name = url.substr(url.rfind('/') + 1);
    return fmt::format("{}-{}", without_extension(name), last_of(record_.job.id));
}

Result<Destination> Destinations::managed(const std::string& role, const std::string& name) {
    const ManagedName file{random_hex(128), name};
    const auto now = shop_.clock.now();
    const auto owner = role == "output" ? std::optional(record_.job.id) : std::nullopt;
    TRY(shop_.files.add({file.id, owner, role, name, false, now, now}));
    files_.push_back(file.id);
    const ManagedName folder{file.id, parts_folder(name) + "/"};
    return Destination{
        shop_.storage, managed_key(file), managed_key(folder), managed_url(shop_.public_url, file)
    };
}

/// `output` may leave the extension to the format.
Result<Destination> Destinations::in_bucket(std::string output, const std::string& extension) {
    output = fill_placeholders(
        output, {shop_.clock.now(), record_.job.input, record_.job.kind, extension, record_.job.id}
    );
    const auto name = std::string_view(output).substr(output.rfind('/') + 1);
    if (!extension.empty() && name.find('.') == std::string_view::npos) output += "." + extension;
    const auto place = read_s3(output);
    auto account =
        TRY(account_of(shop_.connections, shop_.secrets, string_at(record_.request, "connection")));
    std::shared_ptr<storage::Storage> bucket =
        storage::open_s3(shop_.client, std::move(account), place.bucket);
    const auto folder = place.key.substr(0, place.key.rfind('/') + 1) + parts_folder(output) + "/";
    return Destination{std::move(bucket), place.key, folder, output};
}

void Destinations::discard() {
    for (const auto& file : files_) {
        if (const auto done = shop_.files.discard(file); !done) {
            log::warn("a file that nobody needs stays", {{"error", done.error().message}});
        }
    }
    files_.clear();
}

}  // namespace ittybit::work
