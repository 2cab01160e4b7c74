#include <array>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <utility>

#include <pugixml.hpp>

#include "base/json.h"
#include "storage/http_origin.h"
#include "storage/keys.h"
#include "storage/s3.h"
#include "storage/s3_bucket.h"
#include "storage/s3_upload.h"

namespace ittybit::storage {
namespace {

constexpr UnixMillis kMostSkewMs = UnixMillis{15} * 60'000;  // S3 refuses what is signed with more
constexpr UnixMillis kOnRecordAfterMs = 60'000;

/// "2009-10-12T17:50:30.000Z"
UnixMillis read_time(const char* text) {
    std::tm utc = {};
    if (::strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) == nullptr) return 0;
    return ::timegm(&utc) * 1000;
}

/// "Mon, 12 Oct 2009 17:50:30 GMT"
UnixMillis read_http_date(std::string_view text) {
    std::tm utc = {};
    if (::strptime(std::string(text).c_str(), "%a, %d %b %Y %H:%M:%S", &utc) == nullptr) return 0;
    return ::timegm(&utc) * 1000;
}

std::unique_ptr<Origin> origin_in(
    const std::shared_ptr<const S3Bucket>& bucket, const std::string& key
) {
    HttpOrigin::Dialect dialect;
    dialect.name = bucket->name_of(key);
    dialect.prepare = [=](const net::Headers& conditions) {
        return bucket->request({.action = S3Action::kRead, .key = key, .headers = conditions});
    };
    dialect.explain = [=](const net::Response& answer) {
        auto error = bucket->explain(S3Action::kRead, key, answer);
        if (error.kind == ErrorKind::kFileNotFound) {
            error.kind = ErrorKind::kDownloadFailed;
            error.message += "; check the bucket and key (404 Not Found)";
        }
        return error;
    };
    return std::make_unique<HttpOrigin>(bucket->client(), std::move(dialect));
}

class S3Storage : public Storage {
public:
    S3Storage(std::shared_ptr<const S3Bucket> bucket, std::string prefix)
        : bucket_(std::move(bucket)), prefix_(std::move(prefix)) {}

    Result<std::unique_ptr<Upload>>
    begin(const std::string& key, UploadOptions options, const std::stop_token&) override {
        TRY(check_key(key));
        return std::unique_ptr<Upload>(
            std::make_unique<PrefixedUpload>(bucket_, prefix_, key, std::move(options))
        );
    }

    Result<Stored> head(const std::string& key, const std::stop_token& stop) override {
        TRY(check_key(key));
        auto answer = bucket_->send(
            {.action = S3Action::kRead, .method = "HEAD", .key = prefix_ + key}, stop
        );
        if (!answer) return in_words(std::move(answer).error(), key, stop);
        const std::string size(net::header_value(answer->headers, "content-length"));
        return Stored{
            key, std::strtoll(size.c_str(), nullptr, 10),
            bare_etag(net::header_value(answer->headers, "etag")),
            std::string(net::header_value(answer->headers, "content-type")),
            read_http_date(net::header_value(answer->headers, "last-modified"))
        };
    }

    Result<> read(
        const std::string& key, Range range, const TakeBytes& take, const std::stop_token& stop
    ) override {
        const auto stored = TRY(head(key, stop));
        range.to = std::min(range.to, stored.size);
        const auto origin = origin_in(bucket_, prefix_ + key);
        const auto& retries = bucket_->tuning().retries;
        bool is_enough = false;
        for (int failures = 0; range.from < range.to && !is_enough;) {
            const Taker taker = {
                .answer = [&](const Answer& answer) { return judge(answer, range, stored); },
                .bytes = [&](std::span<const std::byte> bytes) -> Result<bool> {
                    range.from += static_cast<std::int64_t>(bytes.size());
                    is_enough = !TRY(take(bytes));
                    return !is_enough;
                },
            };
            auto result = origin->fetch(range, {}, taker, stop);
            if (result) continue;
            if (result.error().kind != ErrorKind::kUnavailable) return result;
            if (++failures >= retries.tries) {
                result.error().kind = ErrorKind::kDownloadFailed;
                return result;
            }
            TRY(retries.wait(failures, stop));
        }
        return {};
    }

    Result<std::unique_ptr<Origin>> origin(const std::string& key) override {
        TRY(check_key(key));
        return origin_in(bucket_, prefix_ + key);
    }

    Result<> remove(const std::string& key, const std::stop_token& stop) override {
        TRY(check_key(key));
        const auto answer = bucket_->send(
            {.action = S3Action::kDelete, .method = "DELETE", .key = prefix_ + key}, stop
        );
        if (answer || answer.error().kind == ErrorKind::kFileNotFound) return {};
        return answer.error();
    }

    Result<std::vector<Stored>> list(const std::string& prefix, const std::stop_token& stop)
        override {
        std::vector<Stored> found;
        std::string token;
        do {
            Query query = {{"list-type", "2"}, {"prefix", prefix_ + prefix}};
            if (!token.empty()) query.emplace_back("continuation-token", token);
            const auto answer =
                TRY(bucket_->send({.action = S3Action::kList, .key = "", .query = query}, stop));
            pugi::xml_document page;
            page.load_buffer(answer.body.data(), answer.body.size());
            const auto root = page.document_element();
            for (const auto& entry : root.children("Contents")) {
                found.push_back(
                    {std::string(entry.child_value("Key")).substr(prefix_.size()),
                     entry.child("Size").text().as_llong(), bare_etag(entry.child_value("ETag")),
                     "", read_time(entry.child_value("LastModified"))}
                );
            }
            token = root.child_value("NextContinuationToken");
        } while (!token.empty());
        return found;
    }

    std::optional<std::string> presign(const std::string& key, std::chrono::seconds lasts)
        override {
        auto url = bucket_->presign(prefix_ + key, lasts.count());
        return url ? std::optional(*std::move(url)) : std::nullopt;
    }

    Result<int> sweep(UnixMillis before, const std::stop_token& stop) override {
        int swept = 0;
        for (const auto& upload : TRY(unfinished(prefix_, stop))) {
            if (upload.begun >= before) continue;
            TRY(abort_multipart(*bucket_, upload.key, upload.id));
            ++swept;
        }
        return swept;
    }

    /// Of the same key, and begun when the receipt was made, give or take how wrong a clock may be.
    Result<std::vector<std::string>> uploads_of(
        const std::string& receipt, const std::stop_token& stop
    ) override {
        const auto parsed = TRY(parse_json(receipt));
        const auto* asked_at = parsed.get_object().if_contains("asked_at");
        if (asked_at == nullptr) return std::vector{receipt};
        const auto key = string_at(parsed, "key");
        const auto now = SystemClock().now();
        std::vector<std::string> found;
        for (const auto& upload : TRY(unfinished(key, stop))) {
            const auto apart = upload.begun - asked_at->to_number<UnixMillis>();
            if (upload.key != key || std::abs(apart) > kMostSkewMs) continue;
            // Whoever else began it has it on record by then.
            if (now - upload.begun < kOnRecordAfterMs)
                return Error{ErrorKind::kUnavailable, "it may be somebody else's upload", key};
            found.push_back(upload_receipt(key, upload.id));
        }
        return found;
    }

    bool is_remote() const override { return true; }

    Result<> abort(const std::string& receipt, const std::stop_token&) override {
        const auto parsed = TRY(parse_json(receipt));
        return abort_multipart(*bucket_, string_at(parsed, "key"), string_at(parsed, "upload_id"));
    }

private:
    struct Unfinished {
        std::string key;  // whole
        std::string id;
        UnixMillis begun = 0;
    };

    Result<std::vector<Unfinished>> unfinished(
        const std::string& prefix, const std::stop_token& stop
    ) const {
        std::vector<Unfinished> found;
        Query position;
        for (;;) {
            Query query = {{"uploads", ""}, {"prefix", prefix}};
            query.insert(query.end(), position.begin(), position.end());
            const auto answer =
                TRY(bucket_->send({.action = S3Action::kList, .key = "", .query = query}, stop));
            pugi::xml_document page;
            page.load_buffer(answer.body.data(), answer.body.size());
            const auto root = page.document_element();
            for (const auto& upload : root.children("Upload")) {
                found.push_back(
                    {upload.child_value("Key"), upload.child_value("UploadId"),
                     read_time(upload.child_value("Initiated"))}
                );
            }
            if (std::string_view(root.child_value("IsTruncated")) != "true") return found;
            position = {
                {"key-marker", root.child_value("NextKeyMarker")},
                {"upload-id-marker", root.child_value("NextUploadIdMarker")}
            };
        }
    }

    /// An upload whose key, as its owner sees it, lacks the prefix.
    class PrefixedUpload : public S3Upload {
    public:
        PrefixedUpload(
            std::shared_ptr<const S3Bucket> bucket,
            const std::string& prefix,
            std::string key,
            UploadOptions options
        )
            : S3Upload(std::move(bucket), prefix + key, std::move(options)), own_(std::move(key)) {}
        Result<Stored> commit(std::int64_t size, const std::stop_token& stop) override {
            auto stored = S3Upload::commit(size, stop);
            if (stored) stored->key = own_;
            return stored;
        }

    private:
        std::string own_;
    };

    static Result<> judge(const Answer& answer, Range range, const Stored& stored) {
        if (answer.offset == range.from && bare_etag(answer.version.etag) == stored.etag) return {};
        return Error{ErrorKind::kSourceChanged, "the object changed while it was read", stored.key};
    }

    /// A HEAD has no body that says why: a GET of one byte has.
    Result<Stored> in_words(Error error, const std::string& key, const std::stop_token& stop)
        const {
        if (error.kind == ErrorKind::kFileNotFound) return not_found(key);
        if (error.kind != ErrorKind::kDownloadFailed) return error;
        const net::Headers one = {{"Range", "bytes=0-0"}};
        const auto answer =
            bucket_->send({.action = S3Action::kRead, .key = prefix_ + key, .headers = one}, stop);
        return answer ? error : answer.error();
    }

    std::shared_ptr<const S3Bucket> bucket_;
    std::string prefix_;
};

}  // namespace

std::unique_ptr<Storage> open_s3(
    net::Client& client, S3Account account, std::string bucket, std::string prefix, S3Tuning tuning
) {
    return std::make_unique<S3Storage>(
        std::make_shared<const S3Bucket>(
            client, std::move(account), std::move(bucket), std::move(tuning)
        ),
        std::move(prefix)
    );
}

std::unique_ptr<Origin> s3_origin(
    net::Client& client, S3Account account, std::string bucket, std::string key
) {
    return origin_in(
        std::make_shared<const S3Bucket>(client, std::move(account), std::move(bucket), S3Tuning()),
        std::move(key)
    );
}

/// Somebody waits for the answer.
const S3Tuning kTrial = {.retries = {.tries = 2}, .patience = {}, .is_trial = true};

Result<std::vector<std::string>> list_buckets(
    net::Client& client, const S3Account& account, const std::stop_token& stop
) {
    const S3Bucket service(client, account, "", kTrial);
    const auto answer = TRY(service.send({.action = S3Action::kListBuckets, .key = ""}, stop));
    pugi::xml_document page;
    page.load_buffer(answer.body.data(), answer.body.size());
    std::vector<std::string> names;
    for (const auto& bucket : page.document_element().child("Buckets").children("Bucket"))
        names.emplace_back(bucket.child_value("Name"));
    return names;
}

Result<> test_s3(
    net::Client& client,
    const S3Account& account,
    const std::string& bucket,
    const std::stop_token& stop
) {
    return try_storage(*open_s3(client, account, bucket, "", kTrial), stop);
}

}  // namespace ittybit::storage
