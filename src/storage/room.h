#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <stop_token>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/thread_safety.h"

namespace ittybit::storage {

/// The disk that scratch files lie on, shared by all inputs of a process, so that a few inputs come
/// to their end instead of all of them running into a full disk together. Room is taken as bytes
/// come. What an origin says of its size binds nobody: an older input is kept as much room as it
/// has earned by what it brought already. Every function may be called from any thread.
class Room {
    struct Account;

public:
    /// `keep`: bytes that stay free for others, at most a tenth of the disk; as much again is left
    /// to the outputs.
    Room(std::string folder, std::int64_t keep) : folder_(std::move(folder)), keep_(keep) {}
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    ~Room() = default;

    /// What the bytes of a share are, and so what is done where there is no room for them.
    enum class Use {
        kInput,   // waits, while the end of others may make some
        kCopy,    // of an input that another has already, who may wait for this one: does not wait
        kOutput,  // may have what inputs leave, and does not wait: its input goes only after it
    };

    /// What one input has on the disk; the destructor, which comes after the file is gone, gives it
    /// back.
    class Share {
    public:
        Share() = default;
        Share(Share&& other) noexcept { *this = std::move(other); }
        Share& operator=(Share&& other) noexcept;
        ~Share();

        explicit operator bool() const { return room_ != nullptr; }

        /// So many bytes will come, if its origin tells the truth. Errors: `disk_full`, where not
        /// even the end of all others would make room for them.
        Result<> expect(std::int64_t bytes);

        /// Waits until there is room for so many bytes, where this use does. Errors: `disk_full`;
        /// `cancelled`.
        Result<> wait_for(std::int64_t bytes, const std::stop_token& stop);

        /// The same, and they are ours: they will be written now.
        Result<> take(std::int64_t bytes, const std::stop_token& stop);
        void wrote(std::int64_t bytes);

    private:
        friend class Room;
        Share(Room& room, std::list<Account>::iterator account) : room_(&room), account_(account) {}

        Room* room_ = nullptr;
        std::list<Account>::iterator account_;
    };

    Share open(Use use = Use::kInput);

private:
    struct Account {
        Use use = Use::kInput;
        std::int64_t held = 0;       // taken
        std::int64_t unwritten = 0;  // of these, not on the disk yet
        std::int64_t expected = 0;   // still to come
        std::int64_t wanted = 0;     // at once, by one that waits
        int waiting = 0;             // threads
    };
    std::int64_t left(Use use = Use::kInput) const REQUIRES(mutex_);
    std::int64_t kept_for_older(const Account& than) const REQUIRES(mutex_);
    bool has_hope(const Account& account) const REQUIRES(mutex_);
    Result<> find(
        std::int64_t bytes, Account& account, MutexLock& lock, const std::stop_token& stop
    ) REQUIRES(mutex_);
    void tell() REQUIRES(mutex_);

    const std::string folder_;
    const std::int64_t keep_;
    Mutex mutex_;
    std::condition_variable_any changed_;
    std::uint64_t changes_ GUARDED_BY(mutex_) = 0;
    std::list<Account> accounts_ GUARDED_BY(mutex_);  // the oldest first
};

}  // namespace ittybit::storage
