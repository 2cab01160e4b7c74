#include "storage/storage.h"

#include <utility>

#include "base/ids.h"
#include "storage/keys.h"

namespace ittybit::storage {

std::optional<std::string> Storage::presign(const std::string&, std::chrono::seconds) {
    return std::nullopt;
}

Result<Stored> put(
    Storage& storage,
    const std::string& key,
    std::span<const std::byte> bytes,
    UploadOptions options,
    const std::stop_token& stop
) {
    const auto size = static_cast<std::int64_t>(bytes.size());
    options.expected_size = size;
    const auto upload = TRY(storage.begin(key, std::move(options), stop));
    TRY(upload->append(bytes, stop));
    return upload->commit(size, stop);
}

Result<std::string> get(Storage& storage, const std::string& key, const std::stop_token& stop) {
    std::string bytes;
    const auto take = [&](std::span<const std::byte> piece) -> Result<bool> {
        for (const std::byte byte : piece) bytes += static_cast<char>(byte);
        return true;
    };
    TRY(storage.read(key, {0, kNoEnd}, take, stop));
    return bytes;
}

Result<> try_storage(Storage& storage, const std::stop_token& stop) {
    const auto key = "ittybit-test-" + random_hex(64);
    const std::string text = "ittybit may write, read and delete here\n";
    TRY(put(storage, key, std::as_bytes(std::span(text)), {.content_type = "text/plain"}, stop));
    const auto found = get(storage, key, stop);
    TRY(storage.remove(key, stop));
    if (!found) return found.error();
    if (*found == text) return {};
    return Error{
        ErrorKind::kDownloadFailed, "the storage gives back other bytes than it was given", key
    };
}

Result<> check_key(const std::string& key) {
    const auto refuse = [](const std::string& why) {
        return Error{ErrorKind::kInvalidOutput, "the key " + why, ""};
    };
    if (key.empty()) return refuse("is empty");
    if (key.size() > 1024) return refuse("is longer than 1024 bytes");
    for (const auto& piece : split(key, '/')) {
        if (piece.empty() || piece == "." || piece == "..")
            return refuse("holds an empty piece, \".\" or \"..\"");
    }
    for (const char c : key) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return refuse("holds a control character");
    }
    return {};
}

Error not_found(const std::string& key) {
    return {ErrorKind::kFileNotFound, "there is no \"" + key + "\" in the storage", key};
}

}  // namespace ittybit::storage
