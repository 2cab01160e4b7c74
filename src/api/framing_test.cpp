#include "api/framing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ittybit::api {
namespace {

struct Case {
    std::string header;  // behind the request's line and Host
    int status;          // 0: none is refused
    std::string_view version = "1.1";
};

int status_of(const std::string& text) {
    HeaderParser parser;
    parser.header_limit(32U << 10U);
    parser.body_limit(boost::none);
    beast::error_code code;
    const auto used = parser.put(asio::buffer(text), code);
    if (!code && !parser.is_header_done()) code = http::error::need_more;
    if (code) return header_refusal(code, parser, std::string_view(text).substr(used)).status;
    const auto problem = check_framing(parser);
    return problem ? problem->status : 0;
}

std::string request(const Case& known) {
    return "POST /uploads HTTP/" + std::string(known.version) + "\r\nHost: a\r\n" + known.header +
           "\r\n\r\n";
}

TEST(Framing, OnlyChunkedAloneIsATransferCoding) {
    for (const auto& known : std::vector<Case>{
             {"X: y", 0},
             {"Content-Length: 3", 0},
             {"Transfer-Encoding: chunked", 0},
             {"Transfer-Encoding: CHUNKED", 0},
             {"Transfer-Encoding:\tchunked \t", 0},
             {"transfer-encoding: chunked", 0},
             // The last is not chunked: the length cannot be known (RFC 9112 6.3).
             {"Transfer-Encoding: xchunked", 400},
             {"Transfer-Encoding: chunkedx", 400},
             {"Transfer-Encoding: identity", 400},
             {"Transfer-Encoding: gzip", 400},
             {"Transfer-Encoding: chunked, identity", 400},
             {"Transfer-Encoding: chunked, gzip", 400},
             {"Transfer-Encoding: \"chunked\"", 400},
             {"Transfer-Encoding: chunked;a=b", 400},
             {"Transfer-Encoding: chunked;q=0.5", 400},
             {"Transfer-Encoding: 'chunked'", 400},
             {"Transfer-Encoding: chunked chunked", 400},
             {"Transfer-Encoding: chunked\x0b", 400},
             {"Transfer-Encoding: \x0b"
              "chunked",
              400},
             {"Transfer-Encoding:", 400},
             {"Transfer-Encoding: ,", 400},
             {"Transfer-Encoding: chunked, chunked", 400},
             {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400},
             {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", 400},
             {"Transfer-Encoding : chunked", 400},
             // Chunks of a coding that is not known here (6.1).
             {"Transfer-Encoding: gzip, chunked", 501},
             {"Transfer-Encoding: identity, chunked", 501},
             {"Transfer-Encoding: foo,bar,chunked", 501},
             {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", 501},
             // HTTP/1.0 has none.
             {"Transfer-Encoding: chunked", 400, "1.0"},
             {"Transfer-Encoding: identity", 400, "1.0"},
             {"Content-Length: 3", 0, "1.0"},
         }) {
        EXPECT_EQ(status_of(request(known)), known.status) << known.header;
    }
}

TEST(Framing, NoTransferCodingGoesWithALength) {
    for (const std::string coding :
         {"chunked", "xchunked", "identity", "gzip", "gzip, chunked", "chunked, identity",
          "\"chunked\"", "", ",", "chunked;a=b"}) {
        const auto one = "Transfer-Encoding: " + coding;
        EXPECT_EQ(status_of(request({one + "\r\nContent-Length: 3", 400})), 400) << coding;
        EXPECT_EQ(status_of(request({"Content-Length: 3\r\n" + one, 400})), 400) << coding;
        EXPECT_EQ(status_of(request({"Content-Length: 0\r\n" + one, 400})), 400) << coding;
    }
}

TEST(Framing, AHostIsAHost) {
    for (const auto* good :
         {"", "a", "example.com", "example.com:8080", "a:", "127.0.0.1:80", "[::1]", "[::1]:8080",
          "a_b", "xn--e1afmkfd", "%41"}) {
        EXPECT_TRUE(is_host(good)) << good;
    }
    for (const auto* wrong :
         {"a b/c", "a/b", "a@b", "a:b", "a:123456", "[::1", "[]", "[::1]x", "a?b", "a#b", "a\"b",
          "a:80:80", "\xc3\xa9", "a\\b", "<a>"}) {
        EXPECT_FALSE(is_host(wrong)) << wrong;
    }
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a b/c\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 0);
}

TEST(Framing, WhatIsTooLongOrTooNewIsToldSo) {
    const auto line = [](std::size_t length) { return "GET /" + std::string(length, 'x'); };
    const std::string rest = " HTTP/1.1\r\nHost: a\r\n\r\n";
    EXPECT_EQ(status_of(line(8000) + rest), 0);
    EXPECT_EQ(status_of(line(20'000) + rest), 414);
    EXPECT_EQ(status_of(line(70'000) + rest), 414);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n"), 431);
    std::string many = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 10'000; ++i) many += "X: y\r\n";
    EXPECT_EQ(status_of(many + "\r\n"), 431);
    for (const auto* version : {"1.2", "2.0", "9.9", "0.9"}) {
        EXPECT_EQ(status_of("GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n\r\n"), 505)
            << version;
    }
    EXPECT_EQ(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
    EXPECT_EQ(status_of("GET / HTTP/x\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(status_of("hello\r\n\r\n"), 400);
}

}  // namespace
}  // namespace ittybit::api
