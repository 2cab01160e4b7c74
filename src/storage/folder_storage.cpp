#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ids.h"
#include "storage/allowance.h"
#include "storage/folder.h"
#include "storage/keys.h"
#include "storage/scratch.h"
#include "storage/storage.h"

namespace ittybit::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUploads = ".uploads";
constexpr std::int64_t kPiece = 1 << 20;

Error refused(const std::string& what) {
    if (errno == ENAMETOOLONG)
        return {
            ErrorKind::kInvalidOutput, "a piece of the key is longer than the file system allows",
            ""
        };
    auto error = write_error(what);
    if (error.kind == ErrorKind::kInternalError) error.kind = ErrorKind::kUploadFailed;
    return error;
}

Stored facts_of(const std::string& key, const struct stat& status) {
    const std::int64_t modified_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
    std::array<char, 64> etag = {};
    std::snprintf(
        etag.data(), etag.size(), "%llx-%llx-%llx", static_cast<unsigned long long>(status.st_ino),
        static_cast<unsigned long long>(status.st_size),
        static_cast<unsigned long long>(modified_ns)
    );
    return {key, status.st_size, etag.data(), "", modified_ns / 1'000'000};
}

/// Nobody has it open to write: who does holds a lock, which ends with its process.
bool is_abandoned(const fs::path& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    return file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
}

/// A new file of our own. Until it is locked, another process may take it for abandoned.
Fd make_upload(const fs::path& path) {
    Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    struct stat status = {};
    const bool is_ours = file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 &&
                         ::fstat(file.get(), &status) == 0 && status.st_nlink > 0;
    if (file && !is_ours) file.reset();
    return file;
}

/// Makes the entry itself durable, not only the file's bytes.
Result<> sync_folder(const fs::path& folder) {
    const Fd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened || ::fsync(opened.get()) != 0) return refused("the folder cannot be synced");
    return {};
}

class FolderUpload : public Upload {
public:
    FolderUpload(fs::path root, std::string key, fs::path path, Fd file, Allowance allowance)
        : root_(std::move(root)),
          key_(std::move(key)),
          path_(std::move(path)),
          file_(std::move(file)),
          allowance_(allowance) {}
    ~FolderUpload() override { FolderUpload::abort(); }

    Result<> append(std::span<const std::byte> bytes, const std::stop_token& stop) override {
        while (!bytes.empty()) {
            if (stop.stop_requested())
                return Error{ErrorKind::kCancelled, "the upload was cancelled", ""};
            const auto piece = bytes.first(std::min<std::size_t>(bytes.size(), kPiece));
            TRY(allowance_.check(static_cast<std::int64_t>(piece.size())));
            const auto count = ::pwrite(file_.get(), piece.data(), piece.size(), end_);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return refused("an upload cannot be written");
            present_.add({end_, end_ + count});
            end_ += count;
            bytes = bytes.subspan(static_cast<std::size_t>(count));
        }
        return {};
    }

    Result<> put_file(int descriptor, Range range, const std::stop_token& stop) override {
        TRY(allowance_.check(range.length()));
        present_.add(range);
        off_t from = range.from;
        while (from < range.to) {
            if (stop.stop_requested())
                return Error{ErrorKind::kCancelled, "the upload was cancelled", ""};
            const auto length =
                static_cast<std::size_t>(std::min<off_t>(range.to - from, 64 << 20));
            off_t to = from;
            auto count = ::copy_file_range(descriptor, &from, file_.get(), &to, length, 0);
            if (count < 0 &&
                (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
                count = copy_by_hand(descriptor, from, length);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return refused("an upload cannot be written");
            if (count == 0)
                return Error{
                    ErrorKind::kInternalError, "the file is shorter than it should be", key_
                };
        }
        return {};
    }

    Result<Stored> commit(std::int64_t size, const std::stop_token& stop) override {
        auto stored = publish(size, stop);
        if (!stored) abort();
        return stored;
    }

    void abort() override {
        if (!path_.empty()) ::unlink(path_.c_str());
        path_.clear();
        file_.reset();
    }

private:
    /// Between file systems that cannot copy among themselves.
    ssize_t copy_by_hand(int descriptor, off_t& offset, std::size_t length) {
        std::vector<std::byte> piece(std::min<std::size_t>(length, kPiece));
        const auto count = ::pread(descriptor, piece.data(), piece.size(), offset);
        if (count <= 0) return count;
        const auto written =
            ::pwrite(file_.get(), piece.data(), static_cast<std::size_t>(count), offset);
        offset += std::max<ssize_t>(written, 0);
        return written;
    }

    Result<Stored> publish(std::int64_t size, const std::stop_token& stop) {
        struct stat status = {};
        if (stop.stop_requested())
            return Error{ErrorKind::kCancelled, "the upload was cancelled", ""};
        if (::fstat(file_.get(), &status) != 0) return refused("an upload cannot be read");
        if (status.st_size != size || !present_.contains({0, size}))
            return Error{ErrorKind::kUploadFailed, "the object is not whole", key_};
        if (::fsync(file_.get()) != 0) return refused("an upload cannot be synced");
        const fs::path target = root_ / key_;
        TRY(move_to(target));
        path_.clear();
        for (auto folder = target.parent_path();; folder = folder.parent_path()) {
            TRY(sync_folder(folder));
            if (folder == root_) break;
        }
        return facts_of(key_, status);
    }

    Result<> move_to(const fs::path& target) {
        // Somebody who removes the last object of a folder removes the folder: hence again.
        for (int tries = 0; tries < 5; ++tries) {
            std::error_code error;
            fs::create_directories(target.parent_path(), error);
            if (::rename(path_.c_str(), target.c_str()) == 0) return {};
            if (errno != ENOENT) break;
        }
        return refused("the object cannot be put in its place");
    }

    fs::path root_;
    std::string key_;
    fs::path path_;
    Fd file_;
    const Allowance allowance_;
    off_t end_ = 0;
    Ranges present_;
};

class FolderStorage : public Storage {
public:
    FolderStorage(fs::path root, std::int64_t keep_free)
        : root_(std::move(root)), keep_free_(keep_free) {}

    Result<std::unique_ptr<Upload>>
    begin(const std::string& key, UploadOptions options, const std::stop_token&) override {
        TRY(check_own_key(key));
        const Allowance allowance(root_, keep_free_);
        std::string name;
        fs::path path;
        Fd file;
        for (int tries = 0; !file && tries < 5; ++tries) {
            name = random_hex(128);
            path = root_ / kUploads / name;
            file = make_upload(path);
        }
        if (!file) return refused("an upload cannot be begun");
        if (options.on_started) options.on_started(name);
        return std::unique_ptr<Upload>(
            std::make_unique<FolderUpload>(root_, key, std::move(path), std::move(file), allowance)
        );
    }

    Result<Stored> head(const std::string& key, const std::stop_token&) override {
        TRY(check_own_key(key));
        struct stat status = {};
        if (::lstat((root_ / key).c_str(), &status) != 0 || !S_ISREG(status.st_mode))
            return not_found(key);
        return facts_of(key, status);
    }

    Result<> read(
        const std::string& key, Range range, const TakeBytes& take, const std::stop_token& stop
    ) override {
        const Fd file = TRY(open(key));
        std::vector<std::byte> piece(kPiece);
        while (range.from < range.to) {
            if (stop.stop_requested())
                return Error{ErrorKind::kCancelled, "the download was cancelled", ""};
            const auto length = static_cast<std::size_t>(std::min(range.length(), kPiece));
            const auto count = ::pread(file.get(), piece.data(), length, range.from);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0)
                return Error{ErrorKind::kDownloadFailed, "the stored object cannot be read", key};
            if (count == 0) break;
            const bool wants_more =
                TRY(take(std::span(piece).first(static_cast<std::size_t>(count))));
            if (!wants_more) break;
            range.from += count;
        }
        return {};
    }

    Result<std::unique_ptr<Origin>> origin(const std::string& key) override {
        TRY(open(key));
        return file_origin(root_ / key);
    }

    Result<> remove(const std::string& key, const std::stop_token&) override {
        TRY(check_own_key(key));
        const auto path = root_ / key;
        if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR)
            return refused("the object cannot be removed");
        for (auto folder = path.parent_path(); folder != root_; folder = folder.parent_path()) {
            if (::rmdir(folder.c_str()) != 0 && errno != ENOENT) break;
        }
        return {};
    }

    Result<std::vector<Stored>> list(const std::string& prefix, const std::stop_token& stop)
        override {
        std::vector<Stored> found;
        std::error_code error;
        const auto folder = root_ / prefix.substr(0, prefix.rfind('/') + 1);
        fs::recursive_directory_iterator entry(folder, error);
        for (; !error && entry != fs::end(entry); entry.increment(error)) {
            if (stop.stop_requested())
                return Error{ErrorKind::kCancelled, "the listing was cancelled", ""};
            const std::string key = fs::relative(entry->path(), root_, error);
            if (key == kUploads) entry.disable_recursion_pending();
            struct stat status = {};
            if (key.starts_with(prefix) && ::lstat(entry->path().c_str(), &status) == 0 &&
                S_ISREG(status.st_mode))
                found.push_back(facts_of(key, status));
        }
        std::sort(found.begin(), found.end(), [](const Stored& a, const Stored& b) {
            return a.key < b.key;
        });
        return found;
    }

    /// However young they are: whether somebody is at work on them is known.
    Result<int> sweep(UnixMillis, const std::stop_token&) override {
        int swept = 0;
        std::error_code error;
        fs::directory_iterator entry(root_ / kUploads, error);
        for (; !error && entry != fs::end(entry); entry.increment(error)) {
            if (is_abandoned(entry->path())) swept += ::unlink(entry->path().c_str()) == 0 ? 1 : 0;
        }
        return swept;
    }

    Result<> abort(const std::string& receipt, const std::stop_token&) override {
        if (!receipt.empty() && receipt.find('/') == std::string::npos && receipt[0] != '.')
            ::unlink((root_ / kUploads / receipt).c_str());
        return {};
    }

private:
    static Result<> check_own_key(const std::string& key) {
        TRY(check_key(key));
        if (key.substr(0, key.find('/')) != kUploads) return {};
        return Error{ErrorKind::kInvalidOutput, "the key begins with a name that is in use", ""};
    }

    Result<Fd> open(const std::string& key) {
        TRY(check_own_key(key));
        Fd file(::open((root_ / key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
        struct stat status = {};
        if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
            return not_found(key);
        return file;
    }

    fs::path root_;
    std::int64_t keep_free_;
};

}  // namespace

Result<std::unique_ptr<Storage>> open_folder(const std::string& root) {
    return open_folder(root, 0);
}

Result<std::unique_ptr<Storage>> open_folder(const std::string& root, std::int64_t keep_free) {
    std::error_code error;
    fs::create_directories(fs::path(root) / kUploads, error);
    if (error)
        return Error{
            ErrorKind::kInternalError, "the storage folder cannot be made: " + error.message(), ""
        };
    return std::unique_ptr<Storage>(
        std::make_unique<FolderStorage>(fs::canonical(root, error), keep_free)
    );
}

}  // namespace ittybit::storage
