#include "storage/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/digests.h"

/// The examples AWS publishes for S3 (docs.aws.amazon.com/AmazonS3/latest/API/
/// sig-v4-header-based-auth.html and sigv4-query-string-auth.html).
namespace ittybit::storage {
namespace {

using testing::HasSubstr;

constexpr UnixMillis kMay24 = 1369353600000;
const std::string kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

S3Account example() {
    S3Account account;
    account.access_key_id = "AKIAIOSFODNN7EXAMPLE";
    account.secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    return account;
}

Signable get(std::string path, Query query = {}) {
    return {"GET", "examplebucket.s3.amazonaws.com", std::move(path), std::move(query), {}, kEmpty};
}

std::string authorization(const Signable& request, const S3Account& account = example()) {
    return std::string(net::header_value(sign(request, account, kMay24), "authorization"));
}

TEST(SigV4, SignsAGetWithARange) {
    auto request = get("/test.txt");
    request.headers = {{"Range", "bytes=0-9"}};
    EXPECT_EQ(
        authorization(request),
        "AWS4-HMAC-SHA256 "
        "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    );
}

TEST(SigV4, SignsASubresource) {
    EXPECT_THAT(
        authorization(get("/", {{"lifecycle", ""}})),
        HasSubstr("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    );
}

TEST(SigV4, SignsAListing) {
    EXPECT_THAT(
        authorization(get("/", {{"prefix", "J"}, {"max-keys", "2"}})),
        HasSubstr("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    );
}

TEST(SigV4, PresignsAGet) {
    EXPECT_EQ(
        presign_query(get("/test.txt"), example(), kMay24, 86400),
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
        "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
        "X-Amz-SignedHeaders=host&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
}

TEST(SigV4, SignsTheSessionToken) {
    auto account = example();
    account.session_token = "token/+=";
    const auto headers = sign(get("/"), account, kMay24);
    EXPECT_EQ(net::header_value(headers, "x-amz-security-token"), "token/+=");
    EXPECT_THAT(
        std::string(net::header_value(headers, "authorization")),
        HasSubstr("x-amz-date;x-amz-security-token")
    );
    EXPECT_THAT(
        presign_query(get("/"), account, kMay24, 60),
        HasSubstr("X-Amz-Security-Token=token%2F%2B%3D")
    );
}

TEST(SigV4, SortsAfterEncoding) {
    EXPECT_EQ(
        canonical_query({{"b", "2 +/"}, {"a~", ""}, {"a", "\xc3\xbc"}, {"a", "1"}}),
        "a=%C3%BC&a=1&a~=&b=2%20%2B%2F"
    );
}

TEST(Digests, AreThoseOfTheTextbooks) {
    EXPECT_EQ(hex_of(sha256("")), kEmpty);
    EXPECT_EQ(hex_of(md5("abc")), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(
        hex_of(hmac_sha256("Jefe", "what do ya want for nothing?")),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

TEST(Digests, OfPiecesAreThoseOfTheWhole) {
    Hash hash;
    hash.add("what do ya want ");
    hash.add("for nothing?");
    EXPECT_EQ(hash.end(), sha256("what do ya want for nothing?"));
}

TEST(Base64, IsPaddedAndReadBack) {
    EXPECT_EQ(to_base64(""), "");
    EXPECT_EQ(to_base64("f"), "Zg==");  // RFC 4648, section 10
    EXPECT_EQ(to_base64("fo"), "Zm8=");
    EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(from_base64(to_base64("\xFB\xFF")), "\xFB\xFF");
}

}  // namespace
}  // namespace ittybit::storage
