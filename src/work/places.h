#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "model/connection.h"
#include "model/operation.h"
#include "model/order.h"
#include "storage/s3_account.h"
#include "storage/secret_box.h"
#include "storage/storage.h"
#include "store/side_tables.h"
#include "work/exporter.h"

namespace ittybit::work {

/// The account behind a stored connection. Errors: `connection_required` when it is gone.
Result<storage::S3Account> account_of(
    store::ConnectionTable& connections, const storage::SecretBox& secrets, const std::string& id
);

/// Seals with the newest key what an older one sealed.
Result<> seal_anew(store::ConnectionTable& connections, const storage::SecretBox& secrets);

/// "bucket" and "key" of s3://bucket/key.
struct S3Place {
    std::string bucket;
    std::string key;
};
S3Place read_s3(std::string_view url);

/// The account that a connection gives.
storage::S3Account account_of(const ConnectionRequest& connection);

/// The extension of what an operation makes. An image in its input's own format: the probe has
/// said which.
std::string extension_for(const Operation& operation, std::string_view input_format);

/// What the placeholders of an output stand for.
struct OutputWords {
    UnixMillis now = 0;
    std::string input;  // URL; {filename} is the stem of its last piece
    std::string kind;
    std::string format;  // "mp4", "jpg", "m3u8"
    std::string id;
};
std::string fill_placeholders(std::string_view output, const OutputWords& words);

/// The folder of an output's parts, beside it: "show-x5vsknk0" of "show.m3u8", "show.mp4-x5vsknk0"
/// of "show.mp4", so that the outputs of a job, which may differ in nothing else, have their own.
std::string parts_folder(std::string_view name, std::string_view id);

/// Where s3://bucket/key leads once its placeholders are filled; a key without an extension gets
/// that of the format, a folder its slash.
Place s3_place(
    net::Client& client,
    storage::S3Account account,
    std::string_view output,
    const OutputWords& words,
    bool is_folder
);

/// Which output has which place in a bucket, where only the work tells all of its key.
class TakenPlaces {
public:
    /// Errors: `invalid_output`, where it is another output's already.
    Result<> take(
        const std::string& connection, const std::string& url, const OrderedOutput& output
    );

private:
    std::map<std::pair<std::string, std::string>, const OrderedOutput*> taken_;
};

/// "clip.mov" of "https://host/a/clip.mov?x=1", percent-decoded and made harmless; and "clip".
std::string name_of(std::string_view url);
std::string stem_of(std::string_view url);

}  // namespace ittybit::work
