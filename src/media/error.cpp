#include "media/error.h"

#include <array>
#include <cerrno>
#include <cstdarg>
#include <mutex>

#include "media/handles.h"

namespace ittybit::media {
namespace {

/// What libav said last. One per process, as libav's callback is.
struct LastLine {
    std::mutex mutex;
    std::string text;
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
    last_line().text = std::move(text);
}

std::string last_line_text() {
    const std::lock_guard lock(last_line().mutex);
    return last_line().text;
}

bool has_said(std::string_view words) {
    return last_line_text().find(words) != std::string::npos;
}

Error of_kind(std::string_view kind, std::string_view doing, std::string_view advice) {
    return Error{
        std::string(kind), "cannot " + std::string(doing) + ": " + std::string(advice), "input"
    };
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
    if (has_said("max_streams"))
        return of_kind("limit_exceeded", doing, "the file has more streams than are allowed");
    if (has_said("exceeds specified max pixel count") || has_said("Picture size"))
        return of_kind("limit_exceeded", doing, "the picture has more pixels than are allowed");
    if (is_out_of_memory(code))
        return of_kind("limit_exceeded", doing, "it needs more memory than there is");
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
    return std::exchange(last_line().text, {});
}

}  // namespace ittybit::media
