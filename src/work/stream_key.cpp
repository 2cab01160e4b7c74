#include "work/stream_key.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "storage/retries.h"

namespace ittybit::work {
namespace {

constexpr std::string_view kKeyUrlOption = "encryption.key_url";

/// How the output is encrypted; null where it is not.
StreamEncryption* encryption_in(OrderedOutput& output) {
    auto* operation = std::get_if<Operation>(&output.work);
    auto* stream = operation != nullptr ? std::get_if<AdaptiveVideoOptions>(operation) : nullptr;
    return stream != nullptr && stream->encryption ? &*stream->encryption : nullptr;
}

/// What a sealed key is bound to.
std::string place_of(std::string_view job_id, std::size_t output) {
    return fmt::format("jobs.{}.outputs.{}.key", job_id, output);
}

Result<std::vector<std::byte>> first_bytes(storage::Origin& origin, const std::stop_token& stop) {
    std::vector<std::byte> key;
    const storage::Taker taker{
        .answer = [](const storage::Answer&) { return Result<>(); },
        .bytes = keeping(key),
    };
    TRY(origin.fetch({0, storage::kNoEnd}, {}, taker, stop));
    return key;
}

}  // namespace

Result<> seal_keys(Order& order, std::string_view job_id, const storage::SecretBox& secrets) {
    auto& outputs = order.outputs;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        auto* encryption = encryption_in(outputs[i]);
        if (encryption == nullptr || !encryption->key) continue;
        const auto key = *std::exchange(encryption->key, std::nullopt);
        outputs[i].sealed_key = TRY(secrets.seal(key.digits, place_of(job_id, i)));
    }
    return {};
}

Result<> unseal_keys(Order& order, std::string_view job_id, const storage::SecretBox& secrets) {
    auto& outputs = order.outputs;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        auto* encryption = encryption_in(outputs[i]);
        const auto sealed = std::exchange(outputs[i].sealed_key, "");
        if (encryption == nullptr || sealed.empty()) continue;
        encryption->key = StreamKey{TRY(secrets.unseal(sealed, place_of(job_id, i)))};
    }
    return {};
}

Result<> seal_anew(store::JobStore& jobs, const storage::SecretBox& secrets) {
    std::int64_t lost = 0;
    std::string last;
    for (;;) {
        const auto ids = TRY(jobs.sealed_otherwise(secrets.mark(), last));
        if (ids.empty()) break;
        last = ids.back();
        for (const auto& id : ids) {
            auto record = TRY(jobs.find_job(id));
            if (!record || !record->broken.empty()) continue;
            if (!unseal_keys(record->order, id, secrets)) {
                ++lost;
                continue;
            }
            TRY(seal_keys(record->order, id, secrets));
            TRY(jobs.reseal(id, record->order));
        }
    }
    if (lost > 0)
        log::warn("keys of streams cannot be read: their secret key is gone", {{"jobs", lost}});
    return {};
}

Result<storage::Block> find_key(
    const StreamEncryption& encryption, const OpenUrl& open, const std::stop_token& stop
) {
    if (encryption.key) {
        if (const auto key = storage::block_of(encryption.key->digits)) return *key;
        return Error{ErrorKind::kInternalError, "a stored key is broken", ""};
    }
    auto key = [&]() -> Result<storage::Block> {
        const auto origin = TRY(open(encryption.key_url));
        return fetch_key(*origin, stop);
    }();
    if (key) return key;
    auto error = std::move(key).error().in(kKeyUrlOption);
    error.where = kKeyUrlOption;
    return error;
}

Result<storage::Block> fetch_key(storage::Origin& origin, const std::stop_token& stop) {
    const storage::Retries retries;
    for (int failures = 1;; ++failures) {
        const auto bytes = first_bytes(origin, stop);
        if (bytes) return read_key(*bytes, origin.name());
        const bool is_passing = bytes.error().kind == ErrorKind::kUnavailable;
        if (!is_passing || failures == retries.tries) return bytes.error();
        TRY(retries.wait(failures, stop));
    }
}

std::function<Result<bool>(std::span<const std::byte>)> keeping(std::vector<std::byte>& key) {
    return [&key](std::span<const std::byte> bytes) -> Result<bool> {
        bytes = bytes.first(std::min(bytes.size(), kMostOfKey - key.size()));
        key.insert(key.end(), bytes.begin(), bytes.end());
        return key.size() < kMostOfKey;
    };
}

Result<storage::Block> read_key(std::span<const std::byte> bytes, std::string_view name) {
    storage::Block key{};
    if (bytes.size() != key.size())
        return Error{
            ErrorKind::kDownloadFailed,
            fmt::format(
                "{} must give the {} bytes of a key, and gives {}", name, key.size(),
                bytes.size() > key.size() ? "more" : fmt::format("{}", bytes.size())
            ),
            ""
        };
    std::ranges::transform(bytes, key.begin(), [](std::byte byte) {
        return std::to_integer<unsigned char>(byte);
    });
    return key;
}

}  // namespace ittybit::work
