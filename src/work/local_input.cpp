#include "work/local_input.h"

#include <utility>

#include "work/publish.h"

namespace ittybit::work {
namespace {

Result<std::unique_ptr<storage::Origin>> origin_of(const std::string& input, net::Client& client) {
    const bool is_url = input.find("://") != std::string::npos;
    if (!is_url || input.starts_with("file://")) return storage::file_origin(path_of(input));
    auto url = TRY(net::Url::parse(input));
    if (!url.is_s3()) return storage::http_origin(client, std::move(url));
    return Error{
        "invalid_input", "s3:// inputs need a server; use a path or an http(s) URL here", "input"
    };
}

}  // namespace

Result<std::unique_ptr<LocalInput>> LocalInput::open(
    const std::string& input,
    const std::string& scratch,
    const Limits& limits,
    const std::stop_token& stop
) {
    auto local = std::make_unique<LocalInput>(scratch);
    auto origin = TRY(origin_of(input, local->client_));
    storage::Source::Options options;
    options.scratch_folder = scratch;
    options.largest = limits.input_bytes;
    options.room = &local->room_;
    local->source_ = TRY(storage::Source::open(std::move(origin), std::move(options), stop));
    return local;
}

}  // namespace ittybit::work
