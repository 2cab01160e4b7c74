#include "storage/sigv4.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <map>

#include "base/text.h"
#include "net/url.h"
#include "storage/digests.h"

namespace ittybit::storage {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::int64_t kLongestPermission = 604'800;

/// "20130524T000000Z"
std::string timestamp(UnixMillis now) {
    const std::time_t seconds = now / 1000;
    std::tm utc = {};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 32> text = {};
    std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
    return text.data();
}

std::string scope_of(const std::string& time, const S3Account& account) {
    return time.substr(0, 8) + "/" + account.region + "/s3/aws4_request";
}

struct SignedHeaders {
    std::string names;  // "host;x-amz-date"
    std::string lines;  // "host:…\nx-amz-date:…\n"
};

SignedHeaders signed_headers(const Signable& request) {
    std::map<std::string, std::string> sorted = {{"host", request.host}};
    for (const auto& header : request.headers) {
        const auto name = to_lower(header.name);
        if (name.starts_with("x-amz-") || name == "range") sorted[name] = header.value;
    }
    SignedHeaders text;
    for (const auto& [name, value] : sorted) {
        text.names += (text.names.empty() ? "" : ";") + name;
        text.lines += name + ":" + value + "\n";
    }
    return text;
}

std::string signature(
    const Signable& request,
    const S3Account& account,
    const std::string& time,
    const SignedHeaders& headers
) {
    const auto canonical = request.method + "\n" + request.path + "\n" +
                           canonical_query(request.query) + "\n" + headers.lines + "\n" +
                           headers.names + "\n" + request.payload_hash;
    const auto scope = scope_of(time, account);
    const auto text =
        std::string(kAlgorithm) + "\n" + time + "\n" + scope + "\n" + hex_of(sha256(canonical));
    auto key = hmac_sha256("AWS4" + account.secret_access_key, time.substr(0, 8));
    for (const std::string_view step :
         {std::string_view(account.region), std::string_view("s3"), std::string_view("aws4_request")
         })
        key = hmac_sha256(key, step);
    return hex_of(hmac_sha256(key, text));
}

}  // namespace

std::string canonical_query(const Query& query) {
    std::vector<std::string> pairs;
    pairs.reserve(query.size());
    for (const auto& [name, value] : query)
        pairs.push_back(percent_encode(name) + "=" + percent_encode(value));
    std::sort(pairs.begin(), pairs.end());
    return join(pairs, "&");
}

net::Headers sign(const Signable& request, const S3Account& account, UnixMillis now) {
    const auto time = timestamp(now);
    Signable full = request;
    full.headers.push_back({"x-amz-content-sha256", request.payload_hash});
    full.headers.push_back({"x-amz-date", time});
    if (account.session_token)
        full.headers.push_back({"x-amz-security-token", *account.session_token});
    const auto headers = signed_headers(full);
    full.headers.push_back(
        {"Authorization", std::string(kAlgorithm) + " Credential=" + account.access_key_id + "/" +
                              scope_of(time, account) + ", SignedHeaders=" + headers.names +
                              ", Signature=" + signature(full, account, time, headers)}
    );
    return full.headers;
}

std::string presign_query(
    Signable request, const S3Account& account, UnixMillis now, std::int64_t lasts_s
) {
    const auto time = timestamp(now);
    request.payload_hash = kUnsignedPayload;
    const auto headers = signed_headers(request);
    const Query more = {
        {"X-Amz-Algorithm", std::string(kAlgorithm)},
        {"X-Amz-Credential", account.access_key_id + "/" + scope_of(time, account)},
        {"X-Amz-Date", time},
        {"X-Amz-Expires", std::to_string(std::min(lasts_s, kLongestPermission))},
        {"X-Amz-SignedHeaders", headers.names},
    };
    request.query.insert(request.query.end(), more.begin(), more.end());
    if (account.session_token)
        request.query.emplace_back("X-Amz-Security-Token", *account.session_token);
    return canonical_query(request.query) +
           "&X-Amz-Signature=" + signature(request, account, time, headers);
}

}  // namespace ittybit::storage
