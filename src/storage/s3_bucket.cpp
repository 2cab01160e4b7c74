#include "storage/s3_bucket.h"

#include <array>
#include <cstdlib>
#include <ctime>

#include <pugixml.hpp>

#include "base/text.h"
#include "storage/digests.h"
#include "storage/retries.h"

namespace ittybit::storage {
namespace {

constexpr std::size_t kLargestReply = 16U << 20U;

bool is_success(int status) {
    return status >= 200 && status < 300;
}

ErrorKind kind_of(S3Action action) {
    return action == S3Action::kWrite || action == S3Action::kDelete ? ErrorKind::kUploadFailed
                                                                     : ErrorKind::kDownloadFailed;
}

bool is_passing(int status, std::string_view code) {
    constexpr std::array<std::string_view, 8> kCodes = {
        "SlowDown",         "InternalError", "ServiceUnavailable",        "RequestTimeout",
        "OperationAborted", "BadDigest",     "XAmzContentSHA256Mismatch", "IncompleteBody",
    };
    for (const auto passing : kCodes) {
        if (code == passing) return true;
    }
    return may_pass(status);
}

std::string denied(S3Action action) {
    switch (action) {
        case S3Action::kRead: return "read it; allow s3:GetObject";
        case S3Action::kWrite: return "write it; allow s3:PutObject and s3:AbortMultipartUpload";
        case S3Action::kList: return "list the bucket; allow s3:ListBucket";
        case S3Action::kListBuckets: return "list the buckets; name the one that is meant";
        case S3Action::kDelete: return "delete it; allow s3:DeleteObject";
    }
    return "";
}

/// How far our clock is from the service's, in words.
std::string clock_difference(const net::Response& answer) {
    std::tm utc = {};
    const std::string date(net::header_value(answer.headers, "date"));
    if (::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S", &utc) == nullptr) return "far off";
    const auto seconds = std::time(nullptr) - ::timegm(&utc);
    return std::to_string(std::abs(seconds) / 60) + " minutes " +
           (seconds < 0 ? "behind" : "ahead");
}

}  // namespace

std::string xml_text(const std::string& document, const char* element) {
    pugi::xml_document parsed;
    if (!parsed.load_buffer(document.data(), document.size())) return "";
    const auto found = parsed.find_node([&](const pugi::xml_node& node) {
        return std::string_view(node.name()) == element;
    });
    return found.text().get();
}

std::string bare_etag(std::string_view etag) {
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
        etag = etag.substr(1, etag.size() - 2);
    return std::string(etag);
}

Result<net::Url> S3Bucket::object_url(const std::string& key) const {
    const auto base = TRY(account_.bucket_url(bucket_));
    return net::Url::parse(base.text() + percent_encode(key, true));
}

Result<net::Request> S3Bucket::request(const Call& call, const std::stop_token& stop) const {
    const auto account = TRY(account_.with_keys(stop));
    const auto url = TRY(object_url(call.key));
    const Signable signable = {
        .method = call.method,
        .host = url.authority(),
        .path = url.path(),
        .query = call.query,
        .headers = call.headers,
        .payload_hash = call.upload != nullptr ? call.payload_hash : hex_of(sha256(call.body)),
    };
    const auto query = canonical_query(call.query);
    net::Request request;
    request.method = call.method;
    request.url = query.empty() ? url : TRY(net::Url::parse(url.text() + "?" + query));
    request.headers = sign(signable, account, SystemClock().now());
    request.body = call.body;
    request.upload = call.upload;
    request.largest_body = kLargestReply;
    request.patience = tuning_.patience;
    request.is_sent_once = call.is_in_doubt != nullptr;
    return request;
}

Result<std::string> S3Bucket::presign(const std::string& key, std::int64_t lasts_s) const {
    const auto account = TRY(account_.with_keys({}));
    const auto url = TRY(object_url(key));
    const Signable signable = {
        .method = "GET",
        .host = url.authority(),
        .path = url.path(),
        .query = {},
        .headers = {},
        .payload_hash = {},
    };
    return url.text() + "?" + presign_query(signable, account, SystemClock().now(), lasts_s);
}

Result<net::Response> S3Bucket::send(const Call& call, const std::stop_token& stop) const {
    for (int failures = 0;;) {
        auto answer = send_once(call, stop);
        const bool is_passing = !answer && answer.error().kind == ErrorKind::kUnavailable;
        const bool is_settled =
            answer || (!is_passing && answer.error().kind != ErrorKind::kCancelled);
        if (call.is_in_doubt != nullptr && !is_settled) *call.is_in_doubt = true;
        if (!is_passing) return answer;
        if (++failures >= tuning_.retries.tries) {
            auto error = std::move(answer).error();
            if (!tuning_.is_trial) error.kind = kind_of(call.action);
            error.where = name_of(call.key);
            error.message += " (tried " + std::to_string(failures) + " times)";
            return error;
        }
        TRY(tuning_.retries.wait(failures, stop));
    }
}

Result<net::Response> S3Bucket::send_once(const Call& call, const std::stop_token& stop) const {
    const auto ready = TRY(request(call, stop));
    auto answer = TRY(client_.send(ready, stop));
    // A long operation may begin with 200 and end with an error in the body.
    const bool has_failed_late = answer.body.find("<Error>") != std::string::npos;
    if (!is_success(answer.status) || has_failed_late)
        return explain(call.action, call.key, answer);
    const auto etag = bare_etag(net::header_value(answer.headers, "etag"));
    const auto encryption = net::header_value(answer.headers, "x-amz-server-side-encryption");
    const bool is_md5 = etag.size() == 32 && (encryption.empty() || encryption == "AES256");
    if (!call.part_md5.empty() && is_md5 && etag != hex_of(call.part_md5))
        return Error{
            ErrorKind::kUnavailable, "the S3 service received other bytes than were sent",
            name_of(call.key)
        };
    return answer;
}

Error S3Bucket::explain(S3Action action, const std::string& key, const net::Response& answer)
    const {
    const auto code = xml_text(answer.body, "Code");
    const auto host = answer.url.authority();
    const auto fail = [&](std::string message) {
        return Error{kind_of(action), std::move(message), name_of(key), std::nullopt, code};
    };
    std::string region(net::header_value(answer.headers, "x-amz-bucket-region"));
    if (region.empty()) region = xml_text(answer.body, "Region");
    if (code == "InvalidAccessKeyId")
        return fail(host + " does not know the access_key_id; check the connection's keys");
    if (code == "SignatureDoesNotMatch")
        return fail(
            "the secret_access_key does not belong to the access_key_id; enter the connection's "
            "keys again"
        );
    if (code == "ExpiredToken" || code == "TokenRefreshRequired")
        return fail("the session_token has expired; get new temporary keys");
    if (code == "InvalidToken")
        return fail("the session_token is not valid; get new temporary keys");
    if (code == "RequestTimeTooSkewed")
        return fail(
            "this machine's clock is " + clock_difference(answer) +
            " of the S3 service's; set it right"
        );
    const bool is_elsewhere = code == "AuthorizationHeaderMalformed" ||
                              code == "PermanentRedirect" ||
                              code == "IllegalLocationConstraintException" ||
                              code == "TemporaryRedirect" || answer.status == 301;
    if (is_elsewhere || (!region.empty() && region != account_.region))
        return fail(
            "the bucket \"" + bucket_ + "\" is not in region \"" + account_.region +
            "\"; set the connection's region" + (region.empty() ? "" : " to \"" + region + "\"")
        );
    if (code == "NoSuchBucket")
        return fail(
            "there is no bucket \"" + bucket_ + "\" at " + host + "; create it or correct the name"
        );
    if (answer.status == 404 && code != "NoSuchUpload")
        return {ErrorKind::kFileNotFound, "there is no " + name_of(key), name_of(key)};
    if (is_passing(answer.status, code) || is_success(answer.status))
        return {
            ErrorKind::kUnavailable,
            "the S3 service answered " + net::status_in_words(answer.status) +
                (code.empty() ? "" : " (" + code + ")"),
            name_of(key)
        };
    if (answer.status == 403)
        return fail("the connection's keys are good, but they may not " + denied(action));
    return fail(
        "the S3 service answered " + net::status_in_words(answer.status) + " " + code + ": " +
        xml_text(answer.body, "Message").substr(0, 200)
    );
}

}  // namespace ittybit::storage
