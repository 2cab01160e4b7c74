#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "storage/s3_account.h"
#include "storage/secret_box.h"
#include "storage/storage.h"
#include "store/side_tables.h"

namespace ittybit::work {

/// The account behind a stored connection. Errors: `connection_required` when it is gone.
Result<storage::S3Account> account_of(
    store::ConnectionTable& connections, const storage::SecretBox& secrets, const std::string& id
);

/// "bucket" and "key" of s3://bucket/key.
struct S3Place {
    std::string bucket;
    std::string key;
};
S3Place read_s3(std::string_view url);

/// What the placeholders of an output stand for.
struct OutputWords {
    UnixMillis now = 0;
    std::string input;  // URL; {filename} is the stem of its last piece
    std::string kind;
    std::string format;  // "mp4", "jpg", "m3u8"
    std::string id;
};
std::string fill_placeholders(std::string_view output, const OutputWords& words);

/// "clip" of "https://host/a/clip.mov?x=1".
std::string stem_of(std::string_view url);

}  // namespace ittybit::work
