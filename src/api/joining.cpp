#include "api/joining.h"

#include <stop_token>
#include <thread>
#include <utility>

#include "base/pause.h"
#include "work/managed.h"

namespace ittybit::api {
namespace {

using namespace std::chrono_literals;

constexpr auto kBeat = 3s;
constexpr UnixMillis kLease = 15'000;  // after a server was killed

/// The lease of who joins: a thread of its own keeps it, since storages may take their time.
class Lease {
public:
    Lease(Service& service, std::string id, UnixMillis until)
        : service_(service),
          id_(std::move(id)),
          until_(until),
          keeper_([this](const std::stop_token& end) { keep(end); }) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
        keeper_.request_stop();
        keeper_.join();
        // Else it ends by itself.
        static_cast<void>(service_.resumables.go_on_joining(id_, until_, 0));
    }

    /// Requested when somebody else may be at it.
    std::stop_token lost() const { return lost_.get_token(); }

private:
    /// A database that cannot be asked now is asked again: nobody else can ask it either.
    void keep(const std::stop_token& end) {
        for (pause(end, kBeat); !end.stop_requested(); pause(end, kBeat)) {
            const auto until = service_.clock.now() + kLease;
            const auto is_ours = service_.resumables.go_on_joining(id_, until_, until);
            if (!is_ours) continue;
            if (!*is_ours) return static_cast<void>(lost_.request_stop());
            until_ = until;
        }
    }

    Service& service_;
    const std::string id_;
    UnixMillis until_;  // of the keeper, while there is one
    std::stop_source lost_;
    std::jthread keeper_;
};

/// Whoever begins anew finds what was made already.
Result<> join(Service& service, const store::ResumableUpload& upload, const std::stop_token& stop) {
    auto& storage = service.storage;
    const auto key = work::managed_key({upload.id, upload.name});
    const auto pieces = TRY(service.resumables.pieces(upload.id));
    const auto whole = storage.head(key, stop);
    if (!whole || whole->size != upload.length) {
        auto file = TRY(storage.begin(key, {.expected_size = upload.length}, stop));
        const auto take = [&](std::span<const std::byte> bytes) -> Result<bool> {
            TRY(file->append(bytes, stop));
            return true;
        };
        for (const auto& piece : pieces) TRY(storage.read(piece.key, {0, piece.size}, take, stop));
        TRY(file->commit(upload.length, stop));
    }
    for (const auto& piece : pieces) TRY(storage.remove(piece.key, stop));
    if (TRY(service.resumables.finish(upload.id, service.clock.now()))) return {};
    TRY(storage.remove(key, stop));
    return Error{ErrorKind::kFileNotFound, "the upload was given up meanwhile", ""};
}

}  // namespace

Result<bool> join_pieces(Service& service, const store::ResumableUpload& upload) {
    auto& table = service.resumables;
    const auto until = TRY(table.begin_joining(upload.id, kLease, service.clock.now()));
    if (!until) {
        const auto now = TRY(table.find(upload.id));
        return now && now->is_ready;
    }
    const Lease lease(service, upload.id, *until);
    const auto joined = join(service, upload, lease.lost());
    if (joined) return true;
    if (lease.lost().stop_requested()) return false;
    return joined.error();
}

}  // namespace ittybit::api
