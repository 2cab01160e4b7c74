// POST /uploads: a body of any size becomes a managed file that can be an input.

#include <utility>

#include <fmt/format.h>

#include "api/handlers.h"
#include "api/idempotency.h"
#include "base/fields_json.h"
#include "base/ids.h"
#include "base/text.h"
#include "model/job.h"
#include "storage/allowance.h"
#include "work/managed.h"

namespace ittybit::api {
namespace {

Error too_large(std::int64_t most) {
    return {
        ErrorKind::kBodyTooLarge,
        fmt::format("inputs of this server have at most {} bytes (--limit-input-bytes)", most), ""
    };
}

/// Streams the body into the storage, never more than a piece of it in memory. What is announced is
/// judged before the first byte is asked for.
Result<> keep_body(Service& service, const Request& request, const std::string& key) {
    constexpr std::size_t kPiece = 256U << 10U;
    const auto most = service.settings.largest_input;
    storage::UploadOptions options;
    storage::Allowance allowance(service.settings.storage_folder, service.settings.keep_free);
    allowance.leave_half();  // to jobs, which must not fail because of an upload
    if (const auto announced = request.body_size) {
        if (std::cmp_greater(*announced, most)) return too_large(most);
        options.expected_size = static_cast<std::int64_t>(*announced);
        TRY(allowance.check(*options.expected_size));
    }
    auto upload = TRY(service.storage.begin(key, options, {}));
    std::vector<std::byte> piece(kPiece);
    std::int64_t total = 0;
    for (;;) {
        const auto count = TRY(request.read_body(piece));
        if (count == 0) break;
        total += static_cast<std::int64_t>(count);
        if (total > most) return too_large(most);
        TRY(allowance.check(static_cast<std::int64_t>(count)));
        TRY(upload->append(std::span(piece).first(count), {}));
    }
    if (total == 0) {
        return Error{
            ErrorKind::kInvalidRequest,
            "the upload is empty: send the file's bytes as the body (curl: --data-binary @FILE)", ""
        };
    }
    TRY(upload->commit(total, {}));
    return {};
}

Result<Response> create(Service& service, const Request& request) {
    TRY(check_coding(request));
    if (to_lower(request.header("Content-Type")).starts_with("multipart/")) {
        return Error{
            ErrorKind::kUnsupportedMediaType,
            "send the file's bytes alone as the body, not a form (curl: --data-binary @FILE)",
            "Content-Type"
        };
    }
    const auto now = service.clock.now();
    const work::ManagedName name{
        random_hex(128), work::safe_name(request.query_value("filename").value_or("upload"))
    };
    TRY(service.files.add({name.id, {}, "upload", name.name, false, now, now}));
    if (const auto kept = keep_body(service, request, work::managed_key(name)); !kept) {
        TRY(service.files.discard(name.id));
        if (kept.error().kind == ErrorKind::kDiskFull) return refusal(507, kept.error());
        return kept.error();
    }
    TRY(service.files.make_ready(name.id, service.clock.now()));
    const ExternalFile file{.url = work::managed_url(base_url(service, request), name)};
    auto response = json_response(201, to_json(file));
    response.with("Location", file.url);
    return response;
}

}  // namespace

std::vector<Route> upload_routes() {
    return {
        {.method = "POST",
         .pattern = "/uploads",
         .summary = "Upload a file of any size; its url can be an input for 24 hours",
         .handler = idempotent(create),
         .body = Body::kStream,
         .success = 201,
         .request_schema = "Bytes",
         .answer_schema = "ExternalFile",
         .query = {"filename"},
         .errors =
             {ErrorKind::kUnsupportedMediaType, ErrorKind::kInvalidRequest,
              ErrorKind::kBodyTooLarge, ErrorKind::kDiskFull, ErrorKind::kIdempotencyKeyReused}},
    };
}

}  // namespace ittybit::api
