#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace ittybit::storage {

/// The disk that scratch files lie on, shared by all inputs of a process. Who will need many bytes
/// reserves them before it writes, so that a few inputs come to their end instead of all of them
/// running into a full disk together. Every function may be called from any thread.
class Room {
public:
    /// `keep`: bytes that stay free for others, at most a tenth of the disk.
    Room(std::string folder, std::int64_t keep) : folder_(std::move(folder)), keep_(keep) {}
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    ~Room() = default;

    /// Bytes that are ours alone; the destructor, which comes after the file is gone, gives them
    /// back.
    class Share {
    public:
        Share() = default;
        Share(Share&& other) noexcept { *this = std::move(other); }
        Share& operator=(Share&& other) noexcept;
        ~Share();

        explicit operator bool() const { return room_ != nullptr; }
        /// So many of them are on the disk now.
        void wrote(std::int64_t bytes);

    private:
        friend class Room;
        Share(Room& room, std::int64_t bytes) : room_(&room), held_(bytes), promised_(bytes) {}

        Room* room_ = nullptr;
        std::int64_t held_ = 0;
        std::int64_t promised_ = 0;  // and not written yet
    };

    /// Waits while the end of other shares may make room. Errors: `disk_full`, at once where that
    /// would not help; `cancelled`.
    Result<Share> reserve(std::int64_t bytes, const std::stop_token& stop);

    /// The same for a few bytes that are written without a share.
    Result<> wait_for(std::int64_t bytes, const std::stop_token& stop);

private:
    using Lock = std::unique_lock<std::mutex>;
    std::int64_t left() const;  // with the mutex held, as the next
    Result<> wait_for(std::int64_t bytes, Lock& lock, const std::stop_token& stop);

    const std::string folder_;
    const std::int64_t keep_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::int64_t held_ = 0;
    std::int64_t promised_ = 0;
};

}  // namespace ittybit::storage
