#include "work/places.h"

#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/log.h"
#include "base/text.h"
#include "model/output_name.h"
#include "storage/s3.h"
#include "work/managed.h"

namespace ittybit::work {

namespace {

/// What a connection's secret is bound to.
std::string place_of(const store::ConnectionRecord& record) {
    return "connections." + record.id;
}

}  // namespace

Result<> seal_anew(store::ConnectionTable& connections, const storage::SecretBox& secrets) {
    store::ListQuery query{.limit = 100};
    for (bool has_more = true; has_more;) {
        auto page = TRY(connections.list(query));
        for (const auto& record : page.items) {
            query.after = record.id;
            if (secrets.is_current(record.secret)) continue;
            const auto clear = secrets.unseal(record.secret, place_of(record));
            if (!clear) {
                log::warn(
                    "a connection cannot be used",
                    {{"connection", record.name}, {"error", clear.error().message}}
                );
                continue;
            }
            const auto sealed = TRY(secrets.seal(*clear, place_of(record)));
            TRY(connections.reseal(record, sealed));
        }
        has_more = page.has_more;
    }
    return {};
}

Result<storage::S3Account> account_of(
    store::ConnectionTable& connections, const storage::SecretBox& secrets, const std::string& id
) {
    const auto record = TRY(connections.find(id));
    if (!record) {
        return Error{
            ErrorKind::kConnectionRequired, "the connection of this job was deleted: add it again",
            ""
        };
    }
    const auto clear = TRY(secrets.unseal(record->secret, place_of(*record)));
    json::object merged = record->settings;
    const auto secret = TRY(parse_json(clear));
    for (const auto& member : secret.as_object()) merged[member.key()] = member.value();
    storage::S3Account account;
    Reader reader;
    reader.read(merged, account);
    if (reader.problems().empty()) return account;
    return Error{ErrorKind::kInternalError, "a stored connection is broken", ""};
}

storage::S3Account account_of(const ConnectionRequest& connection) {
    return {
        .endpoint = connection.endpoint,
        .region = connection.region,
        .access_key_id = connection.access_key_id,
        .secret_access_key = connection.secret_access_key,
        .session_token = connection.session_token,
        .path_style = connection.path_style,
        .role = {},
    };
}

std::string extension_for(const Operation& operation, std::string_view input_format) {
    auto extension = std::string(extension_of(operation));
    if (!extension.empty()) return extension;
    const bool is_kept = input_format == "png" || input_format == "webp" || input_format == "avif";
    return is_kept ? std::string(input_format) : "jpg";
}

S3Place read_s3(std::string_view url) {
    constexpr std::string_view kScheme = "s3://";
    url.remove_prefix(std::min(kScheme.size(), url.size()));
    const auto slash = url.find('/');
    if (slash == std::string_view::npos) return {std::string(url), ""};
    return {std::string(url.substr(0, slash)), std::string(url.substr(slash + 1))};
}

std::string name_of(std::string_view url) {
    url = without_query(url);
    while (url.ends_with('/')) url.remove_suffix(1);
    const auto scheme = url.find("://");
    const auto path = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos) return "output";
    return safe_name(percent_decode(path.substr(slash + 1)));
}

std::string stem_of(std::string_view url) {
    auto name = name_of(url);
    const auto dot = name.rfind('.');
    if (dot != std::string::npos && dot > 0) name.resize(dot);
    return name;
}

std::string parts_folder(std::string_view name, std::string_view id) {
    constexpr std::string_view kPlaylist = "m3u8";
    if (is_same_word(extension_in(name), kPlaylist)) name.remove_suffix(kPlaylist.size() + 1);
    return fmt::format("{}-{}", name, id.substr(id.size() - 8));
}

Place s3_place(
    net::Client& client,
    storage::S3Account account,
    std::string_view output,
    const OutputWords& words,
    bool is_folder
) {
    // A name that is filled in may hold dots; and a copy is called as it was said.
    const bool is_whole = words.kind == ExportOptions::kName || !extension_in(output).empty();
    auto url = fill_placeholders(output, words);
    if (is_folder) {
        if (!url.ends_with('/')) url += '/';
    } else if (!is_whole && !words.format.empty()) {
        url += "." + words.format;
    }
    const auto place = read_s3(url);
    Place to;
    to.storage = storage::open_s3(client, std::move(account), place.bucket);
    to.main_key = place.key;
    to.parts_prefix = is_folder ? place.key : parts_folder(place.key, words.id) + "/";
    to.url = std::move(url);
    return to;
}

Result<> TakenPlaces::take(
    const std::string& connection, const std::string& url, const OrderedOutput& output
) {
    const auto& whose = *taken_.insert({{connection, url}, &output}).first;
    if (whose.second == &output) return {};
    return Error{
        ErrorKind::kInvalidOutput,
        fmt::format("{} is another output's already: give each a place of its own", url), "output"
    };
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
