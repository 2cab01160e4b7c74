// GET /files: managed bytes for everybody who knows their id.

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "api/coding.h"
#include "api/conditions.h"
#include "api/handlers.h"
#include "api/range.h"
#include "base/text.h"
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
    Validators validators;
    std::chrono::seconds lasts{31'536'000};  // how long the address does, at most a year
};

/// Errors: `file_not_found`, `unavailable`, those of FileLinks::judge.
Result<OpenFile> open_file(Service& service, const Request& request) {
    const auto now = service.clock.now();
    const auto permission = TRY(service.settings.links.judge(request.capture("id"), now));
    const work::ManagedName name{permission.id, std::string(request.capture("name"))};
    const auto record = TRY(service.files.find(name.id));
    // An upload is its owner's input, a part or output everybody's who has the address.
    if (!record || !record->is_ready) return no_such_file();
    OpenFile open;
    if (permission.expires_s) {
        open.lasts = std::min(open.lasts, std::chrono::seconds(*permission.expires_s - now / 1000));
    }
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
    open.validators = {fmt::format("\"{}\"", stored->etag), stored->modified / 1000};
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

/// Where a client may fetch the object itself. Playlists and what else is text stay here: what they
/// name is relative to their own address.
std::optional<Response> redirect(
    Service& service, const Request& request, const OpenFile& open, std::string_view type
) {
    const auto permission = std::min<std::chrono::seconds>(std::chrono::hours(1), open.lasts);
    const bool is_wanted = service.settings.redirects_files && request.method == "GET";
    if (!is_wanted || type == kUnknownType || is_compressible(type)) return std::nullopt;
    auto url = service.storage.presign(open.key, permission);
    if (!url) return std::nullopt;
    Response response;
    response.status = 307;
    response.with("Location", *std::move(url))
        .with("Cache-Control", fmt::format("private, max-age={}", permission.count() / 2));
    return response;
}

/// In both forms of RFC 6266, where the first cannot say it.
std::string attachment(std::string_view name) {
    std::string plain(name);
    std::ranges::replace_if(plain, [](unsigned char letter) { return letter >= 0x80; }, '_');
    if (plain == name) return fmt::format("attachment; filename=\"{}\"", name);
    return fmt::format(
        "attachment; filename=\"{}\"; filename*=UTF-8''{}", plain, percent_encode(name)
    );
}

void describe(Response& response, const OpenFile& open, std::string_view name) {
    const auto type = content_type_of(name);
    response.with("Content-Type", std::string(type))
        .with("Accept-Ranges", "bytes")
        .with("ETag", open.validators.etag)
        .with("Last-Modified", http_date(open.validators.modified))
        .with("Content-Security-Policy", "sandbox");
    // The id is new for each output, so what is behind it never changes.
    response.with(
        "Cache-Control", fmt::format("public, max-age={}, immutable", open.lasts.count())
    );
    if (type == kUnknownType) {
        response.with("Content-Disposition", attachment(name.substr(name.rfind('/') + 1)));
    }
    if (is_compressible(type)) response.with("Vary", "Accept-Encoding");
}

/// All bytes of a small file.
Result<std::string> whole(Service& service, const OpenFile& open) {
    if (!open.file) return pulled_body(service, open, {0, open.size}).pull(0, open.size);
    std::string bytes(static_cast<std::size_t>(open.size), '\0');
    const auto count = ::pread(open.file.get(), bytes.data(), bytes.size(), 0);
    if (std::cmp_equal(count, open.size)) return bytes;
    return Error{ErrorKind::kUnavailable, "the stored file cannot be read", open.key};
}

/// Playlists and the like for those who take gzip: another form, and so another ETag. Ranges are of
/// the plain form only.
bool wants_gzip(const Request& request, const OpenFile& open, std::string_view type) {
    constexpr std::int64_t kMost = 8 << 20;
    return is_compressible(type) && open.size <= kMost &&
           takes_coding(request.header("Accept-Encoding"), "gzip") &&
           request.find_header("Range") == nullptr;
}

std::optional<Response> judge(const Request& request, const OpenFile& open) {
    const auto verdict = judge_conditions(request, open.validators);
    if (verdict == Verdict::kGo) return std::nullopt;
    if (verdict == Verdict::kUnchanged) {
        Response response;
        response.status = 304;
        return response;
    }
    return refusal(
        412,
        Error{ErrorKind::kInvalidRequest, "the file is not the version that the request is for", ""}
    );
}

Response out_of_range(std::int64_t size) {
    auto response = refusal(
        416,
        Error{
            ErrorKind::kInvalidRequest, fmt::format("the file has {} bytes: ask within", size), ""
        }
    );
    response.with("Content-Range", fmt::format("bytes */{}", size));
    return response;
}

Result<Response> get(Service& service, const Request& request) {
    const auto name = request.capture("name");
    const auto type = content_type_of(name);
    auto opened = open_file(service, request);
    if (!opened && opened.error().kind == ErrorKind::kTokenInvalid)
        return refusal(403, opened.error());
    auto open = TRY(std::move(opened));
    if (auto elsewhere = redirect(service, request, open, type)) return *std::move(elsewhere);
    const bool is_gzip = wants_gzip(request, open, type);
    if (is_gzip) open.validators.etag.insert(open.validators.etag.size() - 1, "-gzip");
    auto other = judge(request, open);
    if (other && other->status != 304) return *std::move(other);
    Response response = other ? *std::move(other) : Response();
    describe(response, open, name);
    if (response.status == 304) return response;
    if (is_gzip) {
        response.body = gzipped(TRY(whole(service, open)));
        response.with("Content-Encoding", "gzip");
        return response;
    }
    Wanted wanted{0, open.size};
    // Only GET knows ranges (RFC 9110 14.2).
    const auto asked = request.method == "GET" ? request.header("Range") : "";
    if (const auto range = read_range(asked, open.size);
        range && may_give_range(request, open.validators)) {
        if (range->from >= range->to) return out_of_range(open.size);
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
