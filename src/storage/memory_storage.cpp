#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include <unistd.h>

#include "base/thread_safety.h"
#include "storage/keys.h"
#include "storage/storage.h"

namespace ittybit::storage {
namespace {

struct Object {
    std::vector<std::byte> bytes;
    std::string content_type;
    std::uint64_t number = 0;
};

/// What the storage and its uploads share.
struct Objects {
    Mutex mutex;
    std::map<std::string, Object> by_key GUARDED_BY(mutex);
    std::uint64_t written GUARDED_BY(mutex) = 0;
};

Stored facts_of(const std::string& key, const Object& object) {
    return {
        key, static_cast<std::int64_t>(object.bytes.size()), std::to_string(object.number),
        object.content_type, 0
    };
}

class MemoryUpload : public Upload {
public:
    MemoryUpload(std::shared_ptr<Objects> objects, std::string key, std::string content_type)
        : objects_(std::move(objects)), key_(std::move(key)), type_(std::move(content_type)) {}

    Result<> append(std::span<const std::byte> bytes, const std::stop_token&) override {
        const auto from = static_cast<std::int64_t>(bytes_.size());
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        present_.add({from, static_cast<std::int64_t>(bytes_.size())});
        return {};
    }

    Result<> put_file(int descriptor, Range range, const std::stop_token&) override {
        const auto from = static_cast<std::size_t>(range.from);
        const auto to = static_cast<std::size_t>(range.to);
        if (bytes_.size() < to) bytes_.resize(to);
        if (::pread(descriptor, bytes_.data() + from, to - from, range.from) !=
            static_cast<ssize_t>(to - from))
            return Error{ErrorKind::kInternalError, "the file is shorter than it should be", ""};
        present_.add(range);
        return {};
    }

    Result<Stored> commit(std::int64_t size, const std::stop_token& stop) override {
        if (stop.stop_requested())
            return Error{ErrorKind::kCancelled, "the upload was cancelled", ""};
        if (!present_.contains({0, size}) || std::cmp_not_equal(bytes_.size(), size))
            return Error{ErrorKind::kUploadFailed, "the object is not whole", key_};
        const MutexLock lock(objects_->mutex);
        auto& object = objects_->by_key[key_];
        object = {std::move(bytes_), type_, ++objects_->written};
        return facts_of(key_, object);
    }

    void abort() override { bytes_.clear(); }

private:
    std::shared_ptr<Objects> objects_;
    std::string key_;
    std::string type_;
    std::vector<std::byte> bytes_;
    Ranges present_;
};

class MemoryStorage : public Storage {
public:
    Result<std::unique_ptr<Upload>>
    begin(const std::string& key, UploadOptions options, const std::stop_token&) override {
        TRY(check_key(key));
        return std::unique_ptr<Upload>(
            std::make_unique<MemoryUpload>(objects_, key, std::move(options.content_type))
        );
    }

    Result<Stored> head(const std::string& key, const std::stop_token&) override {
        return facts_of(key, TRY(find(key)));
    }

    Result<>
    read(const std::string& key, Range range, const TakeBytes& take, const std::stop_token&)
        override {
        const auto object = TRY(find(key));
        const auto size = static_cast<std::int64_t>(object.bytes.size());
        const auto from = std::min(range.from, size);
        const auto length = std::min(range.to, size) - from;
        TRY(take(std::span(object.bytes)
                     .subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(length))));
        return {};
    }

    Result<std::unique_ptr<Origin>> origin(const std::string& key) override {
        return memory_origin(TRY(find(key)).bytes);
    }

    Result<> remove(const std::string& key, const std::stop_token&) override {
        const MutexLock lock(objects_->mutex);
        objects_->by_key.erase(key);
        return {};
    }

    Result<std::vector<Stored>> list(const std::string& prefix, const std::stop_token&) override {
        const MutexLock lock(objects_->mutex);
        std::vector<Stored> found;
        for (const auto& [key, object] : objects_->by_key) {
            if (key.starts_with(prefix)) found.push_back(facts_of(key, object));
        }
        return found;
    }

    Result<int> sweep(UnixMillis, const std::stop_token&) override { return 0; }
    Result<> abort(const std::string&, const std::stop_token&) override { return {}; }

private:
    Result<Object> find(const std::string& key) {
        const MutexLock lock(objects_->mutex);
        const auto found = objects_->by_key.find(key);
        if (found == objects_->by_key.end()) return not_found(key);
        return found->second;
    }

    std::shared_ptr<Objects> objects_ = std::make_shared<Objects>();
};

}  // namespace

std::unique_ptr<Storage> memory_storage() {
    return std::make_unique<MemoryStorage>();
}

}  // namespace ittybit::storage
