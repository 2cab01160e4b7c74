#include "cli/hand_back.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "model/output_name.h"
#include "sandbox/workspace.h"
#include "work/managed.h"
#include "work/publish.h"

namespace ittybit::cli {
namespace {

constexpr int kPage = 100;  // parts asked for at once

/// A job's files in a folder of ours, before they have their names.
struct Fetched {
    sandbox::Workspace workspace;
    std::vector<FileReady> files;
    std::string parts_folder;  // the name that the playlist knows
    bool is_folder = false;    // the main file is one of the parts
};

/// A part's URL is that of the main file (`main`, unsigned) with `<parts folder>/<name>` for its
/// last piece. In a folder of files all lie beside the main one, which is one of them.
Result<> fetch_part(
    ApiClient& api,
    const std::string& main,
    const std::string& url,
    Fetched& to,
    const std::stop_token& stop
) {
    const auto base = main.substr(0, main.rfind('/') + 1);
    const auto plain = work::unsigned_url(url);  // the signatures of two answers may differ
    const auto slash = plain.rfind('/');
    const bool is_below = plain.starts_with(base) && slash != std::string::npos;
    const auto name = is_below ? plain.substr(slash + 1) : "";
    const auto folder =
        is_below && slash >= base.size() ? plain.substr(base.size(), slash - base.size()) : "";
    const bool is_folder_fit = to.is_folder ? folder.empty() : sandbox::is_flat_name(folder);
    if (!sandbox::is_flat_name(name) || !is_folder_fit) {
        return Error{
            ErrorKind::kDownloadFailed, fmt::format("{} is no part of the output", url), ""
        };
    }
    TRY(api.download(url, (to.workspace.path() / name).string(), stop));
    to.files.push_back({.name = name, .is_main = plain == main});
    to.parts_folder = folder;
    return {};
}

Result<> fetch_parts(ApiClient& api, const Task& task, Fetched& to, const std::stop_token& stop) {
    std::string after;
    for (bool has_more = true; has_more;) {
        const auto path = fmt::format("/tasks/{}/parts?limit={}{}", task.id, kPage, after);
        const auto page = TRY(api.call("GET", path, nullptr, stop));
        if (!page.is_array()) break;
        for (const auto& part : page.get_array()) {
            TRY(fetch_part(
                api, work::unsigned_url(*task.output->url), string_at(part, "url"), to, stop
            ));
            after = "&after=" + string_at(part, "name");
        }
        has_more = page.get_array().size() == kPage;
    }
    return {};
}

Result<std::filesystem::path> fetch_and_publish(
    ApiClient& api, const Task& task, work::Target target, const std::stop_token& stop
) {
    const auto& url = *task.output->url;
    Fetched fetched{TRY(sandbox::Workspace::make(target.folder)), {}, "", target.is_folder};
    if (task.output->parts) TRY(fetch_parts(api, task, fetched, stop));
    if (!target.is_folder) {
        const auto name = "main." + std::string(extension_in(url));
        TRY(api.download(url, (fetched.workspace.path() / name).string(), stop));
        fetched.files.push_back({.name = name, .is_main = true});
    }
    if (target.extension.empty() && !target.may_replace) target.extension = extension_in(url);
    return work::publish(fetched.workspace, fetched.files, target, fetched.parts_folder, stop);
}

}  // namespace

Result<std::string> hand_back(
    ApiClient& api, const Task& task, work::Target target, const std::stop_token& stop
) {
    const auto url = task.output ? task.output->url.value_or("") : "";
    if (url.empty())
        return Error{ErrorKind::kDownloadFailed, "the result has no address there", ""};
    auto path = fetch_and_publish(api, task, std::move(target), stop);
    if (path) return work::file_url(*path);
    auto error = std::move(path).error();
    error.message += fmt::format("; the result stays at {}", url);
    return error;
}

}  // namespace ittybit::cli
