// GET /files: managed bytes for everybody who knows their id.

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "api/handlers.h"
#include "api/range.h"
#include "model/content_type.h"
#include "work/managed.h"

namespace ittybit::api {
namespace {

Error no_such_file() {
    return {
        ErrorKind::kFileNotFound, "there is no file at this address: it may have been deleted", ""
    };
}

/// A stored object to be sent: a file of this machine, or known by its key.
struct OpenFile {
    Fd file;
    std::string key;
    std::int64_t size = 0;
    std::string etag;
    std::string modified;
};

Result<OpenFile> open_file(Service& service, const work::ManagedName& name) {
    const auto record = TRY(service.files.find(name.id));
    // An upload is its owner's input, a part or output everybody's who has the address.
    if (!record || !record->is_ready) return no_such_file();
    OpenFile open;
    open.key = work::managed_key(name);
    auto stored = service.storage.head(open.key, {});
    // A name that no key can have (`invalid_output`) is the name of no file.
    if (!stored && (stored.error().kind == ErrorKind::kFileNotFound ||
                    stored.error().kind == ErrorKind::kInvalidOutput)) {
        return no_such_file();
    }
    if (!stored)
        return Error{ErrorKind::kUnavailable, "the storage cannot be reached: try again later", ""};
    auto origin = service.storage.origin(open.key);
    if (!origin) return no_such_file();
    open.file = TRY((*origin)->local_file());
    open.size = stored->size;
    open.etag = fmt::format("\"{}\"", stored->etag);
    open.modified = http_date(stored->modified / 1000);
    return open;
}

/// The very bytes of an object that is elsewhere.
PulledBody pulled_body(Service& service, const OpenFile& open, const Wanted& wanted) {
    PulledBody body;
    body.offset = wanted.from;
    body.length = wanted.to - wanted.from;
    body.pull = [&storage = service.storage,
                 key = open.key](std::int64_t offset, std::int64_t length) -> Result<std::string> {
        std::string bytes;
        const auto take = [&](std::span<const std::byte> piece) -> Result<bool> {
            bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
            return true;
        };
        TRY(storage.read(key, {offset, offset + length}, take, {}));
        if (std::cmp_equal(bytes.size(), length)) return bytes;
        return Error{ErrorKind::kUnavailable, "the stored object became shorter", key};
    };
    return body;
}

/// Where a client may fetch the object itself. Playlists stay here: what they name is relative to
/// their own address.
std::optional<Response> redirect(
    Service& service, const Request& request, const OpenFile& open, std::string_view type
) {
    constexpr auto kPermission = std::chrono::hours(1);
    constexpr std::string_view kPlaylist = "application/vnd.apple.mpegurl";
    const bool is_wanted = service.settings.redirects_files && request.method == "GET";
    if (!is_wanted || type == kUnknownType || type == kPlaylist) return std::nullopt;
    auto url = service.storage.presign(open.key, kPermission);
    if (!url) return std::nullopt;
    Response response;
    response.status = 307;
    response.with("Location", *std::move(url)).with("Cache-Control", "private, max-age=1800");
    return response;
}

void describe(Response& response, const OpenFile& open, std::string_view name) {
    const auto type = content_type_of(name);
    response.with("Content-Type", std::string(type))
        .with("Accept-Ranges", "bytes")
        .with("ETag", open.etag)
        .with("Last-Modified", open.modified)
        .with("Content-Security-Policy", "sandbox");
    // The id is new for each output, so what is behind it never changes.
    response.with("Cache-Control", "public, max-age=31536000, immutable");
    if (type == kUnknownType) {
        response.with(
            "Content-Disposition",
            fmt::format("attachment; filename=\"{}\"", name.substr(name.rfind('/') + 1))
        );
    }
}

bool is_unchanged(const Request& request, const OpenFile& open) {
    const auto tags = request.header("If-None-Match");
    if (!tags.empty()) return tags == "*" || tags.find(open.etag) != std::string_view::npos;
    return request.header("If-Modified-Since") == open.modified;
}

Result<Response> get(Service& service, const Request& request) {
    const work::ManagedName name{
        std::string(request.capture("id")), std::string(request.capture("name"))
    };
    auto open = TRY(open_file(service, name));
    if (auto elsewhere = redirect(service, request, open, content_type_of(name.name))) {
        return *std::move(elsewhere);
    }
    Response response;
    describe(response, open, name.name);
    if (is_unchanged(request, open)) {
        response.status = 304;
        return response;
    }
    Wanted wanted{0, open.size};
    const auto condition = request.header("If-Range");
    const bool is_same = condition.empty() || condition == open.etag || condition == open.modified;
    // Only GET knows ranges (RFC 9110 14.2).
    const auto asked = request.method == "GET" ? request.header("Range") : "";
    if (const auto range = read_range(asked, open.size); range && is_same) {
        if (range->from >= range->to) {
            auto refusal = json_response(
                416, {{"kind", "invalid_request"},
                      {"message", fmt::format("the file has {} bytes: ask within", open.size)}}
            );
            refusal.with("Content-Range", fmt::format("bytes */{}", open.size));
            return refusal;
        }
        wanted = *range;
        response.status = 206;
        response.with(
            "Content-Range", fmt::format("bytes {}-{}/{}", wanted.from, wanted.to - 1, open.size)
        );
    }
    if (open.file) {
        response.file.emplace(std::move(open.file), wanted.from, wanted.to - wanted.from);
    } else {
        response.pulled = pulled_body(service, open, wanted);
    }
    return response;
}

}  // namespace

std::vector<Route> file_routes() {
    return {
        {.method = "GET",
         .pattern = "/files/{id}/{name...}",
         .summary = "A managed file, with ranges; the id is the permission",
         .handler = get,
         .is_open = true,
         .answer_schema = "Bytes",
         .errors = {ErrorKind::kFileNotFound}},
    };
}

}  // namespace ittybit::api
