#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "storage/source.h"
#include "work/workshop.h"

namespace ittybit::work {

/// Where the bytes of a URL are. Errors: as below.
Result<std::unique_ptr<storage::Origin>> served_origin(
    Workshop& shop, const std::string& url, const std::optional<std::string>& connection
);

/// The input of a job of the service, read through the range cache. Our own files are read from
/// storage, whatever host their URL names; s3:// ones with the connection of this id. Errors:
/// `connection_required`, `invalid_input`, later those of the origin, and `limit_exceeded`
/// (input_bytes) where it has more than `options.largest` bytes. Where it is kept is known here.
Result<std::shared_ptr<storage::Source>> open_served_input(
    Workshop& shop,
    const std::string& url,
    const std::optional<std::string>& connection,
    storage::Source::Options options,
    const std::stop_token& stop
);

}  // namespace ittybit::work
