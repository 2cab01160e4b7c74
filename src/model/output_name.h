#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace ittybit {

/// How the subtitles of an output are called among its parts. On a user's own disk they lie beside
/// the output instead, under its name.
inline constexpr std::string_view kSubtitleFile = "subtitles.vtt";

/// Whether a URL begins so ("s3://"), in any case.
bool has_scheme(std::string_view url, std::string_view scheme);
bool is_s3(std::string_view url);
bool is_web(std::string_view url);  // http:// or https://

/// Whether a place is a URL; else, and as `file://`, it is a path of this machine.
bool is_url(std::string_view place);

/// "mp4" of "a/b.mp4"; "" when the last part of the path has none.
std::string_view extension_in(std::string_view path);

/// "mov" of "https://host/a/clip.mov?x=1" and of a path; "" where the last part of the path has
/// none, or one that is more than letters and digits.
std::string_view extension_of_address(std::string_view url_or_path);

/// An address without what follows its path: "https://h/a.mp4" of "https://h/a.mp4?signature=1".
std::string_view without_query(std::string_view url);

/// Without `format` in the options, the output's extension decides it and is written there; with
/// it, both must agree. So does `waveform`, for the extensions of one. A name without an extension,
/// or with a placeholder for one, decides nothing, nor does one of a web address that is no format;
/// a folder of pictures has none. Errors: `invalid_output`.
Result<> settle_format(std::string_view kind, std::string_view output, json::object& options);

/// Whether an s3:// URL names an object that can be fetched: its key has neither "." nor ".." for a
/// piece, which HTTP would take away. Errors: `invalid_input`.
Result<> check_s3_input(std::string_view input, std::string_view field = "input");

/// Whether an output is `s3://bucket/key` that can be written: known placeholders and none in the
/// bucket, a key that names a file, or where `is_folder` a folder. Errors: `invalid_output`.
Result<> check_s3_output(std::string_view output, bool is_folder = false);

}  // namespace ittybit
