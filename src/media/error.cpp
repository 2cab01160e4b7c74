#include "media/error.h"

#include <array>
#include <cerrno>
#include <cstdarg>
#include <mutex>

#include "base/thread_safety.h"
#include "media/handles.h"

namespace ittybit::media {
namespace {

/// What libav said last, and whether it ran into a limit, which its codes do not tell. One per
/// process, as libav's callback is.
struct LastLine {
    Mutex mutex;
    std::string text GUARDED_BY(mutex);
    bool has_too_many_pixels GUARDED_BY(mutex) = false;
    bool has_too_many_streams GUARDED_BY(mutex) = false;
};

LastLine& last_line() {
    static LastLine line;
    return line;
}

void keep_line(void* source, int level, const char* format, va_list arguments) {
    if (level > AV_LOG_ERROR) return;
    std::array<char, 512> line = {};
    int print_prefix = 1;
    av_log_format_line2(
        source, level, format, arguments, line.data(), static_cast<int>(line.size()), &print_prefix
    );
    std::string text = line.data();
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    if (text.empty()) return;
    const MutexLock lock(last_line().mutex);
    const auto has = [&](const char* words) { return text.find(words) != std::string::npos; };
    last_line().has_too_many_pixels |= has("Picture size");
    last_line().has_too_many_streams |= has("max_streams");
    last_line().text = std::move(text);
}

bool has_noted(bool LastLine::* what) {
    const MutexLock lock(last_line().mutex);
    return last_line().*what;
}

Error of_kind(ErrorKind kind, std::string_view doing, std::string_view advice) {
    return Error{kind, "cannot " + std::string(doing) + ": " + std::string(advice), "input"};
}

Error over_limit(std::string_view doing, std::string_view name, std::string_view advice) {
    return Error{
        ErrorKind::kLimitExceeded, "cannot " + std::string(doing) + ": " + std::string(advice), "",
        LimitReached{std::string(name)}
    };
}

Error over_memory(std::string_view doing) {
    return over_limit(
        doing, "memory_bytes", "it needs more memory than there is; choose a smaller picture"
    );
}

bool is_out_of_memory(int code) {
    return code == AVERROR(ENOMEM);
}

bool is_unsupported(int code) {
    return code == AVERROR_DECODER_NOT_FOUND || code == AVERROR_DEMUXER_NOT_FOUND ||
           code == AVERROR_PATCHWELCOME || code == AVERROR(ENOSYS) || code == AVERROR(EPERM);
}

}  // namespace

Error input_error(int code, std::string_view doing) {
    if (code == AVERROR_EXIT) return cancelled();
    if (has_noted(&LastLine::has_too_many_streams))
        return over_limit(doing, "streams", "it has more than is allowed; upload it with fewer");
    if (has_noted(&LastLine::has_too_many_pixels))
        return over_limit(doing, "pixels", "it is larger than is allowed; upload a smaller one");
    if (is_out_of_memory(code)) return over_memory(doing);
    if (is_unsupported(code)) {
        return of_kind(
            ErrorKind::kUnsupportedMedia, doing,
            "it uses a feature or codec that is not supported here; convert it to H.264 in MP4, or"
            " to another common format, and try again"
        );
    }
    return of_kind(
        ErrorKind::kCorruptMedia, doing,
        "the file is damaged, incomplete or not what it claims to be; check that it plays and that"
        " its upload completed"
    );
}

Error output_error(int code, std::string_view doing) {
    const std::string what = "cannot " + std::string(doing);
    if (code == AVERROR_EXIT) return cancelled();
    if (code == AVERROR(ENOSPC) || code == AVERROR(EDQUOT))
        return Error{ErrorKind::kDiskFull, what + ": there is no room left; free some space", ""};
    if (code == AVERROR(EFBIG))
        return over_limit(doing, "output_bytes", "the output is larger than is allowed");
    if (is_out_of_memory(code)) return over_memory(doing);
    return Error{ErrorKind::kEncodeFailed, what + ": the encoder or the container refused it", ""};
}

Error cancelled() {
    return Error{ErrorKind::kCancelled, "the work was stopped", ""};
}

void capture_log() {
    static std::once_flag once;
    std::call_once(once, [] { av_log_set_callback(keep_line); });
}

std::string take_last_log_line() {
    const MutexLock lock(last_line().mutex);
    last_line().has_too_many_pixels = false;
    last_line().has_too_many_streams = false;
    return std::exchange(last_line().text, {});
}

}  // namespace ittybit::media
