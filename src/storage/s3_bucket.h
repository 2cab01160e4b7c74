#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "net/client.h"
#include "storage/s3.h"
#include "storage/sigv4.h"

namespace ittybit::storage {

/// What a request does to an object, for messages.
enum class S3Action { kRead, kWrite, kList, kDelete, kListBuckets };

/// Signed requests to one bucket, tried again while they fail in passing, with the service's errors
/// in words. Immutable, so any thread may use it.
class S3Bucket {
public:
    struct Call {
        S3Action action = S3Action::kRead;
        std::string method = "GET";
        std::string key;  // whole, not encoded; "" is the bucket itself
        Query query = {};
        net::Headers headers = {};
        std::string body = {};
        ByteSource* upload = nullptr;
        std::string payload_hash = {};  // of `upload`; hexadecimal SHA-256
        std::string part_md5 = {};      // bytes; the ETag of the answer must be it, where it is one
        bool* is_in_doubt = nullptr;  // becomes true when a try may have been done unbeknown to us
    };

    S3Bucket(net::Client& client, S3Account account, std::string bucket, S3Tuning tuning)
        : client_(client),
          account_(std::move(account)),
          bucket_(std::move(bucket)),
          tuning_(std::move(tuning)) {}

    /// A signed request. Errors: `invalid_request` (a bad endpoint), those of getting keys.
    Result<net::Request> request(const Call& call, const std::stop_token& stop = {}) const;

    /// The answer, when it is a success (also in its body). Errors: `file_not_found`,
    /// `download_failed` or `upload_failed` by the action, `cancelled`, `input_blocked`.
    Result<net::Response> send(const Call& call, const std::stop_token& stop) const;

    /// What an answer that is no success means: `unavailable` where another try may help.
    Error explain(S3Action action, const std::string& key, const net::Response& answer) const;

    Result<std::string> presign(const std::string& key, std::int64_t lasts_s) const;

    /// "s3://bucket/key"
    std::string name_of(const std::string& key) const { return "s3://" + bucket_ + "/" + key; }
    const S3Tuning& tuning() const { return tuning_; }
    net::Client& client() const { return client_; }

private:
    Result<net::Response> send_once(const Call& call, const std::stop_token& stop) const;
    Result<net::Url> object_url(const std::string& key) const;

    net::Client& client_;
    S3Account account_;
    std::string bucket_;
    S3Tuning tuning_;
};

/// The text of the first element of this name, at any depth; "" when there is none.
std::string xml_text(const std::string& document, const char* element);

/// Without its quotes.
std::string bare_etag(std::string_view etag);

}  // namespace ittybit::storage
