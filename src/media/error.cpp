#include "media/error.h"

#include <array>
#include <cerrno>
#include <cstdarg>
#include <mutex>

#include "media/handles.h"

namespace ittybit::media {
namespace {

/// What libav said last, and whether it ran into a limit, which its codes do not tell. One per
/// process, as libav's callback is.
struct LastLine {
    std::mutex mutex;
    std::string text;
    bool has_too_many_pixels = false;
    bool has_too_many_streams = false;
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
    const std::lock_guard lock(last_line().mutex);
    const auto has = [&](const char* words) { return text.find(words) != std::string::npos; };
    last_line().has_too_many_pixels |= has("Picture size");
    last_line().has_too_many_streams |= has("max_streams");
    last_line().text = std::move(text);
}

bool has_noted(bool LastLine::* what) {
    const std::lock_guard lock(last_line().mutex);
    return last_line().*what;
}

Error of_kind(std::string_view kind, std::string_view doing, std::string_view advice) {
    return Error{
        std::string(kind), "cannot " + std::string(doing) + ": " + std::string(advice), "input"
    };
}

Error over_limit(std::string_view doing, std::string_view name, std::int64_t value) {
    const std::string most = std::to_string(value) + " " + std::string(name);
    Error error = of_kind(
        "limit_exceeded", doing, "it is over the limit of " + most + ": upload a smaller file"
    );
    error.limit = LimitReached{std::string(name), static_cast<double>(value)};
    return error;
}

bool is_out_of_memory(int code) {
    return code == AVERROR(ENOMEM);
}

bool is_unsupported(int code) {
    return code == AVERROR_DECODER_NOT_FOUND || code == AVERROR_DEMUXER_NOT_FOUND ||
           code == AVERROR_PATCHWELCOME || code == AVERROR(ENOSYS) || code == AVERROR(EPERM);
}

}  // namespace

Error input_error(int code, std::string_view doing, const Limits& limits) {
    if (code == AVERROR_EXIT) return cancelled();
    if (has_noted(&LastLine::has_too_many_streams))
        return over_limit(doing, "streams", limits.streams);
    if (has_noted(&LastLine::has_too_many_pixels))
        return over_limit(doing, "pixels", limits.pixels);
    if (is_out_of_memory(code)) return over_limit(doing, "memory_bytes", limits.memory_bytes);
    if (is_unsupported(code)) {
        return of_kind(
            "unsupported_media", doing,
            "it uses a feature or codec that is not supported here; convert it to H.264 in MP4, or"
            " to another common format, and try again"
        );
    }
    return of_kind(
        "corrupt_media", doing,
        "the file is damaged, incomplete or not what it claims to be; check that it plays and that"
        " its upload completed"
    );
}

Error output_error(int code, std::string_view doing) {
    const std::string what = "cannot " + std::string(doing);
    if (code == AVERROR_EXIT) return cancelled();
    if (code == AVERROR(ENOSPC) || code == AVERROR(EDQUOT))
        return Error{"disk_full", what + ": there is no room left; free some space", ""};
    if (code == AVERROR(EFBIG))
        return Error{"limit_exceeded", what + ": the output is larger than is allowed", ""};
    if (is_out_of_memory(code))
        return Error{"limit_exceeded", what + ": it needs more memory than there is", ""};
    return Error{"encode_failed", what + ": the encoder or the container refused it", ""};
}

Error cancelled() {
    return Error{"cancelled", "the work was stopped", ""};
}

void capture_log() {
    static std::once_flag once;
    std::call_once(once, [] { av_log_set_callback(keep_line); });
}

std::string take_last_log_line() {
    const std::lock_guard lock(last_line().mutex);
    last_line().has_too_many_pixels = false;
    last_line().has_too_many_streams = false;
    return std::exchange(last_line().text, {});
}

}  // namespace ittybit::media
