#include "net/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ittybit::net {
namespace {

using testing::HasSubstr;

std::string normal(const std::string& text) {
    const auto url = Url::parse(text);
    return url ? url->text() : "refused: " + url.error().message;
}

TEST(Url, IsNormalisedOnce) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"http://example.com", "http://example.com/"},
        {"HTTP://EXAMPLE.com/A", "http://example.com/A"},
        {"https://example.com:443/", "https://example.com/"},
        {"http://example.com:080/", "http://example.com/"},
        {"http://example.com:8080/", "http://example.com:8080/"},
        {"http://example.com:/x", "http://example.com/x"},
        {"http://example.com./", "http://example.com/"},
        {"http://example.com?a=b", "http://example.com/?a=b"},
        {"http://example.com#top", "http://example.com/"},
        {"http://example.com/a b", "http://example.com/a%20b"},
        {"http://example.com/\xc3\xbc", "http://example.com/%C3%BC"},
        {"http://example.com/a%2fb", "http://example.com/a%2fb"},
        {"http://example.com/a/../b/./c", "http://example.com/a/../b/./c"},
        {"http://example.com//a//b", "http://example.com//a//b"},
        {"http://example.com/?q=a b&c=\"d\"", "http://example.com/?q=a%20b&c=%22d%22"},
        {"http://example.com/a?b#c?d", "http://example.com/a?b"},
        {"http://b\xc3\xbc"
         "cher.example/",
         "http://xn--bcher-kva.example/"},
        {"http://B\xc3\x9c"
         "CHER.example/",
         "http://xn--bcher-kva.example/"},
        {"http://example\xe3\x80\x82"
         "com/",
         "http://example.com/"},
        {"http://my_host.internal-1/", "http://my_host.internal-1/"},
        {"http://[::1]:8080/", "http://[::1]:8080/"},
        {"http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"},
        {"http://[2001:DB8::A]/", "http://[2001:db8::a]/"},
        {"s3://bucket/key", "s3://bucket/key"},
        {"S3://bucket/a b?c#d%20e", "s3://bucket/a b?c#d%20e"},
        {"s3://bucket", "s3://bucket/"},
    };
    for (const auto& [text, expected] : cases) EXPECT_EQ(normal(text), expected) << text;
}

TEST(Url, RefusesWhatIsNoPlainUrl) {
    const std::vector<std::string> cases = {
        "",
        "example.com",
        "/etc/passwd",
        "//example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "gopher://127.0.0.1:6379/_",
        "dict://127.0.0.1/",
        "data:text/plain,hi",
        "javascript:alert(1)",
        "jar:http://x/!/",
        "concat:http://x/|http://y/",
        "subfile:,,start,0,end,9,,:/etc/passwd",
        "rtsp://x/",
        "http:example.com",
        "http:/example.com",
        "http:///example.com",
        "http://",
        "http:// /",
        "http://?x",
        "http://#x",
        "http://:80/",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com:80@127.0.0.1/",
        "http://@example.com/",
        "http://:@example.com/",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:-1/",
        "http://example.com:80a/",
        "http://example.com:+80/",
        "http://example.com: 80/",
        "http://example.com:80:80/",
        "http://exa mple.com/",
        "http://example.com\\@127.0.0.1/",
        "http:\\\\example.com\\",
        "http://example.com\\x/",
        "http://example.com/a\\b",
        "http://example.com/\n",
        "http://example.com/\r\nHost: x",
        "http://example.com/\tx",
        "\thttp://example.com/",
        " http://example.com/",
        "http://example.com/ ",
        std::string("http://example.com/\0x", 21),
        "http://exam%70le.com/",
        "http://%31%32%37.0.0.1/",
        "http://example..com/",
        "http://.example.com/",
        "http://.../",
        "http://./",
        "http://example.com,evil.com/",
        "http://exa<mple.com/",
        "http://exa\"mple.com/",
        "http://exa|mple.com/",
        "http://exa^mple.com/",
        "http://exa;mple.com/",
        "http://exa=mple.com/",
        "http://exa$mple.com/",
        "http://exa{mple.com/",
        "http://[::1/",
        "http://::1/",
        "http://[::1]x/",
        "http://[::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[::g]/",
        "http://[]/",
        "http://[1.2.3.4]/",
        "http://[::1]:x/",
        "http://256.0.0.1/",
        "http://1.2.3.4.5/",
        "http://1.2.3.256/",
        "http://4294967296/",
        "http://0x100000000/",
        "http://1.2.65536/",
        "http://1.16777216/",
        "http://09.0.0.1/",
        "http://127.0.0.08/",
        "http://0xg.1/",
        "http://1..1/",
        "http://\xff\xfe/",
        "http://\xc3/",
        "http://a\xe2\x84\x80/",
        "http://\xe2\x84\x80/x",
        "s3://",
        "s3:///key",
        "s3:bucket/key",
        "s3://b/k",
        "s3://buc ket/key",
        "s3://user@bucket/key",
        "s3://bucket:80/key",
        "s3://../key",
        "s3://a..b/key",
        "s3://.bucket/key",
        "s3://bucket/k\ney",
        "s3://bucket-" + std::string(60, 'x') + "/key",
        "s3://bucket/" + std::string(1100, 'k'),
        "http://" + std::string(64, 'a') + ".com/",
        "http://example.com/" + std::string(9000, 'a'),
    };
    for (const auto& text : cases) {
        const auto url = Url::parse(text);
        EXPECT_FALSE(url) << text << " became " << url->text();
        EXPECT_EQ(url ? "" : name_of(url.error().kind), "invalid_input");
    }
}

TEST(Url, TellsTheUserTheThreeSchemes) {
    for (const std::string text : {"", "ftp://x/", "file:///x", "movie.mp4"})
        EXPECT_EQ(
            Url::parse(text).error().message, "input must use http://, https://, or s3:// scheme"
        );
}

TEST(Url, KeepsSecretsOutOfItsSafeText) {
    const auto url = *Url::parse("https://example.com/a.mp4?X-Amz-Signature=secret");
    EXPECT_EQ(url.safe_text(), "https://example.com/a.mp4");
    const auto refused = Url::parse("http://user:secret@example.com/?token=secret");
    EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("secret@")));
    EXPECT_EQ(refused.error().where, "");
}

TEST(Url, KnowsItsPieces) {
    const auto url = *Url::parse("https://example.com:8443/films/my%20film.mp4?x=1");
    EXPECT_EQ(url.scheme(), "https");
    EXPECT_EQ(url.host(), "example.com");
    EXPECT_EQ(url.port(), 8443);
    EXPECT_EQ(url.authority(), "example.com:8443");
    EXPECT_EQ(url.query(), "x=1");
    EXPECT_EQ(url.file_name(), "my film.mp4");
    const auto object = *Url::parse("s3://films/2024/my%20film.mp4");
    EXPECT_TRUE(object.is_s3());
    EXPECT_EQ(object.host(), "films");
    EXPECT_EQ(object.key(), "2024/my%20film.mp4");
    EXPECT_EQ(object.file_name(), "my%20film.mp4");
    EXPECT_TRUE(Url::parse("http://[::1]:81/")->has_same_origin(*Url::parse("http://[0::1]:81/x")));
    EXPECT_FALSE(url.has_same_origin(*Url::parse("https://example.com/")));
}

TEST(Url, ResolvesRedirects) {
    const auto base = *Url::parse("https://example.com/a/b?c");
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"d", "https://example.com/a/d"},
        {"/d", "https://example.com/d"},
        {"../d", "https://example.com/d"},
        {"../../../d", "https://example.com/d"},
        {"./d/.", "https://example.com/a/d/"},
        {"?e", "https://example.com/a/b?e"},
        {"", "https://example.com/a/b"},
        {"#f", "https://example.com/a/b"},
        {"//other.example/x", "https://other.example/x"},
        {"http://other.example/", "http://other.example/"},
        {"d e/\xc3\xbc", "https://example.com/a/d%20e/%C3%BC"},
        {"d?x=http://y/", "https://example.com/a/d?x=http://y/"},
    };
    for (const auto& [reference, expected] : cases)
        EXPECT_EQ(base.resolve(reference)->text(), expected) << reference;
    for (const std::string bad :
         {"file:///etc/passwd", "s3://bucket/key", "ftp://x/", "http://", "//", "//user@x/",
          "data:,", "http://[::1", "\\\\x\\y"})
        EXPECT_FALSE(base.resolve(bad)) << bad;
}

}  // namespace
}  // namespace ittybit::net
