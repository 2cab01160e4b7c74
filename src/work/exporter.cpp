#include "work/exporter.h"

#include <array>
#include <utility>

#include "base/log.h"
#include "model/output_name.h"

namespace ittybit::work {
namespace {

struct Type {
    std::string_view extension;
    std::string_view type;
};
constexpr std::array kTypes = {
    Type{"mp4", "video/mp4"},         Type{"mov", "video/quicktime"},
    Type{"webm", "video/webm"},       Type{"mp3", "audio/mpeg"},
    Type{"aac", "audio/aac"},         Type{"ogg", "audio/ogg"},
    Type{"opus", "audio/ogg"},        Type{"wav", "audio/wav"},
    Type{"flac", "audio/flac"},       Type{"jpg", "image/jpeg"},
    Type{"jpeg", "image/jpeg"},       Type{"png", "image/png"},
    Type{"webp", "image/webp"},       Type{"avif", "image/avif"},
    Type{"gif", "image/gif"},         Type{"m3u8", "application/vnd.apple.mpegurl"},
    Type{"m4s", "video/iso.segment"},
};

}  // namespace

std::string content_type_of(std::string_view name) {
    for (const auto& row : kTypes) {
        if (row.extension == extension_in(name)) return std::string(row.type);
    }
    return "application/octet-stream";
}

Exporter::Exporter(Destination destination, std::stop_token stop)
    : destination_(std::move(destination)), stop_(std::move(stop)) {}

Exporter::~Exporter() {
    if (is_done_) return;
    sendings_.clear();
    for (const auto& key : published_) {
        if (!destination_.place->remove(key, {})) {
            log::warn("a part of an abandoned output stays", {{"key", key}});
        }
    }
}

Result<Exporter::Sending*> Exporter::sending(const std::string& name, bool is_main) {
    if (const auto found = sendings_.find(name); found != sendings_.end()) return &found->second;
    auto key = is_main ? destination_.main_key : destination_.parts_prefix + name;
    storage::UploadOptions options;
    options.content_type = content_type_of(key);
    auto upload = TRY(destination_.place->begin(key, options, stop_));
    return &sendings_.emplace(name, Sending{std::move(upload), std::move(key), 0}).first->second;
}

Result<> Exporter::grown(const FileGrown& grown, const sandbox::Workspace& workspace) {
    // Only a main file is big enough to be worth sending before it is whole; parts are small.
    auto* file = TRY(sending(grown.name, true));
    if (grown.from != file->sent || grown.to <= grown.from) return {};
    main_ = grown.name;
    const Fd descriptor = TRY(workspace.open_file(grown.name));
    TRY(file->upload->put_file(descriptor.get(), {grown.from, grown.to}, stop_));
    file->sent = grown.to;
    return {};
}

Result<> Exporter::ready(const FileReady& ready, const sandbox::Workspace& workspace) {
    auto* file = TRY(sending(ready.name, ready.is_main));
    const Fd descriptor = TRY(workspace.open_file(ready.name));
    if (ready.size > file->sent) {
        TRY(file->upload->put_file(descriptor.get(), {file->sent, ready.size}, stop_));
        file->sent = ready.size;
    }
    if (ready.is_main) {
        main_ = ready.name;
        main_size_ = ready.size;
        return {};
    }
    TRY(file->upload->commit(ready.size, stop_));
    published_.push_back(file->key);
    // Named as playlists name them: from the main file's folder on.
    parts_.push_back({file->key.substr(destination_.main_key.rfind('/') + 1), ready.size});
    sendings_.erase(ready.name);
    return {};
}

Result<> Exporter::publish() {
    const auto found = sendings_.find(main_);
    if (found == sendings_.end()) {
        return Error{"task_crashed", "the media process made no file", ""};
    }
    TRY(found->second.upload->commit(main_size_, stop_));
    is_done_ = true;
    return {};
}

}  // namespace ittybit::work
