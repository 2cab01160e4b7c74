// POST /uploads: a body of any size becomes a managed file that can be an input. POST
// /uploads/tokens: a permission to do this once, for a browser that must not have a key.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "api/handlers.h"
#include "api/idempotency.h"
#include "base/fields_json.h"
#include "base/ids.h"
#include "base/text.h"
#include "model/job.h"
#include "storage/allowance.h"
#include "store/api_key.h"
#include "work/managed.h"

namespace ittybit::api {
namespace {

Error too_large(const Service& service, std::int64_t most) {
    if (most < service.settings.largest_input) {
        return {
            ErrorKind::kBodyTooLarge, fmt::format("this token is for {} bytes at most", most), ""
        };
    }
    return {
        ErrorKind::kBodyTooLarge,
        fmt::format("inputs of this server have at most {} bytes (--limit-input-bytes)", most), ""
    };
}

/// Streams the body into the storage, never more than a piece of it in memory. What is announced is
/// judged before the first byte is asked for. How many bytes there were.
Result<std::int64_t> keep_body(
    Service& service, const Request& request, const std::string& key, std::int64_t most
) {
    constexpr std::size_t kPiece = 256U << 10U;
    storage::UploadOptions options;
    storage::Allowance allowance(service.settings.storage_folder, service.settings.keep_free);
    allowance.leave_half();  // to jobs, which must not fail because of an upload
    if (const auto announced = request.body_size) {
        if (std::cmp_greater(*announced, most)) return too_large(service, most);
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
        if (total > most) return too_large(service, most);
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
    return total;
}

Result<Response> keep_upload(Service& service, const Request& request, std::int64_t most) {
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
    const auto kept = keep_body(service, request, work::managed_key(name), most);
    if (!kept) {
        TRY(service.files.discard(name.id));
        if (kept.error().kind == ErrorKind::kDiskFull) return refusal(507, kept.error());
        return kept.error();
    }
    if (auto shown = service.files.make_ready(name.id, *kept, service.clock.now()); !shown) {
        TRY(service.storage.remove(work::managed_key(name), {}));
        return std::move(shown).error();
    }
    const auto& links = service.settings.links;
    const ExternalFile file{.url = links.url(base_url(service, request), name, now)};
    auto response = json_response(201, to_json(file));
    response.with("Location", file.url);
    return response;
}

/// A token is taken while its upload goes on, and given back when that fails.
Result<Response> create(Service& service, const Request& request) {
    const auto most = service.settings.largest_input;
    if (request.upload_token.empty()) return keep_upload(service, request, most);
    const auto now = service.clock.now();
    const auto token = TRY(service.files.take_upload_token(request.upload_token, now));
    if (!token) {
        return Error{
            ErrorKind::kTokenInvalid, "this upload token is being used: ask for another", "token"
        };
    }
    auto response = keep_upload(service, request, std::min(most, token->max_bytes));
    if (!response || response->status != 201) TRY(service.files.allow_upload(*token));
    return response;
}

/// Errors: `invalid_request`.
Result<UploadTokenRequest> read_token_request(const Request& request) {
    constexpr UnixMillis kLongest = 86'400'000;
    UploadTokenRequest wanted;
    Reader reader;
    if (!request.body.empty()) {
        const auto body = TRY(read_json_body(request));
        reader.read(body, wanted);
    }
    if (wanted.expires_in && wanted.expires_in->ms > kLongest) {
        reader.wrong("expires_in", "must be 24h at most");
    }
    if (reader.problems().empty()) return wanted;
    const auto& problem = reader.problems().front();
    return Error{ErrorKind::kInvalidRequest, problem.message, problem.where};
}

/// Its answer is not remembered for an Idempotency-Key: that would keep the token.
Result<Response> allow(Service& service, const Request& request) {
    constexpr Duration kUsual{3'600'000};
    const auto wanted = TRY(read_token_request(request));
    const auto text = fmt::format("{}{}", store::kUploadTokenPrefix, random_hex(256));
    const auto most = service.settings.largest_input;
    const store::UploadToken token{
        store::hash_of_key(text),
        request.pass ? request.pass->key_id : "",
        std::min(most, wanted.max_bytes.value_or(most)),
        service.clock.now() + wanted.expires_in.value_or(kUsual).ms,
    };
    TRY(service.files.allow_upload(token));
    const auto url = fmt::format("{}/uploads?token={}", base_url(service, request), text);
    auto response = json_response(
        201, {{"object", "upload_token"},
              {"token", text},
              {"url", url},
              {"max_bytes", token.max_bytes},
              {"expires_at", token.expires_at}}
    );
    response.with("Location", url).with("Cache-Control", "no-store");
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
         .takes_upload_tokens = true,
         .success = 201,
         .request_schema = "Bytes",
         .answer_schema = "ExternalFile",
         .query = {"filename", "token"},
         .errors =
             {ErrorKind::kUnsupportedMediaType, ErrorKind::kInvalidRequest,
              ErrorKind::kBodyTooLarge, ErrorKind::kDiskFull, ErrorKind::kIdempotencyKeyReused}},
        {.method = "POST",
         .pattern = "/uploads/tokens",
         .summary = "Allow one upload to whoever has this token, shown only now",
         .handler = allow,
         .body = Body::kJson,
         .success = 201,
         .request_schema = "UploadTokenRequest",
         .answer_schema = "UploadToken"},
    };
}

}  // namespace ittybit::api
