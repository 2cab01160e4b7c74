#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ready.h"
#include "storage/origin.h"

namespace ittybit::storage {
namespace {

Error unreadable(const std::string& path, const std::string& why) {
    return {ErrorKind::kInvalidInput, "\"" + path + "\" " + why, path};
}

class FileOrigin : public Origin {
public:
    explicit FileOrigin(std::string path) : path_(std::move(path)) {}

    Result<> fetch(Range, const Version&, const Taker&, const std::stop_token&) override {
        return Error{ErrorKind::kInternalError, "a local file is not fetched", path_};
    }
    std::string name() const override { return path_; }

    Result<Fd> local_file() override {
        // Without O_NONBLOCK a named pipe would keep us here for ever.
        Fd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        struct stat status = {};
        if (!file && errno == ENOENT) return unreadable(path_, "does not exist");
        if (!file && errno == EACCES) return unreadable(path_, "may not be read");
        if (!file) return unreadable(path_, std::string("cannot be read: ") + std::strerror(errno));
        if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
            return unreadable(path_, "is not a regular file");
        return file;
    }

private:
    std::string path_;
};

class PipeOrigin : public Origin {
public:
    PipeOrigin(Fd pipe, std::string name) : pipe_(std::move(pipe)), name_(std::move(name)) {}

    Result<> fetch(Range, const Version&, const Taker& taker, const std::stop_token& stop)
        override {
        if (std::exchange(is_read_, true)) {
            return Error{ErrorKind::kDownloadFailed, name_ + " can be read only once", name_};
        }
        TRY(taker.answer({{}, 0, false}));
        std::vector<std::byte> bytes(kPiece);
        for (;;) {
            TRY(wait_until_ready(pipe_.get(), POLLIN, stop));
            const auto count = ::read(pipe_.get(), bytes.data(), bytes.size());
            if (count == 0) return {};
            if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (count < 0) {
                return Error{
                    ErrorKind::kInvalidInput, name_ + " cannot be read: " + std::strerror(errno),
                    name_
                };
            }
            const auto piece = std::span(bytes).first(static_cast<std::size_t>(count));
            if (!TRY(taker.bytes(piece))) return {};
        }
    }
    std::string name() const override { return name_; }

private:
    static constexpr std::size_t kPiece = 1U << 16U;

    Fd pipe_;
    std::string name_;
    bool is_read_ = false;
};

class MemoryOrigin : public Origin {
public:
    explicit MemoryOrigin(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

    Result<> fetch(Range range, const Version&, const Taker& taker, const std::stop_token&)
        override {
        const auto size = static_cast<std::int64_t>(bytes_.size());
        const auto from = std::min(range.from, size);
        const auto to = std::min(range.to, size);
        TRY(taker.answer({{size, "\"memory\"", ""}, from, true}));
        const auto piece = std::span(bytes_).subspan(
            static_cast<std::size_t>(from), static_cast<std::size_t>(to - from)
        );
        TRY(taker.bytes(piece));
        return {};
    }
    std::string name() const override { return "memory"; }

private:
    std::vector<std::byte> bytes_;
};

}  // namespace

std::unique_ptr<Origin> file_origin(std::string path) {
    return std::make_unique<FileOrigin>(std::move(path));
}

std::unique_ptr<Origin> pipe_origin(Fd pipe, std::string name) {
    return std::make_unique<PipeOrigin>(std::move(pipe), std::move(name));
}

std::unique_ptr<Origin> memory_origin(std::vector<std::byte> bytes) {
    return std::make_unique<MemoryOrigin>(std::move(bytes));
}

}  // namespace ittybit::storage
