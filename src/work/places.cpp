#include "work/places.h"

#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/fields_json.h"
#include "work/managed.h"

namespace ittybit::work {

Result<storage::S3Account> account_of(
    store::ConnectionTable& connections, const storage::SecretBox& secrets, const std::string& id
) {
    const auto record = TRY(connections.find(id));
    if (!record) {
        return Error{
            "connection_required", "the connection of this job was deleted: add it again", ""
        };
    }
    const auto clear = TRY(secrets.unseal(record->secret, "connections." + record->id));
    json::object merged = record->settings;
    const auto secret = TRY(parse_json(clear));
    for (const auto& member : secret.as_object()) merged[member.key()] = member.value();
    storage::S3Account account;
    Reader reader;
    reader.read(merged, account);
    if (reader.problems().empty()) return account;
    return Error{"internal_error", "a stored connection is broken", ""};
}

S3Place read_s3(std::string_view url) {
    constexpr std::string_view kScheme = "s3://";
    url.remove_prefix(std::min(kScheme.size(), url.size()));
    const auto slash = url.find('/');
    if (slash == std::string_view::npos) return {std::string(url), ""};
    return {std::string(url.substr(0, slash)), std::string(url.substr(slash + 1))};
}

std::string stem_of(std::string_view url) {
    url = url.substr(0, url.find_first_of("?#"));
    while (url.ends_with('/')) url.remove_suffix(1);
    const auto scheme = url.find("://");
    const auto path = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
    const auto slash = path.rfind('/');
    auto name = safe_name(slash == std::string_view::npos ? "output" : path.substr(slash + 1));
    const auto dot = name.rfind('.');
    if (dot != std::string::npos && dot > 0) name.resize(dot);
    return name;
}

std::string fill_placeholders(std::string_view output, const OutputWords& words) {
    const auto seconds = static_cast<std::time_t>(words.now / 1000);
    const std::array<std::pair<std::string_view, std::string>, 5> values = {{
        {"{date}", fmt::format("{:%Y-%m-%d}", fmt::gmtime(seconds))},
        {"{filename}", stem_of(words.input)},
        {"{kind}", words.kind},
        {"{format}", words.format},
        {"{id}", words.id},
    }};
    std::string out(output);
    for (const auto& [name, value] : values) {
        for (auto at = out.find(name); at != std::string::npos;
             at = out.find(name, at + value.size())) {
            out.replace(at, name.size(), value);
        }
    }
    return out;
}

}  // namespace ittybit::work
