#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "storage/source.h"
#include "work/local_job.h"

namespace ittybit::work {

/// The path that `-i -` stands for.
inline constexpr std::string_view kStandardInput = "/dev/stdin";

/// Opens a path for reading, never waiting for a writer. An empty Fd and errno when it cannot.
Fd open_input(const std::string& path);

/// The input of a job on this machine, or a file that an option names: a path, a `file://` URL, an
/// S3 object, or an address that the user typed (its redirects may not lead to link-local ones),
/// behind the range cache. What is downloaded lies in the request's scratch folder, `largest` bytes
/// at most. Errors: those of storage::Source::open.
Result<std::shared_ptr<storage::Source>> open_local_input(
    const LocalRequest& request,
    const std::string& url_or_path,
    std::int64_t largest,
    const std::stop_token& stop
);

}  // namespace ittybit::work
