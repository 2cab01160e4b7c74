#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace ittybit::work {

/// How one file of a stream is delivered.
struct Delivery {
    std::optional<std::string> missing = {};  // why it is not there
    bool is_left_out = false;                 // it may not be asked for
    std::string type = {};                    // its media type, in lower case, without parameters
    bool was_redirected = false;
};

/// Where the files of a stream are. What a stream's manifests name is a stranger's word: only what
/// lies with the manifest is read.
class StreamOrigin {
public:
    StreamOrigin() = default;
    StreamOrigin(const StreamOrigin&) = delete;
    StreamOrigin& operator=(const StreamOrigin&) = delete;
    virtual ~StreamOrigin() = default;

    /// Takes a piece. False: enough, the rest is not fetched.
    using Take = std::function<Result<bool>(std::span<const std::byte>)>;

    /// The address of the manifest, as references are resolved against it.
    virtual const std::string& manifest() const = 0;

    /// Gives the bytes of the file at `uri` to `take`. A file that is not there is no error.
    /// Errors: `cancelled`, those of `take`.
    virtual Result<Delivery> fetch(
        const std::string& uri, const Take& take, const std::stop_token& stop
    ) = 0;

    /// Whether it is delivered by HTTP; the questions below are only asked then.
    virtual bool is_web() const = 0;
    /// Whether the file comes compressed to those who accept gzip; nothing where it does not come.
    virtual std::optional<bool> comes_compressed(
        const std::string& uri, const std::stop_token& stop
    ) = 0;
    /// Whether a range of the file is answered with that range; nothing where no file is.
    virtual std::optional<bool> has_ranges(const std::string& uri, const std::stop_token& stop) = 0;
};

/// The stream that a path or URL leads to: files in the manifest's folder and below it, or what is
/// on the web (other hosts than the manifest's only where they are public). Errors:
/// `invalid_input`.
Result<std::unique_ptr<StreamOrigin>> open_stream(const std::string& input);

}  // namespace ittybit::work
