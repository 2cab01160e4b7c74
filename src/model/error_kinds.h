#pragma once

#include <array>
#include <cstddef>

#include "base/error_kind.h"

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

/// Whose fault a kind of error is, and the HTTP status when it answers a request (0: it only ever
/// ends a job).
struct ErrorRow {
    ErrorKind kind;
    Fault fault;
    int http_status;
};

/// One row for each kind, in their order.
inline constexpr std::array kErrorRows = {
    ErrorRow{ErrorKind::kTokenMissing, Fault::kAccess, 401},
    ErrorRow{ErrorKind::kTokenInvalid, Fault::kAccess, 401},
    ErrorRow{ErrorKind::kBodyTooLarge, Fault::kRequest, 413},
    ErrorRow{ErrorKind::kUnsupportedMediaType, Fault::kRequest, 415},
    ErrorRow{ErrorKind::kInvalidJson, Fault::kRequest, 400},
    ErrorRow{ErrorKind::kInvalidRequest, Fault::kRequest, 400},
    ErrorRow{ErrorKind::kInputRequired, Fault::kRequest, 400},
    ErrorRow{ErrorKind::kInvalidInput, Fault::kRequest, 400},
    ErrorRow{ErrorKind::kKindRequired, Fault::kRequest, 400},
    ErrorRow{ErrorKind::kInvalidKind, Fault::kRequest, 400},
    ErrorRow{ErrorKind::kInvalidFormat, Fault::kRequest, 400},
    ErrorRow{ErrorKind::kInvalidCodec, Fault::kRequest, 400},
    ErrorRow{ErrorKind::kInvalidOptions, Fault::kRequest, 400},
    ErrorRow{ErrorKind::kInvalidOutput, Fault::kRequest, 400},
    ErrorRow{ErrorKind::kConnectionRequired, Fault::kRequest, 400},
    ErrorRow{ErrorKind::kInvalidWebhookUrl, Fault::kRequest, 400},
    ErrorRow{ErrorKind::kJobNotFound, Fault::kRequest, 404},
    ErrorRow{ErrorKind::kTaskNotFound, Fault::kRequest, 404},
    ErrorRow{ErrorKind::kConnectionNotFound, Fault::kRequest, 404},
    ErrorRow{ErrorKind::kFileNotFound, Fault::kRequest, 404},
    ErrorRow{ErrorKind::kDeliveryNotFound, Fault::kRequest, 404},
    ErrorRow{ErrorKind::kRouteNotFound, Fault::kRequest, 404},
    ErrorRow{ErrorKind::kMethodNotAllowed, Fault::kRequest, 405},
    ErrorRow{ErrorKind::kJobFinished, Fault::kRequest, 409},
    ErrorRow{ErrorKind::kConnectionExists, Fault::kRequest, 409},
    ErrorRow{ErrorKind::kIdempotencyKeyReused, Fault::kRequest, 422},
    ErrorRow{ErrorKind::kTooManyRequests, Fault::kRequest, 429},
    ErrorRow{ErrorKind::kUnavailable, Fault::kFarEnd, 503},
    ErrorRow{ErrorKind::kInternalError, Fault::kOurselves, 500},
    ErrorRow{ErrorKind::kDownloadFailed, Fault::kFarEnd, 0},
    ErrorRow{ErrorKind::kSourceChanged, Fault::kFarEnd, 0},
    ErrorRow{ErrorKind::kInputBlocked, Fault::kInput, 0},
    ErrorRow{ErrorKind::kUnsupportedMedia, Fault::kInput, 0},
    ErrorRow{ErrorKind::kCorruptMedia, Fault::kInput, 0},
    ErrorRow{ErrorKind::kNoVideoStream, Fault::kInput, 0},
    ErrorRow{ErrorKind::kNoAudioStream, Fault::kInput, 0},
    ErrorRow{ErrorKind::kNoSubtitleStream, Fault::kInput, 0},
    ErrorRow{ErrorKind::kStartOutOfRange, Fault::kInput, 0},
    ErrorRow{ErrorKind::kLimitExceeded, Fault::kInput, 0},
    ErrorRow{ErrorKind::kEncodeFailed, Fault::kOurselves, 0},
    ErrorRow{ErrorKind::kOutputInvalid, Fault::kOurselves, 0},
    ErrorRow{ErrorKind::kTaskTimeout, Fault::kInput, 0},
    ErrorRow{ErrorKind::kTaskCrashed, Fault::kOurselves, 0},
    ErrorRow{ErrorKind::kUploadFailed, Fault::kFarEnd, 0},
    ErrorRow{ErrorKind::kDiskFull, Fault::kOurselves, 0},
    ErrorRow{ErrorKind::kCancelled, Fault::kCancelled, 0},
};

constexpr const ErrorRow& error_row(ErrorKind kind) {
    return kErrorRows.at(static_cast<std::size_t>(kind));
}

static_assert(
    [] {
        for (std::size_t i = 0; i < kErrorRows.size(); ++i) {
            const auto kind = static_cast<ErrorKind>(i);
            if (kErrorRows.at(i).kind != kind || names(kind).at(i).value != kind) return false;
        }
        return names(ErrorKind{}).size() == kErrorRows.size();
    }(),
    "each kind has a word and a row, in the order of the kinds"
);

/// Whether it is of the media that nobody can read it: damage, or a form that is not known here.
constexpr bool is_of_media(ErrorKind kind) {
    return kind == ErrorKind::kCorruptMedia || kind == ErrorKind::kUnsupportedMedia;
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
