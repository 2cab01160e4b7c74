#include "work/local_input.h"

#include <utility>

#include "storage/s3.h"
#include "work/places.h"
#include "work/publish.h"

namespace ittybit::work {
namespace {

Result<std::unique_ptr<storage::Origin>> origin_of(
    const LocalRequest& request, net::Client& client
) {
    const auto& input = request.input;
    const bool is_url = input.find("://") != std::string::npos;
    if (!is_url || input.starts_with("file://")) return storage::file_origin(path_of(input));
    auto url = TRY(net::Url::parse(input));
    if (!url.is_s3()) return storage::http_origin(client, std::move(url));
    const auto place = read_s3(input);
    return storage::s3_origin(request.s3->client, request.s3->account, place.bucket, place.key);
}

}  // namespace

Result<std::unique_ptr<LocalInput>> LocalInput::open(
    const LocalRequest& request, const std::stop_token& stop
) {
    auto local = std::make_unique<LocalInput>(request.target.folder.string());
    auto origin = TRY(origin_of(request, local->client_));
    storage::Source::Options options;
    options.scratch_folder = request.target.folder.string();
    options.largest = request.limits.input_bytes;
    options.room = &local->room_;
    local->source_ = TRY(storage::Source::open(std::move(origin), std::move(options), stop));
    return local;
}

}  // namespace ittybit::work
