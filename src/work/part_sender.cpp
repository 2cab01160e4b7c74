#include "work/part_sender.h"

#include <functional>
#include <utility>

namespace ittybit::work {
namespace {

constexpr std::size_t kThreads = 4;
constexpr std::size_t kMostWaiting = 64;  // each holds a descriptor

}  // namespace

PartSender::PartSender(std::shared_ptr<storage::Storage> place, const std::stop_token& stop)
    : place_(std::move(place)), follow_(stop, [this] { stop_.request_stop(); }) {}

PartSender::~PartSender() {
    stop();
}

void PartSender::stop() {
    stop_.request_stop();
    threads_.clear();
}

Result<> PartSender::send(Part part) {
    std::unique_lock lock(mutex_);
    const auto token = stop_.get_token();
    changed_.wait(lock, token, [&] { return error_ || waiting_.size() < kMostWaiting; });
    TRY(outcome());
    waiting_.push_back(std::move(part));
    if (threads_.size() < kThreads) threads_.emplace_back([this, token] { work(token); });
    changed_.notify_all();
    return {};
}

Result<> PartSender::finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop_.get_token(), [&] {
        return error_ || (waiting_.empty() && busy_ == 0);
    });
    return outcome();
}

/// With the mutex held.
Result<> PartSender::outcome() const {
    if (error_) return *error_;
    if (stop_.stop_requested()) return Error{ErrorKind::kCancelled, "the export was cancelled", ""};
    return {};
}

void PartSender::work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [&] { return !waiting_.empty(); }) && !error_) {
        const Part part = std::move(waiting_.front());
        waiting_.pop_front();
        ++busy_;
        changed_.notify_all();
        lock.unlock();
        auto done = publish(part, stop);
        lock.lock();
        --busy_;
        if (done) published_.push_back(part.key);
        if (!done && !error_) error_ = std::move(done).error();
        changed_.notify_all();
    }
}

Result<> PartSender::publish(const Part& part, const std::stop_token& stop) {
    auto upload = TRY(place_->begin(part.key, part.options, stop));
    TRY(upload->put_file(part.file.get(), {0, part.size}, stop));
    TRY(upload->commit(part.size, stop));
    return {};
}

}  // namespace ittybit::work
