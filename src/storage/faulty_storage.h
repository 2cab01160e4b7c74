#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/storage.h"

/// For tests: another storage, that goes wrong when it is told to.
namespace ittybit::storage {

/// Fails its n-th call that writes, those to its uploads too, and then works again. Safe from any
/// thread, as all are.
class FaultyStorage final : public Storage {
public:
    explicit FaultyStorage(std::shared_ptr<Storage> inner) : inner_(std::move(inner)) {}

    void fail_at(int call, std::function<void()> then = {}) {
        fault_->then = std::move(then);
        fault_->left = call;
    }
    /// Whether the fault that was asked for has happened.
    bool has_failed() const { return fault_->left <= 0; }

    Result<std::unique_ptr<Upload>> begin(
        const std::string& key, UploadOptions options, const std::stop_token& stop
    ) override {
        TRY(fault_->count());
        auto inner = TRY(inner_->begin(key, std::move(options), stop));
        return std::unique_ptr<Upload>(std::make_unique<FaultyUpload>(std::move(inner), fault_));
    }
    Result<Stored> head(const std::string& key, const std::stop_token& stop) override {
        return inner_->head(key, stop);
    }
    Result<> read(
        const std::string& key, Range range, const TakeBytes& take, const std::stop_token& stop
    ) override {
        return inner_->read(key, range, take, stop);
    }
    Result<std::unique_ptr<Origin>> origin(const std::string& key) override {
        return inner_->origin(key);
    }
    Result<> remove(const std::string& key, const std::stop_token& stop) override {
        TRY(fault_->count());
        return inner_->remove(key, stop);
    }
    Result<std::vector<Stored>> list(const std::string& prefix, const std::stop_token& stop)
        override {
        return inner_->list(prefix, stop);
    }
    Result<int> sweep(UnixMillis before, const std::stop_token& stop) override {
        return inner_->sweep(before, stop);
    }
    Result<> abort(const std::string& receipt, const std::stop_token& stop) override {
        return inner_->abort(receipt, stop);
    }

private:
    struct Fault {
        std::atomic<int> left = 0;
        std::function<void()> then;  // called when it happens

        Result<> count() {
            if (--left != 0) return {};
            if (then) then();
            return Error{ErrorKind::kUploadFailed, "the storage went away", ""};
        }
    };

    class FaultyUpload final : public Upload {
    public:
        FaultyUpload(std::unique_ptr<Upload> inner, std::shared_ptr<Fault> fault)
            : inner_(std::move(inner)), fault_(std::move(fault)) {}

        Result<> append(std::span<const std::byte> bytes, const std::stop_token& stop) override {
            TRY(fault_->count());
            return inner_->append(bytes, stop);
        }
        Result<> put_file(int descriptor, Range range, const std::stop_token& stop) override {
            TRY(fault_->count());
            return inner_->put_file(descriptor, range, stop);
        }
        Result<Stored> commit(std::int64_t size, const std::stop_token& stop) override {
            TRY(fault_->count());
            return inner_->commit(size, stop);
        }
        void abort() override { inner_->abort(); }

    private:
        const std::unique_ptr<Upload> inner_;
        const std::shared_ptr<Fault> fault_;
    };

    const std::shared_ptr<Storage> inner_;
    const std::shared_ptr<Fault> fault_ = std::make_shared<Fault>();
};

}  // namespace ittybit::storage
