#include "work/exporter.h"

#include <utility>

#include "base/log.h"
#include "model/content_type.h"
#include "model/output_name.h"

namespace ittybit::work {
namespace {

/// Parts lie in a folder of their job's own and never change. The name that users know is taken by
/// the next job that is told to.
constexpr std::string_view kForEver = "public, max-age=31536000, immutable";
constexpr std::string_view kForMinutes = "public, max-age=300";

/// The size of parts must be chosen before the size of the whole is known. What outgrows this is
/// sent once it is whole.
constexpr std::int64_t kLargestGrowing = 64'000'000'000;

bool is_manifest(std::string_view name) {
    const auto extension = extension_in(name);
    return extension == "m3u8" || extension == "mpd";
}

}  // namespace

Exporter::Exporter(Place place, std::stop_token stop)
    : place_(std::move(place)), stop_(std::move(stop)), sender_(place_.storage, stop_) {}

Exporter::~Exporter() {
    if (is_done_) return;
    main_.upload.reset();
    sender_.stop();
    if (place_.is_ours && !place_.is_ours()) return;
    // What it names must not go.
    if (is_commit_unheard_ && place_.storage->head(main_key(main_.name), {})) return;
    for (const auto& key : sender_.published()) {
        if (!place_.storage->remove(key, {})) {
            log::warn("a part of an abandoned output stays", {{"key", key}});
        }
    }
}

storage::UploadOptions Exporter::options_for(const std::string& key, bool is_main) const {
    storage::UploadOptions options;
    options.content_type = std::string(content_type_of(key));
    options.cache_control = is_main || place_.is_folder() ? kForMinutes : kForEver;
    options.on_started = place_.on_started;
    options.on_ended = place_.on_ended;
    return options;
}

std::string Exporter::main_key(const std::string& name) const {
    return place_.main_key + (place_.is_folder() ? name : "");
}

Result<> Exporter::begin_main(const std::string& name, std::int64_t expected_size) {
    const auto key = main_key(name);
    auto options = options_for(key, true);
    options.expected_size = expected_size;
    main_ = {TRY(place_.storage->begin(key, options, stop_)), name, {}, 0};
    return {};
}

Result<> Exporter::grown(const FileGrown& grown, const sandbox::Workspace& workspace) {
    if (grown.to == 0 || grown.to > kLargestGrowing) {
        main_ = {};
        return {};
    }
    if (!main_.upload) TRY(begin_main(grown.name, kLargestGrowing));
    const bool is_next = main_.grown.to == 0 || main_.grown.to == grown.from;
    if (grown.name != main_.name || !is_next || grown.to <= grown.from) {
        return Error{ErrorKind::kTaskCrashed, "the media process told of growth out of order", ""};
    }
    const Fd descriptor = TRY(workspace.open_file(grown.name));
    TRY(main_.upload->put_file(descriptor.get(), {grown.from, grown.to}, stop_));
    if (main_.grown.to == 0) main_.grown.from = grown.from;
    main_.grown.to = grown.to;
    return {};
}

Result<> Exporter::ready(const FileReady& ready, const sandbox::Workspace& workspace) {
    const bool is_folder = place_.is_folder();
    size_ += ready.size;
    // Named as playlists name them: from the main file's folder on.
    const auto name = is_folder ? ready.name : parts_folder() + "/" + ready.name;
    if (is_folder || !ready.is_main) parts_.push_back({name, ready.size});
    if (ready.is_main) return ready_main(ready, workspace);
    const bool is_sent_late = is_folder || is_manifest(ready.name);
    if (!is_sent_late) return send_part(ready, workspace);
    held_back_.push_back(ready);
    return {};
}

Result<> Exporter::send_part(const FileReady& ready, const sandbox::Workspace& workspace) {
    const auto key = place_.parts_prefix + ready.name;
    auto options = options_for(key, false);
    options.expected_size = ready.size;
    return sender_.send({TRY(workspace.open_file(ready.name)), ready.size, key, options});
}

Result<> Exporter::ready_main(const FileReady& ready, const sandbox::Workspace& workspace) {
    const bool is_fresh = main_.upload && main_.grown.to <= ready.size;
    if (!is_fresh) TRY(begin_main(ready.name, ready.size));
    main_.name = ready.name;
    main_.size = ready.size;
    const Fd descriptor = TRY(workspace.open_file(ready.name));
    // The front last: until now it could change.
    const storage::Range sent = main_.grown;
    if (sent.to < ready.size) {
        TRY(main_.upload->put_file(descriptor.get(), {sent.to, ready.size}, stop_));
    }
    if (sent.from > 0) TRY(main_.upload->put_file(descriptor.get(), {0, sent.from}, stop_));
    return {};
}

std::string Exporter::parts_folder() const {
    if (place_.is_folder()) return "";
    const auto path = place_.parts_prefix.substr(0, place_.parts_prefix.size() - 1);
    return path.substr(path.rfind('/') + 1);
}

Result<Published> Exporter::publish(const Outcome& outcome) {
    if (!main_.upload) return Error{ErrorKind::kTaskCrashed, "the media process made no file", ""};
    TRY(sender_.finish());
    for (const auto& file : held_back_) TRY(send_part(file, outcome.workspace));
    TRY(sender_.finish());
    const auto committed = main_.upload->commit(main_.size, stop_);
    is_commit_unheard_ = !committed && stop_.stop_requested();
    TRY(committed);
    is_done_ = true;
    File file = outcome.finished.file;
    file.url = place_.url + (place_.is_folder() ? main_.name : "");
    if (!parts_.empty()) {
        Parts parts{static_cast<int>(parts_.size()), 0};
        for (const auto& part : parts_) parts.size += part.size;
        file.parts = parts;
    }
    return Published{std::move(file), parts_, place_.managed, size_};
}

Result<Published> Exporter::copy(File facts, int descriptor, std::int64_t size) {
    TRY(begin_main("", size));
    TRY(main_.upload->put_file(descriptor, {0, size}, stop_));
    TRY(main_.upload->commit(size, stop_));
    is_done_ = true;
    facts.url = place_.url;
    return Published{std::move(facts), {}, place_.managed, size};
}

}  // namespace ittybit::work
