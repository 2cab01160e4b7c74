#include "work/target.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "model/output_name.h"
#include "sandbox/workspace.h"
#include "work/managed.h"

namespace ittybit::work {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFileScheme = "file://";
constexpr int kMostLinks = 40;             // as many as the kernel follows
constexpr std::size_t kLongestName = 255;  // NAME_MAX

Error bad_output(std::string message) {
    return {ErrorKind::kInvalidOutput, std::move(message), "output"};
}

Result<std::string> fill(std::string output, const Wish& wish) {
    const std::array<std::pair<std::string_view, std::string>, 3> values = {{
        {"{filename}", stem_of_input(wish.input)},
        {"{kind}", std::string(wish.kind)},
        {"{format}", std::string(wish.extension)},
    }};
    for (const auto& [name, value] : values) {
        for (auto at = output.find(name); at != std::string::npos;
             at = output.find(name, at + value.size())) {
            if (value.empty()) {
                return bad_output(fmt::format("{} is not known before the work; name it", name));
            }
            output.replace(at, name.size(), value);
        }
    }
    for (const std::string_view name : {"{id}", "{date}"}) {
        if (output.find(name) != std::string::npos)
            return bad_output(fmt::format("{} stands in names in a bucket alone", name));
    }
    return output;
}

/// What a name stands for behind its symbolic links. The links of /proc to open files (what
/// /dev/stdout and its like lead to) name no path: they stay.
Result<fs::path> follow_links(fs::path path) {
    std::error_code code;
    for (int links = 0; links < kMostLinks; ++links) {
        if (!fs::is_symlink(path, code)) return path;
        const auto folder = path.parent_path();
        const auto real_folder = fs::canonical(folder, code).string();
        if (real_folder.starts_with("/proc/") && real_folder.ends_with("/fd")) return path;
        const auto next = fs::read_symlink(path, code);
        if (code) break;
        path = next.is_absolute() ? next : folder / next;
    }
    return bad_output(fmt::format("{} leads from link to link without an end", path.string()));
}

Result<> check_stream(const Wish& wish, const fs::path& path) {
    if (wish.kind == "adaptive_video" || wish.is_folder) {
        return bad_output(fmt::format(
            "{} takes one file, and {} many: give a folder, or a name in one",
            path == kStandardOutput ? "standard output" : path.string(),
            wish.is_folder ? "these pictures are" : "a stream is"
        ));
    }
    if (path == kStandardOutput || ::access(path.c_str(), W_OK) == 0) return {};
    return bad_output(fmt::format("you may not write to {}; choose another", path.string()));
}

/// Makes what is missing of a folder, and whoever asks may write there.
Result<> make_folder(const fs::path& folder) {
    std::error_code code;
    const auto shown = folder.string();
    fs::create_directories(folder, code);
    if (std::error_code unknown; !fs::is_directory(folder, unknown)) {
        return bad_output(fmt::format(
            "the folder {} cannot be made: {}", shown,
            code ? code.message() : "something else has its name"
        ));
    }
    if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
    return bad_output(
        fmt::format("you may not write in the folder {}; choose another with --output", shown)
    );
}

Target stream_target(std::string name) {
    std::error_code code;
    Target target;
    target.folder = fs::temp_directory_path(code);
    target.stream = std::move(name);
    return target;
}

Result<Target> named_target(const Wish& wish, const fs::path& path) {
    struct stat facts{};
    if (::stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode)) {
        if (S_ISSOCK(facts.st_mode)) return bad_output(path.string() + " is a socket");
        TRY(check_stream(wish, path));
        return stream_target(path.string());
    }
    std::error_code code;
    if (fs::is_symlink(path, code)) {  // to an open file: its name may be anything by now
        TRY(check_stream(wish, path));
        return stream_target(path.string());
    }
    if (path.filename().string().size() > kLongestName) {
        return bad_output(fmt::format("the output's name is longer than {} bytes", kLongestName));
    }
    Target target;
    target.folder = path.parent_path();
    target.stem = path.stem().string();
    target.extension = path.has_extension() ? path.extension().string().substr(1) : "";
    target.may_replace = true;
    return target;
}

/// In a folder, under the input's name.
Target target_in(const Wish& wish, const fs::path& folder) {
    Target target;
    target.folder = folder;
    target.stem = wish.name.empty() ? stem_of_input(wish.input) : safe_name(wish.name);
    target.extension = wish.extension;
    target.has_own_folder = wish.kind == "adaptive_video";
    target.is_folder = wish.is_folder;
    return target;
}

Result<Target> choose(const Wish& wish) {
    std::error_code code;
    if (wish.output == kStandardOutput) {
        TRY(check_stream(wish, wish.output));
        return stream_target(std::string(wish.output));
    }
    auto output = TRY(fill(path_of(wish.output), wish));
    if (output.empty()) return target_in(wish, fs::current_path(code));
    if (wish.is_folder && !output.ends_with('/')) output += '/';
    const auto path = fs::absolute(output, code);
    if (!output.ends_with('/') && !fs::is_directory(path, code)) {
        return named_target(wish, TRY(follow_links(path)));
    }
    auto target = target_in(wish, path);
    const bool has_folder = target.has_own_folder || target.is_folder;
    if (has_folder && !fs::exists(path, code)) {  // the stream's folder itself
        const auto itself = path.parent_path();
        if (fs::exists(itself, code)) {
            const auto what = fmt::format("{} is a file: give another folder", itself.string());
            return Error{ErrorKind::kInvalidOutput, what, "output"};
        }
        target.folder = itself.parent_path();
        target.stem = itself.filename().string();
    }
    return target;
}

}  // namespace

Result<Target> choose_target(const Wish& wish) {
    auto target = TRY(choose(wish));
    TRY(make_folder(target.folder));
    return target;
}

std::string stem_of_input(std::string_view input) {
    if (is_url(input)) input = without_query(input);
    const auto path = path_of(input);
    std::string_view name = path;
    while (name.ends_with('/')) name.remove_suffix(1);
    name = name.substr(name.rfind('/') + 1);
    const auto extension = extension_in(name);
    if (!extension.empty()) name.remove_suffix(extension.size() + 1);
    return sandbox::is_flat_name(name) ? std::string(name) : "output";
}

std::string file_url(const fs::path& path) {
    std::error_code code;
    const auto whole = fs::absolute(path, code).lexically_normal().string();
    return std::string(kFileScheme) + percent_encode(whole, true);
}

std::string path_of(std::string_view url_or_path) {
    if (!url_or_path.starts_with(kFileScheme)) return std::string(url_or_path);
    auto rest = url_or_path.substr(kFileScheme.size());
    if (rest.starts_with("localhost/")) rest.remove_prefix(9);
    return percent_decode(rest);
}

}  // namespace ittybit::work
