#include "storage/room.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/disk.h"

namespace ittybit::storage {
namespace {

/// Others may free the disk too, who do not tell us.
constexpr auto kLookAgain = std::chrono::milliseconds(500);

Error no_room(std::int64_t wanted, std::int64_t left) {
    return {
        "disk_full",
        "the disk is full: the working copy of the input needs " + std::to_string(wanted) +
            " bytes, and " + std::to_string(std::max<std::int64_t>(0, left)) +
            " can be had; free some space and try again",
        ""
    };
}

}  // namespace

Room::Share& Room::Share::operator=(Share&& other) noexcept {
    std::swap(room_, other.room_);
    std::swap(held_, other.held_);
    std::swap(promised_, other.promised_);
    return *this;
}

Room::Share::~Share() {
    if (room_ == nullptr) return;
    const std::lock_guard lock(room_->mutex_);
    room_->held_ -= held_;
    room_->promised_ -= promised_;
    room_->changed_.notify_all();
}

void Room::Share::wrote(std::int64_t bytes) {
    const std::lock_guard lock(room_->mutex_);
    const auto kept = std::min(bytes, promised_);
    promised_ -= kept;
    room_->promised_ -= kept;
}

std::int64_t Room::left() const {
    return room_on_disk(folder_, keep_) - promised_;
}

Result<Room::Share> Room::reserve(std::int64_t bytes, const std::stop_token& stop) {
    Lock lock(mutex_);
    TRY(wait_for(bytes, lock, stop));
    held_ += bytes;
    promised_ += bytes;
    return Share(*this, bytes);
}

Result<> Room::wait_for(std::int64_t bytes, const std::stop_token& stop) {
    Lock lock(mutex_);
    return wait_for(bytes, lock, stop);
}

Result<> Room::wait_for(std::int64_t bytes, Lock& lock, const std::stop_token& stop) {
    for (;;) {
        const auto now = left();
        if (bytes <= now) return {};
        // All shares that are held will end, and with them what they wrote.
        if (bytes > now + held_) return no_room(bytes, now);
        if (stop.stop_requested()) return Error{"cancelled", "the download was cancelled", ""};
        const auto held = held_;
        changed_.wait_for(lock, stop, kLookAgain, [&] { return held_ != held; });
    }
}

}  // namespace ittybit::storage
