#include "cli/upload_source.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ready.h"
#include "work/local_input.h"

namespace ittybit::cli {
namespace {

Error unreadable(const std::string& path, std::string_view why) {
    return {ErrorKind::kInvalidInput, fmt::format("\"{}\" {}", path, why), "input"};
}

class FileUpload : public ByteSource {
public:
    FileUpload(Fd file, Sent sent)
        : descriptor_(std::move(file)), file_(descriptor_.get()), sent_(std::move(sent)) {}
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        const auto count = TRY(file_.read_at(offset, out));
        const auto whole = static_cast<std::int64_t>(file_.size().value_or(0));
        sent_(static_cast<std::int64_t>(offset + count), whole);
        return count;
    }
    std::optional<std::uint64_t> size() override { return file_.size(); }

private:
    Fd descriptor_;
    FileSource file_;
    Sent sent_;
};

class PipeUpload : public ByteSource {
public:
    PipeUpload(Fd pipe, std::string path, Sent sent, std::stop_token stop)
        : pipe_(std::move(pipe)),
          path_(std::move(path)),
          sent_(std::move(sent)),
          stop_(std::move(stop)) {}
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        if (offset != offset_) return unreadable(path_, "can be read only once");
        for (;;) {
            TRY(wait_until_ready(pipe_.get(), POLLIN, stop_));
            const auto count = ::read(pipe_.get(), out.data(), out.size());
            if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (count < 0) return unreadable(path_, std::system_category().message(errno));
            offset_ += static_cast<std::uint64_t>(count);
            sent_(static_cast<std::int64_t>(offset_), 0);
            return static_cast<std::size_t>(count);
        }
    }
    std::optional<std::uint64_t> size() override { return std::nullopt; }

private:
    Fd pipe_;
    std::string path_;
    Sent sent_;
    std::stop_token stop_;
    std::uint64_t offset_ = 0;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_for_upload(
    const std::string& path, Sent sent, const std::stop_token& stop
) {
    Fd file = work::open_input(path);
    struct stat facts{};
    if (!file) return unreadable(path, "cannot be read: " + std::system_category().message(errno));
    if (::fstat(file.get(), &facts) != 0 || S_ISDIR(facts.st_mode)) {
        return unreadable(path, "is no file");
    }
    std::unique_ptr<ByteSource> source;
    if (S_ISREG(facts.st_mode)) {
        source = std::make_unique<FileUpload>(std::move(file), std::move(sent));
    } else {
        source = std::make_unique<PipeUpload>(std::move(file), path, std::move(sent), stop);
    }
    return source;
}

}  // namespace ittybit::cli
