#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace ittybit {

/// Whose problem a failure is. Decides the exit status and whether a task is tried again.
enum class Fault {
    kRequest,    // the caller asked for something wrong
    kAccess,     // the caller may not
    kInput,      // the media itself is broken or unsupported
    kFarEnd,     // another machine failed us: try again later
    kOurselves,  // our bug or a broken machine: try again, and tell a human
    kCancelled,  // someone asked us to stop
};

/// One kind of error: its word in `error.kind`, whose fault it is, and the HTTP status when it
/// answers a request (0: it only ever ends a job).
struct ErrorKind {
    std::string_view name;
    Fault fault;
    int http_status;
};

/// Every error kind there is (SPEC: Errors). In the order in which several problems of one request
/// are ranked.
inline constexpr std::array kErrorKinds = {
    ErrorKind{"token_missing", Fault::kAccess, 401},
    ErrorKind{"token_invalid", Fault::kAccess, 401},
    ErrorKind{"body_too_large", Fault::kRequest, 413},
    ErrorKind{"unsupported_media_type", Fault::kRequest, 415},
    ErrorKind{"invalid_json", Fault::kRequest, 400},
    ErrorKind{"invalid_request", Fault::kRequest, 400},
    ErrorKind{"input_required", Fault::kRequest, 400},
    ErrorKind{"invalid_input", Fault::kRequest, 400},
    ErrorKind{"kind_required", Fault::kRequest, 400},
    ErrorKind{"invalid_kind", Fault::kRequest, 400},
    ErrorKind{"invalid_format", Fault::kRequest, 400},
    ErrorKind{"invalid_codec", Fault::kRequest, 400},
    ErrorKind{"invalid_options", Fault::kRequest, 400},
    ErrorKind{"invalid_output", Fault::kRequest, 400},
    ErrorKind{"connection_required", Fault::kRequest, 400},
    ErrorKind{"invalid_webhook_url", Fault::kRequest, 400},
    ErrorKind{"job_not_found", Fault::kRequest, 404},
    ErrorKind{"task_not_found", Fault::kRequest, 404},
    ErrorKind{"connection_not_found", Fault::kRequest, 404},
    ErrorKind{"file_not_found", Fault::kRequest, 404},
    ErrorKind{"route_not_found", Fault::kRequest, 404},
    ErrorKind{"method_not_allowed", Fault::kRequest, 405},
    ErrorKind{"job_finished", Fault::kRequest, 409},
    ErrorKind{"connection_exists", Fault::kRequest, 409},
    ErrorKind{"idempotency_key_reused", Fault::kRequest, 422},
    ErrorKind{"too_many_requests", Fault::kRequest, 429},
    ErrorKind{"unavailable", Fault::kFarEnd, 503},
    ErrorKind{"internal_error", Fault::kOurselves, 500},
    ErrorKind{"download_failed", Fault::kFarEnd, 0},
    ErrorKind{"source_changed", Fault::kFarEnd, 0},
    ErrorKind{"input_blocked", Fault::kInput, 0},
    ErrorKind{"unsupported_media", Fault::kInput, 0},
    ErrorKind{"corrupt_media", Fault::kInput, 0},
    ErrorKind{"no_video_stream", Fault::kInput, 0},
    ErrorKind{"no_audio_stream", Fault::kInput, 0},
    ErrorKind{"start_out_of_range", Fault::kInput, 0},
    ErrorKind{"limit_exceeded", Fault::kInput, 0},
    ErrorKind{"encode_failed", Fault::kOurselves, 0},
    ErrorKind{"output_invalid", Fault::kOurselves, 0},
    ErrorKind{"task_timeout", Fault::kInput, 0},
    ErrorKind{"task_crashed", Fault::kOurselves, 0},
    ErrorKind{"upload_failed", Fault::kFarEnd, 0},
    ErrorKind{"disk_full", Fault::kOurselves, 0},
    ErrorKind{"cancelled", Fault::kCancelled, 0},
};

/// The row of a kind; `internal_error`'s for a word that is none.
constexpr const ErrorKind& error_kind(std::string_view name) {
    const ErrorKind* found = nullptr;
    for (const auto& row : kErrorKinds) {
        if (row.name == "internal_error" && found == nullptr) found = &row;
        if (row.name == name) found = &row;
    }
    return *found;
}

/// The command line's exit status for a fault (SPEC section 3).
constexpr int exit_status(Fault fault) {
    switch (fault) {
        case Fault::kRequest: return 2;
        case Fault::kAccess: return 3;
        case Fault::kCancelled: return 130;
        case Fault::kInput:
        case Fault::kFarEnd:
        case Fault::kOurselves: return 1;
    }
    return 1;
}

/// Whether another attempt may end better.
constexpr bool is_worth_retrying(Fault fault) {
    return fault == Fault::kFarEnd || fault == Fault::kOurselves;
}

}  // namespace ittybit
