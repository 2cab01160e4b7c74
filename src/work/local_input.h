#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "net/client.h"
#include "storage/source.h"
#include "work/local_job.h"

namespace ittybit::work {

/// The path that `-i -` stands for.
inline constexpr std::string_view kStandardInput = "/dev/stdin";

/// Opens a path for reading, never waiting for a writer. An empty Fd and errno when it cannot.
Fd open_input(const std::string& path);

/// The input of a job on this machine: a path, a `file://` URL, an S3 object, or an address that
/// the user typed (its redirects may not lead to link-local ones), behind the range cache.
class LocalInput {
public:
    explicit LocalInput(const std::string& scratch) : room_(scratch, 0) {}

    /// What is downloaded lies in the request's scratch folder. Errors: those of
    /// storage::Source::open.
    static Result<std::unique_ptr<LocalInput>> open(
        const LocalRequest& request, const std::stop_token& stop
    );

    storage::Source& source() { return *source_; }

private:
    net::Client client_{{.policy = net::AddressPolicy::typed_by_user()}};
    storage::Room room_;
    std::unique_ptr<storage::Source> source_;
};

}  // namespace ittybit::work
