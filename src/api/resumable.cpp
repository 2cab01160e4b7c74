// Uploads that survive what interrupts them, by the tus protocol 1.0.0 (tus.io/protocols/
// resumable-upload): core, creation, creation-with-upload, expiration, termination. What arrives is
// stored in pieces, each an object of its own and a row, so that whichever server is asked next
// goes on behind the last; when all are there they become one file.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "api/handlers.h"
#include "api/idempotency.h"
#include "api/joining.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "storage/allowance.h"
#include "storage/digests.h"
#include "work/janitor.h"
#include "work/managed.h"

namespace ittybit::api {
namespace {

constexpr std::string_view kVersion = "1.0.0";
constexpr std::string_view kExtensions = "creation,creation-with-upload,expiration,termination";
constexpr std::string_view kBytesType = "application/offset+octet-stream";
constexpr std::size_t kIdLength = 32;
constexpr std::int64_t kPiece = 4 << 20;  // so much is sent again at most when a server is killed
constexpr std::int64_t kMostCutOff = 10'000;  // pieces that are smaller
constexpr int kMostUploads = 64;              // that one request names

Error no_such_upload() {
    return {
        ErrorKind::kFileNotFound,
        "there is no such upload: it has ended, expired or never was; begin another", ""
    };
}

Error being_joined() {
    return {
        ErrorKind::kUnavailable,
        "the pieces of this upload are being put together: ask in a moment, by HEAD, how far it is",
        ""
    };
}

Error wrong(std::string_view name, std::string message) {
    return {ErrorKind::kInvalidRequest, std::move(message), std::string(name)};
}

/// A header that is a number of bytes.
Result<std::int64_t> number_in(const Request& request, std::string_view name) {
    const auto number = whole_number<std::int64_t>(request.header(name));
    if (number && *number >= 0) return *number;
    return wrong(name, fmt::format("{} must be a number of bytes", name));
}

/// The `filename` of Upload-Metadata: pairs of a key and a value in base64, with commas between.
Result<std::string> name_in(std::string_view metadata) {
    std::string name = "upload";
    if (metadata.empty()) return name;
    for (const auto& pair : split(metadata, ',')) {
        const auto words = split(pair, ' ');
        const auto value = words.size() == 2 ? storage::from_base64(words[1]) : std::string();
        if (words.front().empty() || words.size() > 2 || !value) {
            return wrong(
                "Upload-Metadata",
                "Upload-Metadata must be keys with values in base64: filename "
                "YS5tcDQ=, filetype dmlkZW8vbXA0"
            );
        }
        if (words.front() == "filename") name = *value;
    }
    return name;
}

UnixMillis expiry_of(const store::ResumableUpload& upload) {
    return upload.used_at + work::Janitor::Keep().uploads;
}

std::string url_of(
    const Service& service, const Request& request, const store::ResumableUpload& upload
) {
    return fmt::format(
        "{}{}{}/{}", base_url(service, request), kResumableFolder, upload.id,
        percent_encode(upload.name)
    );
}

/// The upload's id in an address that url_of() gave.
std::string id_in(const std::string& url) {
    return url.substr(url.find(kResumableFolder) + kResumableFolder.size(), kIdLength);
}

/// An upload. Errors: `file_not_found`, also to who comes with another upload's token.
Result<store::ResumableUpload> find_upload(
    Service& service, const Request& request, const std::string& id
) {
    auto upload = TRY(service.resumables.find(id));
    if (!upload) return no_such_upload();
    if (!upload->is_ready && expiry_of(*upload) <= service.clock.now()) return no_such_upload();
    const auto& token = request.upload_token;
    if (!token.empty() && !TRY(service.resumables.is_token_of(token, id))) return no_such_upload();
    return *std::move(upload);
}

/// The one of the request's path.
Result<store::ResumableUpload> find_upload(Service& service, const Request& request) {
    auto upload = TRY(find_upload(service, request, std::string(request.capture("id"))));
    if (upload.name != request.capture("name")) return no_such_upload();
    return upload;
}

/// Of a body that did not say how long it is.
Result<> check_end(const Request& request) {
    std::byte more{};
    const auto count = request.read_body({&more, 1});
    if (!count || *count == 0) return {};
    return Error{ErrorKind::kBodyTooLarge, "more bytes came than the upload has", ""};
}

/// One piece of what is left, as far as the body goes. Nothing where the body has ended, or another
/// request was faster.
Result<std::int64_t> keep_piece(
    Service& service,
    const Request& request,
    const storage::Allowance& allowance,
    const store::ResumableUpload& upload
) {
    constexpr std::size_t kRead = 256U << 10U;
    const auto most = std::min(kPiece, upload.length - upload.received);
    store::UploadPiece piece{upload.received, 0, {}};
    piece.key =
        work::managed_key({upload.id, fmt::format(".pieces/{}-{}", piece.at, random_hex(64))});
    auto object = TRY(service.storage.begin(piece.key, {.expected_size = most}, {}));
    std::vector<std::byte> bytes(kRead);
    while (piece.size < most) {
        const auto wanted = std::min(kRead, static_cast<std::size_t>(most - piece.size));
        const auto count = request.read_body(std::span(bytes).first(wanted));
        if (!count || *count == 0) break;  // what came before the client was cut off stays
        TRY(allowance.check(static_cast<std::int64_t>(*count)));
        TRY(object->append(std::span(bytes).first(*count), {}));
        piece.size += static_cast<std::int64_t>(*count);
    }
    if (piece.size == 0) return 0;
    if (!request.body_size && piece.at + piece.size == upload.length) TRY(check_end(request));
    TRY(object->commit(piece.size, {}));
    if (TRY(service.resumables.add_piece(upload.id, piece, service.clock.now()))) return piece.size;
    TRY(service.storage.remove(piece.key, {}));
    return 0;
}

/// Where all its bytes are there it becomes a file. Whoever had the last may not have lived to do
/// it.
Result<> complete(Service& service, store::ResumableUpload& upload) {
    if (!upload.is_ready && upload.received == upload.length)
        upload.is_ready = TRY(join_pieces(service, upload));
    return {};
}

/// Nothing comes in smaller and smaller pieces for ever.
Result<> check_pieces(const store::ResumableUpload& upload) {
    if (upload.pieces < kMostCutOff + upload.length / kPiece) return {};
    return wrong(
        "Upload-Offset",
        fmt::format("this upload came in {} pieces: begin another, in larger ones", upload.pieces)
    );
}

/// Keeps what a request brings, and ends the upload when that is all.
Result<> keep_bytes(Service& service, const Request& request, store::ResumableUpload& upload) {
    storage::Allowance allowance(service.settings.storage_folder, service.settings.keep_free);
    allowance.leave_half();  // to jobs, which must not fail because of an upload
    const auto left = upload.length - upload.received;
    if (request.body_size) {
        if (std::cmp_greater(*request.body_size, left)) {
            return Error{
                ErrorKind::kBodyTooLarge,
                fmt::format("{} bytes of the upload are left to be sent", left), ""
            };
        }
        TRY(allowance.check(static_cast<std::int64_t>(*request.body_size)));
    }
    while (upload.received < upload.length) {
        TRY(check_pieces(upload));
        const auto count = TRY(keep_piece(service, request, allowance, upload));
        if (count == 0) break;
        upload.received += count;
        ++upload.pieces;
    }
    return complete(service, upload);
}

bool brings_bytes(const Request& request) {
    return to_lower(request.header("Content-Type")) == kBytesType;
}

/// As clients of tus know it: they come again.
Response locked() {
    constexpr int kLocked = 423;  // RFC 4918 11.3
    return std::move(refusal(kLocked, being_joined()).with("Retry-After", "1"));
}

/// How far an upload is.
Response told(int status, const store::ResumableUpload& upload) {
    if (!upload.is_ready && upload.received == upload.length) return locked();
    Response response;
    response.status = status;
    response.with("Upload-Offset", fmt::format("{}", upload.received));
    if (!upload.is_ready) response.with("Upload-Expires", http_date(expiry_of(upload) / 1000));
    return response;
}

Result<Response> refused(Error error) {
    if (error.kind == ErrorKind::kDiskFull) return refusal(507, error);
    return error;
}

Error too_large(const store::ResumableUpload& upload, std::int64_t most) {
    return {
        ErrorKind::kBodyTooLarge,
        fmt::format("an upload has at most {} bytes here, not {}", most, upload.length), ""
    };
}

/// Begins one, by a key or a token. Errors: `body_too_large`, `disk_full`, `token_invalid`.
Result<> begin(Service& service, const Request& request, const store::ResumableUpload& upload) {
    const auto& settings = service.settings;
    if (upload.length > settings.largest_input) return too_large(upload, settings.largest_input);
    storage::Allowance allowance(settings.storage_folder, settings.keep_free);
    allowance.leave_half();
    TRY(allowance.check(2 * upload.length));  // while the pieces become one
    if (request.upload_token.empty()) return service.resumables.add(upload);
    const auto most =
        TRY(service.resumables.add_by_token(upload, request.upload_token, expiry_of(upload)));
    if (!most) {
        return Error{
            ErrorKind::kTokenInvalid, "this upload token is being used: ask for another", "token"
        };
    }
    if (upload.length > *most) return too_large(upload, *most);
    return {};
}

Result<store::ResumableUpload> read_upload(Service& service, const Request& request) {
    if (request.find_header("Upload-Defer-Length") != nullptr) {
        return wrong("Upload-Defer-Length", "say Upload-Length: it cannot be told later");
    }
    store::ResumableUpload upload;
    upload.id = random_hex(128);
    upload.length = TRY(number_in(request, "Upload-Length"));
    if (upload.length == 0) return wrong("Upload-Length", "the upload is empty: that is no input");
    upload.metadata = std::string(request.header("Upload-Metadata"));
    upload.name = work::safe_name(TRY(name_in(upload.metadata)));
    upload.used_at = service.clock.now();
    return upload;
}

Result<Response> create(Service& service, const Request& request) {
    auto upload = TRY(read_upload(service, request));
    if (auto begun = begin(service, request, upload); !begun) return refused(begun.error());
    if (brings_bytes(request)) {
        if (auto kept = keep_bytes(service, request, upload); !kept) return refused(kept.error());
    }
    auto response = told(201, upload);
    response.with("Location", url_of(service, request, upload));
    return response;
}

/// One upload for each Idempotency-Key: who asks again is told how far it is by now.
Handler create_once() {
    return
        [create_one = idempotent(create)](Service& service, Request& request) -> Result<Response> {
            auto response = TRY(create_one(service, request));
            const auto replayed = response.header("Idempotent-Replayed");
            if (replayed.empty()) return response;
            const std::string url(response.header("Location"));
            const auto upload = TRY(find_upload(service, request, id_in(url)));
            auto again = told(201, upload);
            again.with("Location", url).with("Idempotent-Replayed", std::string(replayed));
            return again;
        };
}

Result<Response> show(Service& service, const Request& request) {
    auto upload = TRY(find_upload(service, request));
    TRY(complete(service, upload));
    auto response = told(200, upload);
    response.with("Upload-Length", fmt::format("{}", upload.length))
        .with("Cache-Control", "no-store");
    if (!upload.metadata.empty()) response.with("Upload-Metadata", upload.metadata);
    return response;
}

Result<Response> append(Service& service, const Request& request) {
    auto upload = TRY(find_upload(service, request));
    if (!brings_bytes(request)) {
        return Error{
            ErrorKind::kUnsupportedMediaType,
            fmt::format("send bytes as Content-Type: {}", kBytesType), "Content-Type"
        };
    }
    const auto offset = TRY(number_in(request, "Upload-Offset"));
    if (offset != upload.received) {
        auto response = refusal(
            409,
            wrong(
                "Upload-Offset",
                fmt::format("the next byte of this upload is {}, not {}", upload.received, offset)
            )
        );
        response.with("Upload-Offset", fmt::format("{}", upload.received));
        return response;
    }
    if (auto kept = keep_bytes(service, request, upload); !kept) return refused(kept.error());
    return told(204, upload);
}

Result<Response> remove(Service& service, const Request& request) {
    const auto upload = TRY(find_upload(service, request));
    if (upload.is_ready || !TRY(service.files.discard(upload.id))) {
        return wrong("id", "the upload has ended: its file goes by DELETE /files/{id}");
    }
    log::info("upload deleted", {{"file", upload.id}});
    return no_content();
}

Result<Response> tell_abilities(Service& service, const Request& /*request*/) {
    auto response = preflight();
    response
        .with(
            "Access-Control-Allow-Headers",
            "Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, X-HTTP-Method-Override"
        )
        .with("Tus-Version", std::string(kVersion))
        .with("Tus-Extension", std::string(kExtensions))
        .with("Tus-Max-Size", fmt::format("{}", service.settings.largest_input));
    return response;
}

/// For those who speak this version.
Handler in_tus(Handler handler) {
    return [handler = std::move(handler)](Service& service, Request& request) -> Result<Response> {
        if (request.header("Tus-Resumable") == kVersion) return handler(service, request);
        auto response =
            refusal(412, wrong("Tus-Resumable", fmt::format("send Tus-Resumable: {}", kVersion)));
        response.with("Tus-Version", std::string(kVersion));
        return response;
    };
}

std::vector<Header> headers_of_all() {
    return {
        {"Tus-Resumable", std::string(kVersion)},
        {"Access-Control-Expose-Headers",
         "Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Upload-Offset, Upload-Length, "
         "Upload-Metadata, Upload-Expires"},
    };
}

Route route_of(std::string_view method, bool has_id, std::string_view summary, Handler handler) {
    Route route{
        .method = method,
        .pattern = has_id ? "/uploads/resumable/{id}/{name}" : "/uploads/resumable",
        .summary = summary,
    };
    const bool is_open = method == "OPTIONS";
    route.handler = is_open ? std::move(handler) : in_tus(std::move(handler));
    route.is_open = is_open;
    route.takes_upload_tokens = !is_open;
    route.success = 204;
    route.headers = headers_of_all();
    if (!is_open) route.query = {"token"};
    if (has_id && !is_open) route.errors = {ErrorKind::kFileNotFound};
    return route;
}

/// The address of the file that a resumable upload has become; any other as it is.
Result<std::string> uploaded_file(Service& service, const std::string& url) {
    const auto start = url.find(kResumableFolder);
    if (start == std::string::npos) return url;
    const auto upload = TRY(service.resumables.find(id_in(url)));
    if (!upload) return url;
    if (upload->is_ready) {
        return service.settings.links.url(
            url.substr(0, start), {upload->id, upload->name}, service.clock.now()
        );
    }
    if (upload->received == upload->length) return being_joined();
    return Error{
        ErrorKind::kInvalidInput,
        fmt::format(
            "of this upload {} bytes are missing: send them first",
            upload->length - upload->received
        ),
        "input"
    };
}

/// Of a part of a request; `left` uploads may be looked for.
Result<> name_files(Service& service, json::value& part, int& left) {
    if (auto* url = part.if_string();
        url != nullptr && url->find(kResumableFolder) != json::string::npos) {
        if (left-- == 0) {
            return wrong("", fmt::format("a request names at most {} uploads", kMostUploads));
        }
        part = TRY(uploaded_file(service, std::string(*url)));
    } else if (auto* items = part.if_array()) {
        for (auto& item : *items) TRY(name_files(service, item, left));
    } else if (auto* members = part.if_object()) {
        for (auto& member : *members) {
            if (member.key() != "metadata") TRY(name_files(service, member.value(), left));
        }
    }
    return {};
}

}  // namespace

Result<> name_uploaded_files(Service& service, json::value& document) {
    int left = kMostUploads;
    return name_files(service, document, left);
}

std::vector<Route> resumable_routes() {
    auto post =
        route_of("POST", false, "Begin an upload that can be resumed (tus 1.0.0)", create_once());
    post.body = Body::kStream;
    post.success = 201;
    post.errors = {ErrorKind::kInvalidRequest, ErrorKind::kBodyTooLarge, ErrorKind::kDiskFull};
    auto head = route_of("HEAD", true, "How far a resumable upload is", show);
    head.success = 200;
    auto patch = route_of("PATCH", true, "Send the next bytes of a resumable upload", append);
    patch.body = Body::kStream;
    patch.request_schema = "UploadBytes";
    patch.errors = {
        ErrorKind::kFileNotFound, ErrorKind::kUnsupportedMediaType, ErrorKind::kInvalidRequest,
        ErrorKind::kBodyTooLarge, ErrorKind::kDiskFull
    };
    auto tell = route_of("OPTIONS", false, "What of tus is spoken here", tell_abilities);
    return {
        std::move(post),  std::move(head),
        std::move(patch), route_of("DELETE", true, "Give up a resumable upload", remove),
        std::move(tell),  route_of("OPTIONS", true, "What of tus is spoken here", tell_abilities),
    };
}

}  // namespace ittybit::api
