#include "work/served_input.h"

#include <utility>

#include "storage/s3.h"
#include "work/managed.h"
#include "work/places.h"

namespace ittybit::work {

Result<std::unique_ptr<storage::Origin>> served_origin(
    Workshop& shop, const std::string& url, const std::optional<std::string>& connection
) {
    if (const auto ours = find_managed(url)) {
        const auto file = TRY(shop.files.find(ours->id));
        if (file && file->is_ready) {
            TRY(shop.files.touch(ours->id, shop.clock.now()));
            auto found = shop.storage->origin(managed_key(*ours));
            if (found || found.error().kind != ErrorKind::kFileNotFound) return found;
            // Its words would tell the address, which is all one needs to read it.
            return Error{
                ErrorKind::kInternalError, "the stored input is missing; upload it again", "input"
            };
        }
    }
    auto parsed = TRY(net::Url::parse(url));
    if (!parsed.is_s3()) return storage::http_origin(shop.client, std::move(parsed));
    auto account = TRY(account_of(shop.connections, shop.secrets, connection.value_or("")));
    return storage::s3_origin(shop.client, std::move(account), parsed.host(), parsed.key());
}

Result<std::shared_ptr<storage::Source>> open_served_input(
    Workshop& shop,
    const std::string& url,
    const std::optional<std::string>& connection,
    storage::Source::Options options,
    const std::stop_token& stop
) {
    options.scratch_folder = shop.scratch;
    options.room = &shop.room;
    auto from = TRY(served_origin(shop, url, connection));
    return std::shared_ptr(TRY(storage::Source::open(std::move(from), std::move(options), stop)));
}

}  // namespace ittybit::work
