#pragma once

#include <array>
#include <cstdint>
#include <iosfwd>
#include <string_view>

#include "base/names.h"

namespace ittybit {

/// Every kind of error there is (SPEC: Errors), in the order in which several problems of one
/// request are ranked. Whose fault each is, and its HTTP status: model/error_kinds.h.
enum class ErrorKind : std::uint8_t {
    kTokenMissing,
    kTokenInvalid,
    kBodyTooLarge,
    kUnsupportedMediaType,
    kInvalidJson,
    kInvalidRequest,
    kInputRequired,
    kInvalidInput,
    kKindRequired,
    kInvalidKind,
    kInvalidFormat,
    kInvalidCodec,
    kInvalidOptions,
    kInvalidOutput,
    kConnectionRequired,
    kInvalidWebhookUrl,
    kJobNotFound,
    kTaskNotFound,
    kConnectionNotFound,
    kFileNotFound,
    kDeliveryNotFound,
    kRouteNotFound,
    kMethodNotAllowed,
    kJobFinished,
    kConnectionExists,
    kIdempotencyKeyReused,
    kTooManyRequests,
    kUnavailable,
    kInternalError,
    kDownloadFailed,
    kSourceChanged,
    kInputBlocked,
    kUnsupportedMedia,
    kCorruptMedia,
    kNoVideoStream,
    kNoAudioStream,
    kNoSubtitleStream,
    kStartOutOfRange,
    kLimitExceeded,
    kEncodeFailed,
    kOutputInvalid,
    kTaskTimeout,
    kTaskCrashed,
    kUploadFailed,
    kDiskFull,
    kCancelled,
};

/// Its word: in JSON, over HTTP, on the command line, between our processes, in the database.
constexpr auto names(ErrorKind) {
    return std::array{
        Name{ErrorKind::kTokenMissing, "token_missing", "No API key was sent."},
        Name{ErrorKind::kTokenInvalid, "token_invalid", "The API key is not known, or no longer."},
        Name{ErrorKind::kBodyTooLarge, "body_too_large", "The body is larger than is taken."},
        Name{
            ErrorKind::kUnsupportedMediaType, "unsupported_media_type",
            "The body is of a type that is not taken here."
        },
        Name{ErrorKind::kInvalidJson, "invalid_json", "The body is no JSON."},
        Name{
            ErrorKind::kInvalidRequest, "invalid_request", "A field, parameter or header is wrong."
        },
        Name{ErrorKind::kInputRequired, "input_required", "There is no input."},
        Name{
            ErrorKind::kInvalidInput, "invalid_input", "The input is no address that can be read."
        },
        Name{ErrorKind::kKindRequired, "kind_required", "There is no kind."},
        Name{ErrorKind::kInvalidKind, "invalid_kind", "The kind is none."},
        Name{ErrorKind::kInvalidFormat, "invalid_format", "The format is none of this kind."},
        Name{ErrorKind::kInvalidCodec, "invalid_codec", "The codec does not go with the format."},
        Name{
            ErrorKind::kInvalidOptions, "invalid_options",
            "An option is unknown, out of its range or against another."
        },
        Name{
            ErrorKind::kInvalidOutput, "invalid_output",
            "The output cannot be written under this name."
        },
        Name{
            ErrorKind::kConnectionRequired, "connection_required",
            "There is no connection that the address could be reached by."
        },
        Name{
            ErrorKind::kInvalidWebhookUrl, "invalid_webhook_url",
            "webhook_url is no address that can be called."
        },
        Name{ErrorKind::kJobNotFound, "job_not_found", "There is no such job."},
        Name{ErrorKind::kTaskNotFound, "task_not_found", "There is no such task."},
        Name{
            ErrorKind::kConnectionNotFound, "connection_not_found", "There is no such connection."
        },
        Name{ErrorKind::kFileNotFound, "file_not_found", "There is no such file."},
        Name{
            ErrorKind::kDeliveryNotFound, "delivery_not_found",
            "There is no such delivery of a webhook."
        },
        Name{ErrorKind::kRouteNotFound, "route_not_found", "There is nothing at this path."},
        Name{ErrorKind::kMethodNotAllowed, "method_not_allowed", "The path has other methods."},
        Name{ErrorKind::kJobFinished, "job_finished", "The job has ended already."},
        Name{
            ErrorKind::kConnectionExists, "connection_exists", "Another connection has this name."
        },
        Name{
            ErrorKind::kIdempotencyKeyReused, "idempotency_key_reused",
            "The Idempotency-Key came with another request before."
        },
        Name{
            ErrorKind::kTooManyRequests, "too_many_requests",
            "More requests or jobs than are allowed."
        },
        Name{ErrorKind::kUnavailable, "unavailable", "Try again in a moment."},
        Name{ErrorKind::kInternalError, "internal_error", "A fault of our own."},
        Name{ErrorKind::kDownloadFailed, "download_failed", "The input could not be fetched."},
        Name{ErrorKind::kSourceChanged, "source_changed", "The input changed while it was read."},
        Name{
            ErrorKind::kInputBlocked, "input_blocked", "The address may not be reached from here."
        },
        Name{
            ErrorKind::kUnsupportedMedia, "unsupported_media",
            "The input is of a format that is not read."
        },
        Name{ErrorKind::kCorruptMedia, "corrupt_media", "The input is damaged."},
        Name{ErrorKind::kNoVideoStream, "no_video_stream", "The input has no picture."},
        Name{ErrorKind::kNoAudioStream, "no_audio_stream", "The input has no sound."},
        Name{
            ErrorKind::kNoSubtitleStream, "no_subtitle_stream",
            "The input has no such subtitles, or none that are text."
        },
        Name{ErrorKind::kStartOutOfRange, "start_out_of_range", "The input ends before start."},
        Name{
            ErrorKind::kLimitExceeded, "limit_exceeded", "The input needs more than a limit allows."
        },
        Name{ErrorKind::kEncodeFailed, "encode_failed", "The encoder or the container refused it."},
        Name{ErrorKind::kOutputInvalid, "output_invalid", "The result did not pass our own check."},
        Name{ErrorKind::kTaskTimeout, "task_timeout", "The work came to no end."},
        Name{ErrorKind::kTaskCrashed, "task_crashed", "The media process ended by itself."},
        Name{ErrorKind::kUploadFailed, "upload_failed", "The output could not be stored."},
        Name{ErrorKind::kDiskFull, "disk_full", "The disk is full."},
        Name{ErrorKind::kCancelled, "cancelled", "It was ended on request."},
    };
}

/// The word instead of a number, where a test tells what it got.
template <typename Traits>
std::basic_ostream<char, Traits>& operator<<(
    std::basic_ostream<char, Traits>& stream, ErrorKind kind
) {
    return stream << name_of(kind);
}

}  // namespace ittybit
