#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/crew.h"
#include "base/fd.h"
#include "storage/s3_bucket.h"
#include "storage/storage.h"

namespace ittybit::storage {

/// An object on its way to a bucket. Small ones are one PUT at commit; as soon as a whole part is
/// there a multipart upload begins, whose parts a few threads of its own send in any order.
class S3Upload : public Upload {
public:
    S3Upload(std::shared_ptr<const S3Bucket> bucket, std::string key, UploadOptions options);
    ~S3Upload() override;

    Result<> append(std::span<const std::byte> bytes, const std::stop_token& stop) override;
    Result<> put_file(int descriptor, Range range, const std::stop_token& stop) override;
    Result<Stored> commit(std::int64_t size, const std::stop_token& stop) override;
    void abort() override;

private:
    /// A part to send: bytes of the file, or from memory.
    struct Part {
        int number = 0;
        Range range;
        std::string bytes;
    };
    /// What the service said of a part that arrived.
    struct Sent {
        std::string etag;
        std::string md5;
    };

    Result<> start(const std::stop_token& stop);
    void end();
    Result<> send_later(Part part, const std::stop_token& stop);
    Result<std::pair<int, Sent>> send_part(const Part& part, const std::stop_token& stop);
    Result<Stored> finish(std::int64_t size, const std::stop_token& stop);
    Result<Stored> put_whole(std::int64_t size, const std::stop_token& stop);
    Result<Stored> complete(std::int64_t size, const std::stop_token& stop);
    Result<Stored> settle(
        std::int64_t size,
        const std::string& expected,
        const Error& error,
        const std::stop_token& stop
    );
    Result<Stored> verify(std::int64_t size, const std::string& etag, const std::stop_token& stop);
    std::string manifest() const;
    std::string expected_etag() const;
    net::Headers object_headers() const;

    std::shared_ptr<const S3Bucket> bucket_;
    std::string key_;
    UploadOptions options_;
    std::int64_t part_size_;
    std::string id_;  // of the multipart upload, once there is one and while it is open
    std::string receipt_;
    bool is_over_ = false;

    // Of the thread that calls.
    Fd file_;
    Ranges present_;
    std::vector<bool> is_begun_;  // by part, from 0
    std::string buffer_;          // appended and not yet a part
    std::int64_t appended_ = 0;

    std::map<int, Sent> sent_;  // by number, once all are
    Crew<Part, std::pair<int, Sent>> crew_;
};

/// What is kept on record of a multipart upload; and of one that the service is asked to begin.
std::string upload_receipt(const std::string& key, const std::string& id);
std::string intent_receipt(const std::string& key, UnixMillis now);

/// Removes a multipart upload and its parts; one that is gone is removed already.
Result<> abort_multipart(const S3Bucket& bucket, const std::string& key, const std::string& id);

}  // namespace ittybit::storage
