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

}  // namespace

Exporter::Exporter(Destination destination, std::stop_token stop)
    : destination_(std::move(destination)),
      stop_(std::move(stop)),
      sender_(destination_.place, stop_) {}

Exporter::~Exporter() {
    if (is_done_) return;
    main_.upload.reset();
    sender_.stop();
    if (destination_.is_ours && !destination_.is_ours()) return;
    for (const auto& key : sender_.published()) {
        if (!destination_.place->remove(key, {})) {
            log::warn("a part of an abandoned output stays", {{"key", key}});
        }
    }
}

storage::UploadOptions Exporter::options_for(const std::string& key, bool is_main) const {
    storage::UploadOptions options;
    options.content_type = std::string(content_type_of(key));
    options.cache_control = is_main ? kForMinutes : kForEver;
    options.on_started = destination_.on_started;
    options.on_ended = destination_.on_ended;
    return options;
}

Result<> Exporter::begin_main(const std::string& name, std::int64_t expected_size) {
    auto options = options_for(destination_.main_key, true);
    options.expected_size = expected_size;
    main_ = {TRY(destination_.place->begin(destination_.main_key, options, stop_)), name, {}, 0};
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
    if (ready.is_main) return ready_main(ready, workspace);
    const auto key = destination_.parts_prefix + ready.name;
    auto options = options_for(key, false);
    options.expected_size = ready.size;
    PartSender::Part part{TRY(workspace.open_file(ready.name)), ready.size, key, options};
    // Named as playlists name them: from the main file's folder on.
    parts_.push_back({parts_folder() + "/" + ready.name, ready.size});
    if (extension_in(ready.name) != "m3u8") return sender_.send(std::move(part));
    playlists_.push_back(std::move(part));
    return {};
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
    const auto path = destination_.parts_prefix.substr(0, destination_.parts_prefix.size() - 1);
    return path.substr(path.rfind('/') + 1);
}

Result<File> Exporter::publish(File file) {
    if (!main_.upload) return Error{ErrorKind::kTaskCrashed, "the media process made no file", ""};
    TRY(sender_.finish());
    for (auto& playlist : playlists_) TRY(sender_.send(std::move(playlist)));
    TRY(sender_.finish());
    TRY(main_.upload->commit(main_.size, stop_));
    is_done_ = true;
    file.url = destination_.url;
    if (parts_.empty()) return file;
    Parts parts{static_cast<int>(parts_.size()), 0};
    for (const auto& part : parts_) parts.size += part.size;
    file.parts = parts;
    return file;
}

Result<> send_copy(
    const Destination& destination, int descriptor, std::int64_t size, const std::stop_token& stop
) {
    storage::UploadOptions options;
    options.content_type = std::string(content_type_of(destination.main_key));
    options.cache_control = kForMinutes;
    options.expected_size = size;
    options.on_started = destination.on_started;
    options.on_ended = destination.on_ended;
    const auto upload = TRY(destination.place->begin(destination.main_key, options, stop));
    TRY(upload->put_file(descriptor, {0, size}, stop));
    TRY(upload->commit(size, stop));
    return {};
}

}  // namespace ittybit::work
