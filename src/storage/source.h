#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "storage/origin.h"
#include "storage/ranges.h"
#include "storage/retries.h"
#include "storage/room.h"

namespace ittybit::storage {

/// An input as a file that can be read with pread: a local file itself, or a sparse scratch file
/// that is filled from an Origin as it is asked for (the range cache). Lives from one task of a job
/// to the next. Every function may be called from any thread, several at once: typically one thread
/// runs `complete` while another answers a child's needs with `ensure`.
///
/// With ranges, each `ensure` fetches what is missing and some read-ahead: little at a new place,
/// more and more where reads go on in sequence, per place (a badly interleaved file has two). No
/// byte is fetched twice, and after `Options::scattered_requests` requests the rest is read front
/// to back, so that no child can make us hammer an origin. Without ranges a thread of the source
/// reads the origin once, front to back, from `open` on.
class Source {
public:
    struct Options {
        std::string scratch_folder = {};           // where the nameless scratch file is made
        std::int64_t largest = 1'000'000'000'000;  // bytes; more is limit_exceeded input_bytes
        std::int64_t first_read = std::int64_t{256} * 1024;  // bytes of a request at a new place
        std::int64_t longest_read =
            std::int64_t{8} * 1024 * 1024;  // bytes of a request in a long sequence
        int scattered_requests = 512;
        Retries retries = {};               // of one request that fails in passing
        Room* room = nullptr;               // of the scratch folder's disk; outlives the source
        Room::Use use = Room::Use::kInput;  // of that room
        Version known = {};  // of bytes that others read already: another is `source_changed`
    };

    /// Connects, and reads the first bytes. Errors: `download_failed` with the HTTP status in
    /// words, `input_blocked`, `limit_exceeded`, `disk_full`, `cancelled`, `invalid_input` (a local
    /// file that is none), `source_changed`.
    static Result<std::unique_ptr<Source>> open(
        std::unique_ptr<Origin> origin, Options options, const std::stop_token& stop = {}
    );

    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    ~Source();

    /// Read-only, for pread; owned by the source. What was not ensured reads as zeros.
    int descriptor() const;
    /// The whole length in bytes; nothing while it is not known.
    std::optional<std::int64_t> size() const;
    /// Whether every byte is there: nobody needs to ask any more.
    bool is_complete() const;

    /// Whether a part can be had before what lies in front of it.
    bool has_ranges() const;

    /// Returns when [offset, offset + length), cut at the end of the input, is readable. Errors:
    /// as `open`, and `source_changed`.
    Result<> ensure(std::int64_t offset, std::int64_t length, const std::stop_token& stop);

    /// Returns when every byte is readable and the length is known and right. Errors: `disk_full`
    /// at once where there can never be room for them.
    Result<> complete(const std::stop_token& stop);

    /// Bytes of payload that came from the origin so far; 0 for a local file.
    std::int64_t bytes_fetched() const;
    /// Bytes present and, where known, the size: for the import's progress.
    std::int64_t bytes_present() const;
    /// How many requests were made.
    int requests() const;
    /// ETag, Last-Modified and length as the origin first gave them.
    Version version() const;

private:
    struct State;
    explicit Source(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ittybit::storage
