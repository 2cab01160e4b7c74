#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/fields.h"
#include "base/result.h"
#include "net/client.h"
#include "storage/ranges.h"

namespace ittybit::storage {

/// What an origin says about its bytes with each answer: enough to notice that they changed.
struct Version {
    std::optional<std::int64_t> size;  // of the whole; nothing where it is not said
    std::string etag;                  // as sent, quotes and W/ included; may be empty
    std::string last_modified;         // as sent; may be empty

    static constexpr auto kFields = Fields{
        Field{&Version::size, "size", ""},
        Field{&Version::etag, "etag", ""},
        Field{&Version::last_modified, "last_modified", ""},
    };
};

/// The first words of an answer to Origin::fetch.
struct Answer {
    Version version;
    std::int64_t offset = 0;  // where the bytes that follow begin: the one asked for, or 0 when
                              // the origin cannot give ranges
    bool has_ranges = false;
};

/// Takes the bytes of one answer.
struct Taker {
    std::function<Result<>(const Answer&)> answer;
    std::function<Result<bool>(std::span<const std::byte>)> bytes;  // false: enough
};

/// Where the bytes of a source come from. `fetch` may be called by several threads at once.
class Origin {
public:
    Origin() = default;
    Origin(const Origin&) = delete;
    Origin& operator=(const Origin&) = delete;
    virtual ~Origin() = default;

    /// Asks once for `range` (range.to may be kNoEnd) and hands over what comes, which may be
    /// less. `known` is what earlier answers said, so that an origin can refuse to send bytes of
    /// another version. Errors: `unavailable` (worth another try), `download_failed`,
    /// `source_changed`, `input_blocked`, `cancelled`; those of `taker` pass unchanged.
    virtual Result<> fetch(
        Range range, const Version& known, const Taker& taker, const std::stop_token& stop
    ) = 0;

    /// For messages and logs: no query string, no secret.
    virtual std::string name() const = 0;

    /// The bytes as a local file, where they are one; an empty Fd otherwise.
    virtual Result<Fd> local_file() { return Fd(); }
};

/// A file on this machine. Errors of opening: `invalid_input`.
std::unique_ptr<Origin> file_origin(std::string path);

/// What comes out of a pipe, a device or standard input, once and front to back. Errors of reading:
/// `invalid_input`.
std::unique_ptr<Origin> pipe_origin(Fd pipe, std::string name);

/// A GET of `url` by `client` (which outlives it), redirects followed.
std::unique_ptr<Origin> http_origin(net::Client& client, net::Url url, net::Patience patience = {});

/// Bytes in memory, for tests.
std::unique_ptr<Origin> memory_origin(std::vector<std::byte> bytes);

}  // namespace ittybit::storage
