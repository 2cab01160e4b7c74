#include "api/forwarded.h"

#include <gtest/gtest.h>

namespace ittybit::api {
namespace {

Sender sender(
    std::vector<Header> headers,
    const char* peer = "10.0.0.1",
    const std::vector<std::string>& trusted = {"10.0.0.0/8", "fd00::/8"}
) {
    headers.push_back({"Host", "inner:8080"});
    Request request;
    request.headers = std::move(headers);
    return sender_of(request, asio::ip::make_address(peer), *TrustedProxies::read(trusted));
}

std::string client(std::vector<Header> headers, const char* peer = "10.0.0.1") {
    return sender(std::move(headers), peer).address.to_string();
}

TEST(Forwarded, WithoutATrustedProxyNothingIsBelieved) {
    const auto found = sender(
        {{"X-Forwarded-For", "192.0.2.1"},
         {"X-Forwarded-Proto", "https"},
         {"X-Forwarded-Host", "media.example"}},
        "198.51.100.7"
    );
    EXPECT_EQ(found.address.to_string(), "198.51.100.7");
    EXPECT_EQ(found.scheme, "http");
    EXPECT_EQ(found.host, "inner:8080");
}

TEST(Forwarded, TheClientIsTheFirstFromTheRightThatIsNoProxy) {
    EXPECT_EQ(client({}), "10.0.0.1");
    EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.1"}}), "192.0.2.1");
    EXPECT_EQ(client({{"X-Forwarded-For", "203.0.113.9, 192.0.2.1 ,10.1.1.1"}}), "192.0.2.1");
    EXPECT_EQ(
        client({{"x-forwarded-for", "192.0.2.1"}, {"X-Forwarded-For", "10.1.1.1"}}), "192.0.2.1"
    );
    EXPECT_EQ(client({{"X-Forwarded-For", "10.2.2.2, 10.1.1.1"}}), "10.2.2.2");
    EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.1, unknown, 10.1.1.1"}}), "10.1.1.1");
    EXPECT_EQ(client({{"X-Forwarded-For", ""}}), "10.0.0.1");
    EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.1"}}, "::ffff:10.0.0.1"), "192.0.2.1");
    EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.1"}}, "fd12::1"), "192.0.2.1");
}

TEST(Forwarded, AddressesMayHavePorts) {
    EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.1:4711"}}), "192.0.2.1");
    EXPECT_EQ(client({{"X-Forwarded-For", "2001:db8::1"}}), "2001:db8::1");
    EXPECT_EQ(client({{"X-Forwarded-For", "[2001:db8::1]:4711"}}), "2001:db8::1");
    EXPECT_EQ(client({{"X-Forwarded-For", "["}}), "10.0.0.1");
}

TEST(Forwarded, SchemeAndHostAreOfTheSameProxyAsTheClient) {
    const auto found = sender(
        {{"X-Forwarded-For", "203.0.113.9, 192.0.2.1, 10.1.1.1"},
         {"X-Forwarded-Proto", "gopher, HTTPS, http"},
         {"X-Forwarded-Host", "spoofed.example, media.example, middle"}}
    );
    EXPECT_EQ(found.scheme, "https");
    EXPECT_EQ(found.host, "media.example");
    EXPECT_EQ(sender({{"X-Forwarded-Proto", "https"}}).scheme, "https");
    EXPECT_EQ(sender({{"X-Forwarded-Proto", "javascript"}}).scheme, "http");
    EXPECT_EQ(sender({{"X-Forwarded-Proto", "https"}}).host, "inner:8080");
}

TEST(Forwarded, TheStandardHeaderIsReadWhereThereIsNoOther) {
    const auto found = sender(
        {{"Forwarded",
          R"(for=192.0.2.43, For="[2001:db8:cafe::17]:4711";proto=https;host="a\b;c,d")"},
         {"Forwarded", "for=10.1.1.1;by=10.0.0.1"}}
    );
    EXPECT_EQ(found.address.to_string(), "2001:db8:cafe::17");
    EXPECT_EQ(found.scheme, "https");
    EXPECT_EQ(found.host, "ab;c,d");
    EXPECT_EQ(
        client({{"Forwarded", "for=192.0.2.1"}, {"X-Forwarded-For", "192.0.2.2"}}), "192.0.2.2"
    );
    EXPECT_EQ(client({{"Forwarded", "for=_hidden"}}), "10.0.0.1");
    EXPECT_EQ(client({{"Forwarded", "\"\\"}}), "10.0.0.1");
}

TEST(TrustedProxies, AreAddressesOrBlocks) {
    const auto include = [](const char* block, const char* address) {
        return TrustedProxies::read({block})->include(asio::ip::make_address(address));
    };
    EXPECT_TRUE(include("192.0.2.7", "192.0.2.7"));
    EXPECT_FALSE(include("192.0.2.7", "192.0.2.6"));
    EXPECT_TRUE(include("192.0.2.7/24", "192.0.2.255"));
    EXPECT_FALSE(include("192.0.2.0/24", "192.0.3.0"));
    EXPECT_TRUE(include("0.0.0.0/0", "192.0.2.7"));
    EXPECT_FALSE(include("0.0.0.0/0", "2001:db8::1"));
    EXPECT_TRUE(include("::/0", "2001:db8::1"));
    EXPECT_TRUE(include("fe80::/10", "fe80::1%1"));
    for (const auto* wrong :
         {"", "proxy.example", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::1/129", "10.0.0.0/8x"
         }) {
        const auto refused = TrustedProxies::read({wrong});
        ASSERT_FALSE(refused) << wrong;
        EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidRequest);
    }
}

}  // namespace
}  // namespace ittybit::api
