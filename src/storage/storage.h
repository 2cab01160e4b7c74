#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "storage/origin.h"
#include "storage/ranges.h"

namespace ittybit::storage {

/// Facts of one stored object.
struct Stored {
    std::string key;
    std::int64_t size = 0;
    std::string etag;          // without quotes; another for other bytes
    std::string content_type;  // empty where the storage keeps none (a folder)
    UnixMillis modified = 0;
};

struct UploadOptions {
    std::string content_type = "application/octet-stream";
    std::string cache_control = {};                  // empty: none
    std::optional<std::int64_t> expected_size = {};  // an upper estimate; decides the part size
    /// Told, from any thread, the receipt of an upload that would outlive a crash of this process:
    /// one before the service is asked to begin it, another when it has. Whoever keeps receipts
    /// gives them to Storage::uploads_of later.
    std::function<void(const std::string& receipt)> on_started = {};
    /// Told the same receipt once nothing is left of what it stands for but an object.
    std::function<void(const std::string& receipt)> on_ended = {};
};

/// An object being written. Nothing of it can be read under its key before `commit` has
/// succeeded; an existing object stays until then. Use either `append`, or `put_file`. Calls from
/// one thread at a time. Destroying it uncommitted aborts it.
class Upload {
public:
    Upload() = default;
    Upload(const Upload&) = delete;
    Upload& operator=(const Upload&) = delete;
    virtual ~Upload() = default;

    /// The next bytes. Copies them; waits while too many are on their way.
    virtual Result<> append(std::span<const std::byte> bytes, const std::stop_token& stop) = 0;

    /// Bytes [range.from, range.to) of `descriptor` (any local file) are final and will be the same
    /// bytes of the object. Any order; ranges must not overlap, and cover everything at commit.
    /// Returns early: the bytes are read and sent later, so the file must keep them until `commit`
    /// or `abort`; the descriptor itself is duplicated.
    virtual Result<> put_file(int descriptor, Range range, const std::stop_token& stop) = 0;

    /// Waits for every byte, checks that the whole is `size` bytes and publishes it atomically.
    /// Errors: `upload_failed`, `disk_full`, `cancelled`; the upload is then aborted.
    virtual Result<Stored> commit(std::int64_t size, const std::stop_token& stop) = 0;

    /// Leaves nothing behind. Harmless when repeated or after commit.
    virtual void abort() = 0;
};

/// Takes the next bytes of an object; false: enough.
using TakeBytes = std::function<Result<bool>(std::span<const std::byte>)>;

/// A place for objects by key: a folder, an S3 bucket and prefix, memory. Thread-safe. Keys are
/// relative, with `/` between pieces; no piece may be empty, `.` or `..`.
/// Errors of all: `file_not_found`, `invalid_output` (a bad key), `disk_full`, `upload_failed`
/// (writing), `download_failed` (reading), `cancelled`.
class Storage {
public:
    Storage() = default;
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;
    virtual ~Storage() = default;

    virtual Result<std::unique_ptr<Upload>> begin(
        const std::string& key, UploadOptions options, const std::stop_token& stop
    ) = 0;

    virtual Result<Stored> head(const std::string& key, const std::stop_token& stop) = 0;

    /// Streams [range.from, range.to), cut at the end, in pieces; false from `take` ends it early.
    virtual Result<> read(
        const std::string& key, Range range, const TakeBytes& take, const std::stop_token& stop
    ) = 0;

    /// The object as an input for Source; a local file where it is one (then `local_file()` of it
    /// also serves sendfile).
    virtual Result<std::unique_ptr<Origin>> origin(const std::string& key) = 0;

    /// An absent object is removed already.
    virtual Result<> remove(const std::string& key, const std::stop_token& stop) = 0;

    /// Every object whose key begins with `prefix`, in order of keys.
    virtual Result<std::vector<Stored>> list(
        const std::string& prefix, const std::stop_token& stop
    ) = 0;

    /// A URL by which anybody can GET the object for so long; nothing where there is none.
    virtual std::optional<std::string> presign(const std::string& key, std::chrono::seconds lasts);

    /// Aborts uploads begun before `before` and never ended, or known to be nobody's; how many.
    /// Only for a place that is ours alone.
    virtual Result<int> sweep(UnixMillis before, const std::stop_token& stop) = 0;

    /// Whether objects are on another machine: then an unfinished upload is somebody's cost.
    virtual bool is_remote() const { return false; }

    /// The receipts, for `abort`, of the uploads that one told before the service had answered may
    /// stand for; of any other, itself. Errors: `unavailable` while that cannot be told yet.
    virtual Result<std::vector<std::string>>
    uploads_of(const std::string& receipt, const std::stop_token&) {
        return std::vector{receipt};
    }

    /// Aborts the upload a receipt is of; one that is gone is aborted already.
    virtual Result<> abort(const std::string& receipt, const std::stop_token& stop) = 0;
};

/// Whole small objects, by the functions above.
Result<Stored> put(
    Storage& storage,
    const std::string& key,
    std::span<const std::byte> bytes,
    UploadOptions options,
    const std::stop_token& stop
);
Result<std::string> get(Storage& storage, const std::string& key, const std::stop_token& stop);

/// Writes, reads and deletes a small object: whether a place can be used. The error says what is
/// wrong.
Result<> try_storage(Storage& storage, const std::stop_token& stop);

/// Objects as files below `root`, which is made when missing. Published by rename, after fsync of
/// file and folder. Unfinished ones lie nameless or in `root/.uploads`.
Result<std::unique_ptr<Storage>> open_folder(const std::string& root);

/// For tests.
std::unique_ptr<Storage> memory_storage();

}  // namespace ittybit::storage
