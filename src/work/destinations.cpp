#include "work/destinations.h"

#include <utility>

#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "base/pause.h"
#include "storage/s3.h"
#include "work/managed.h"
#include "work/places.h"

namespace ittybit::work {

Destinations::Destinations(
    Workshop& shop,
    const store::Claim& claim,
    const store::JobRecord& record,
    std::stop_token hand_back
)
    : shop_(shop), claim_(claim), record_(record), hand_back_(std::move(hand_back)) {
    if (!record.job.outputs) return;
    for (std::size_t i = 0; i < record.job.outputs->size(); ++i) {
        const auto& url = record.job.outputs->at(i).output;
        const auto& output = record.order.outputs.at(i);
        if (url) static_cast<void>(taken_.take(connection_of(output), *url, output));
    }
}

std::string Destinations::connection_of(const OrderedOutput& output) const {
    return record_.order.connection_of(output).value_or("");
}

Result<Place> Destinations::of_output(const OrderedOutput& output, const std::string& extension) {
    if (output.place.url) return in_bucket(output, extension);
    const auto& name = output.place.name;
    const auto own = name ? safe_name(*name) : stem_of(record_.job.input);
    const auto stem = extension == "m3u8" ? "master" : own;
    const bool is_folder = makes_folder(output.operation());
    auto to = TRY(managed("output", is_folder ? "" : fmt::format("{}.{}", stem, extension)));
    if (const auto before = std::exchange(file_of_[&output], to.managed); !before.empty()) {
        discard(before);
        std::erase(files_, before);
    }
    return to;
}

Result<Place> Destinations::of_import() {
    return managed("import", name_of(record_.job.input));
}

Result<Place> Destinations::managed(const std::string& role, const std::string& name) {
    const ManagedName file{random_hex(128), name};
    const auto now = shop_.clock.now();
    const auto owner = role == "output" ? std::optional(record_.job.id) : std::nullopt;
    TRY(shop_.files.add({file.id, owner, role, name, false, now, now}));
    files_.push_back(file.id);
    const auto parts = name.empty() ? "" : parts_folder(name, record_.job.id) + "/";
    const ManagedName folder{file.id, parts};
    Place to;
    to.storage = shop_.storage;
    to.main_key = managed_key(file);
    to.parts_prefix = managed_key(folder);
    to.url = managed_url(TRY(base_url()), file);
    to.managed = file.id;
    watch(to, {});
    return to;
}

/// The installation's public URL; without one, that by which the job's request came in.
Result<std::string> Destinations::base_url() {
    auto url = TRY(shop_.settings.get("public_url"));
    if (url.empty()) url = record_.base_url;
    if (url.empty()) url = TRY(shop_.settings.get("listen_url"));
    return url;
}

/// The URL may leave the extension to the format.
Result<Place> Destinations::in_bucket(const OrderedOutput& output, const std::string& extension) {
    const auto& job = record_.job;
    const auto& url = *output.place.url;
    const auto connection = connection_of(output);
    auto account = TRY(account_of(shop_.connections, shop_.secrets, connection));
    auto to = s3_place(
        shop_.client, std::move(account), url,
        {job.created_at, job.input, std::string(output.kind()), extension, job.id},
        makes_folder(output.operation())
    );
    watch(to, {.connection = connection, .bucket = read_s3(url).bucket});
    TRY(taken_.take(connection, to.url, output));
    return to;
}

/// What every destination of a served job has: its uploads are on record while they are open, and
/// nobody takes back what another attempt has made its own.
void Destinations::watch(Place& to, store::OpenUpload upload) {
    upload.job_id = claim_.job_id;
    upload.attempt = claim_.attempt;
    if (to.storage->is_remote()) {
        to.on_started = [this, upload](const std::string& receipt) {
            auto record = upload;
            record.receipt = receipt;
            if (const auto kept = shop_.uploads.add(record, shop_.clock.now()); !kept) {
                log::warn("an upload is not on record", {{"error", kept.error().message}});
            }
        };
        to.on_ended = [&uploads = shop_.uploads](const std::string& receipt) {
            // The sweeper will find it gone otherwise.
            static_cast<void>(uploads.remove(receipt));
        };
    }
    to.is_ours = [this] {
        const auto is_held = shop_.queue.is_held(claim_);
        if (is_held && *is_held) return true;
        const auto now = shop_.jobs.find_job(claim_.job_id);
        return now && (!*now || (*now)->job.status == JobStatus::kCancelled);
    };
}

void Destinations::discard() {
    for (const auto& file : files_) discard(file);
    files_.clear();
}

void Destinations::discard(const std::string& file) {
    auto is_forgotten = forget(file);
    while (!is_forgotten && !hand_back_.stop_requested()) {
        pause(hand_back_, shop_.troubles.discarding.note(is_forgotten.error()));
        is_forgotten = forget(file);
    }
    if (is_forgotten && !*is_forgotten) return;
    const auto done = is_forgotten ? take_away(file) : Result<>(is_forgotten.error());
    if (!done) log::warn("a file that nobody needs stays", {{"error", done.error().message}});
}

/// Makes it garbage. Whether it is not even that: another attempt may have ended the job, and all
/// files of it that were not ready may have been swept since, before these bytes came.
Result<bool> Destinations::forget(const std::string& file) {
    TRY(shop_.files.discard(file));
    return !TRY(shop_.files.find(file));
}

Result<> Destinations::take_away(const std::string& file) {
    for (const auto& object : TRY(shop_.storage->list(managed_key({file, ""}), {})))
        TRY(shop_.storage->remove(object.key, {}));
    return {};
}

}  // namespace ittybit::work
