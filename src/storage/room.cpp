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
        ErrorKind::kDiskFull,
        "the disk is full: the working copy of the file needs " + std::to_string(wanted) +
            " bytes more, and " + std::to_string(std::max<std::int64_t>(0, left)) +
            " can be had; free some space and try again",
        ""
    };
}

}  // namespace

Room::Share& Room::Share::operator=(Share&& other) noexcept {
    std::swap(room_, other.room_);
    std::swap(account_, other.account_);
    return *this;
}

Room::Share::~Share() {
    if (room_ == nullptr) return;
    const MutexLock lock(room_->mutex_);
    room_->accounts_.erase(account_);
    room_->tell();
}

Room::Share Room::open(Use use) {
    const MutexLock lock(mutex_);
    return {*this, accounts_.insert(accounts_.end(), Account{.use = use})};
}

Result<> Room::Share::expect(std::int64_t bytes) {
    const MutexLock lock(room_->mutex_);
    account_->expected = bytes;
    std::int64_t most = room_->left();
    for (const auto& other : room_->accounts_) {
        if (&other != &*account_) most += other.held;
    }
    if (bytes > most) return no_room(bytes, most);
    return {};
}

Result<> Room::Share::wait_for(std::int64_t bytes, const std::stop_token& stop) {
    MutexLock lock(room_->mutex_);
    return room_->find(bytes, *account_, lock, stop);
}

Result<> Room::Share::take(std::int64_t bytes, const std::stop_token& stop) {
    MutexLock lock(room_->mutex_);
    TRY(room_->find(bytes, *account_, lock, stop));
    account_->held += bytes;
    account_->unwritten += bytes;
    account_->expected = std::max<std::int64_t>(0, account_->expected - bytes);
    return {};
}

void Room::Share::wrote(std::int64_t bytes) {
    const MutexLock lock(room_->mutex_);
    account_->unwritten -= bytes;
}

void Room::tell() {
    ++changes_;
    changed_.notify_all();
}

/// Inputs leave as much again as is kept free: outputs must have room too, or nothing ends that
/// would make some.
std::int64_t Room::left(Use use) const {
    std::int64_t unwritten = 0;
    for (const auto& account : accounts_) unwritten += account.unwritten;
    const auto room = room_on_disk(folder_, keep_);
    const auto kept = use == Use::kOutput ? 0 : room_on_disk(folder_, 0) - room;
    return room - kept - unwritten;
}

/// An eighth of an input proves the rest.
std::int64_t Room::kept_for_older(const Account& than) const {
    constexpr std::int64_t kEarned = 7;
    if (than.use == Use::kOutput) return 0;
    std::int64_t kept = 0;
    for (const auto& account : accounts_) {
        if (&account == &than) break;
        kept += std::min(account.expected, kEarned * account.held);
    }
    return kept;
}

/// Whether waiting can help: one of those who wait can come to its end once those at work have.
/// Where all wait for each other the youngest that holds any room gives way. What outputs hold is
/// no hope: that of the same work goes only after its input.
bool Room::has_hope(const Account& account) const {
    if (account.use != Use::kInput) return false;
    std::int64_t free = left();
    for (const auto& other : accounts_) {
        if (other.waiting == 0 && other.use != Use::kOutput) free += other.held;
    }
    bool is_younger = false;
    for (const auto& other : accounts_) {
        if (other.waiting > 0 && std::max(other.wanted, other.expected) <= free) return true;
        if (&other == &account) {
            is_younger = true;
        } else if (other.waiting > 0 && other.held > 0 && (is_younger || account.held == 0)) {
            return true;
        }
    }
    return false;
}

Result<> Room::find(
    std::int64_t bytes, Account& account, MutexLock& lock, const std::stop_token& stop
) {
    const auto room = [&]()
                          REQUIRES(mutex_) { return left(account.use) - kept_for_older(account); };
    if (bytes <= room()) return {};
    account.wanted = bytes;
    ++account.waiting;
    tell();
    Result<> found;
    while (bytes > room()) {
        if (!has_hope(account)) found = no_room(bytes, room());
        if (stop.stop_requested())
            found = Error{ErrorKind::kCancelled, "the download was cancelled", ""};
        if (!found) break;
        const auto seen = changes_;
        changed_.wait_for(lock, stop, kLookAgain, [&]() REQUIRES(mutex_) {
            return changes_ != seen;
        });
    }
    --account.waiting;
    return found;
}

}  // namespace ittybit::storage
