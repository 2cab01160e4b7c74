#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/order.h"
#include "storage/origin.h"
#include "storage/secret_box.h"
#include "storage/segment_cipher.h"
#include "store/job_store.h"

/// The keys of encrypted streams. No child has one, and none is stored in the clear.
namespace ittybit::work {

/// Puts a seal in place of each key of an order, which only that job's order can be read with.
Result<> seal_keys(Order& order, std::string_view job_id, const storage::SecretBox& secrets);

/// Undoes it. Errors: those of SecretBox::unseal.
Result<> unseal_keys(Order& order, std::string_view job_id, const storage::SecretBox& secrets);

/// Seals with the newest key what an older one sealed, also of jobs that have ended: they may be
/// tried again.
Result<> seal_anew(store::JobStore& jobs, const storage::SecretBox& secrets);

/// Opens an http(s) URL.
using OpenUrl = std::function<Result<std::unique_ptr<storage::Origin>>(const std::string& url)>;

/// The key that an output is encrypted with: the one given, else the 16 bytes at its key_url.
/// Errors: those of storage::Origin, `download_failed` for any other number of bytes; all name
/// key_url.
Result<storage::Block> find_key(
    const StreamEncryption& encryption, const OpenUrl& open, const std::stop_token& stop
);

/// The 16 bytes that there are at an origin. Errors: as those of find_key.
Result<storage::Block> fetch_key(storage::Origin& origin, const std::stop_token& stop);

/// What puts the bytes of a key into `key` as they come: one more than it may have is enough.
std::function<Result<bool>(std::span<const std::byte>)> keeping(std::vector<std::byte>& key);

/// The key that these bytes are, the first ones of what lies at `name`; one more than it may have
/// tells that there are more. Errors: `download_failed`.
Result<storage::Block> read_key(std::span<const std::byte> bytes, std::string_view name);
inline constexpr std::size_t kMostOfKey = std::tuple_size_v<storage::Block> + 1;

}  // namespace ittybit::work
