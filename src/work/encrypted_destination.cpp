#include "work/encrypted_destination.h"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/bytes.h"
#include "model/encrypted_stream.h"
#include "work/write_through.h"

namespace ittybit::work {
namespace {

class EncryptedDestination final : public Destination {
public:
    EncryptedDestination(
        std::unique_ptr<Destination> inner,
        const storage::Block& key,
        sandbox::Workspace sealed,
        std::stop_token stop
    )
        : inner_(std::move(inner)), key_(key), sealed_(std::move(sealed)), stop_(std::move(stop)) {}

    std::string parts_folder() const override { return inner_->parts_folder(); }

    Result<> grown(const FileGrown& grown, const sandbox::Workspace&) override {
        return strange(grown.name);
    }

    Result<> ready(const FileReady& ready, const sandbox::Workspace& workspace) override {
        const Fd from = TRY(workspace.open_file(ready.name));
        const Fd to = TRY(make(ready.name));
        auto sealed = ready;
        if (stays_clear(ready.name)) {
            TRY(write_all(from.get(), to.get(), stop_));
        } else {
            TRY(encrypt(ready.name, from.get(), to.get()));
            sealed.size = encrypted_size(ready.size);
        }
        files_.push_back(sealed);
        return inner_->ready(sealed, sealed_);
    }

    Result<Published> publish(const Outcome& outcome) override {
        return inner_->publish({outcome.finished, std::move(files_), std::move(sealed_)});
    }

    Result<Published> copy(File facts, int, std::int64_t) override { return strange(facts.kind); }

private:
    static Error strange(std::string_view what) {
        return {
            ErrorKind::kTaskCrashed,
            fmt::format("the media process made {}, which no encrypted stream has", what), ""
        };
    }

    Result<Fd> make(const std::string& name) const {
        constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
        Fd file(::openat(sealed_.descriptor(), name.c_str(), kFlags, 0600));
        if (file) return file;
        return Error{
            ErrorKind::kInternalError,
            fmt::format("{} cannot be made: {}", name, std::system_category().message(errno)), ""
        };
    }

    Result<> encrypt(const std::string& name, int from, int to) const {
        const auto sequence = media_sequence_of(name);
        if (!sequence) return strange(name);
        auto cipher = storage::SegmentCipher::encrypting(key_, storage::iv_of(*sequence));
        FileSource source(from);
        std::array<std::byte, 65536> buffer{};
        for (std::uint64_t offset = 0;;) {
            const auto count = TRY(source.read_at(offset, buffer));
            if (count == 0) break;
            const auto bytes = TRY(cipher.next(std::span(buffer).first(count)));
            TRY(write_bytes(bytes, to, stop_));
            offset += count;
        }
        return write_bytes(TRY(cipher.end()), to, stop_);
    }

    const std::unique_ptr<Destination> inner_;
    const storage::Block key_;
    sandbox::Workspace sealed_;
    const std::stop_token stop_;
    std::vector<FileReady> files_;
};

}  // namespace

Result<std::unique_ptr<Destination>> encrypted(
    std::unique_ptr<Destination> inner,
    const storage::Block& key,
    const std::filesystem::path& parent,
    const std::stop_token& stop
) {
    auto sealed = TRY(sandbox::Workspace::make(parent));
    return std::unique_ptr<Destination>(
        std::make_unique<EncryptedDestination>(std::move(inner), key, std::move(sealed), stop)
    );
}

}  // namespace ittybit::work
