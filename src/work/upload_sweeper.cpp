#include "work/upload_sweeper.h"

#include <chrono>

#include "base/log.h"
#include "base/trouble.h"
#include "storage/s3.h"
#include "work/places.h"

namespace ittybit::work {
namespace {

constexpr std::chrono::milliseconds kLookEvery(5000);
constexpr int kBite = 100;
constexpr UnixMillis kWorthTryingMs = 7 * 86'400'000LL;

}  // namespace

void UploadSweeper::run(const std::stop_token& stop) {
    do_rounds(stop, kLookEvery, "uploads cannot be swept", [&] { return run_once(stop); });
}

Result<int> UploadSweeper::run_once(const std::stop_token& stop) {
    int left = 0;
    const auto bite = TRY(shop_.uploads.abandoned(kBite, after_));
    after_ = std::ssize(bite) < kBite ? store::OpenUpload{} : bite.back();
    for (const auto& upload : bite) {
        const auto done = abort(upload, stop);
        const bool is_hopeless = shop_.clock.now() - upload.created_at > kWorthTryingMs ||
                                 (!done && done.error().kind == ErrorKind::kConnectionRequired);
        if (done || is_hopeless) {
            TRY(shop_.uploads.remove(upload.receipt));
        } else {
            ++left;
            log::debug(
                "an upload cannot be aborted",
                {{"job", upload.job_id}, {"error", done.error().message}}
            );
        }
    }
    return left;
}

Result<> UploadSweeper::abort(const store::OpenUpload& upload, const std::stop_token& stop) {
    const auto place = TRY(place_of(upload));
    for (const auto& receipt : TRY(place->uploads_of(upload.receipt, stop))) {
        const bool has_own_record = receipt != upload.receipt && TRY(shop_.uploads.holds(receipt));
        if (!has_own_record) TRY(place->abort(receipt, stop));
    }
    return {};
}

Result<std::shared_ptr<storage::Storage>> UploadSweeper::place_of(const store::OpenUpload& upload) {
    if (upload.connection.empty()) return shop_.storage;
    auto account = TRY(account_of(shop_.connections, shop_.secrets, upload.connection));
    return std::shared_ptr(storage::open_s3(shop_.client, std::move(account), upload.bucket));
}

}  // namespace ittybit::work
