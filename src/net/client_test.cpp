#include "net/client.h"

#include <cstdlib>
#include <semaphore>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/test_server.h"

namespace ittybit::net {
namespace {

using testing::HasSubstr;
using Call = TestServer::Call;
using Wire = TestServer::Wire;

class ClientTest : public testing::Test {
protected:
    Result<Response> get(const Url& url, int redirects = 0) {
        Request request;
        request.url = url;
        request.redirects = redirects;
        return client.send(request);
    }
    Client client{loopback_settings()};
};

TEST_F(ClientTest, GivesStatusHeadersAndBody) {
    TestServer server([](const Call& call, Wire& wire) {
        return wire.answer(404, call.method + " " + call.target, {"X-Kind: odd"});
    });
    const auto response = get(server.url("/a%20b/../c?x=1"));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 404);
    EXPECT_EQ(header_value(response->headers, "x-kind"), "odd");
    EXPECT_EQ(response->body, "GET /a%20b/../c?x=1");
}

TEST_F(ClientTest, KeepsItsConnections) {
    TestServer server([](const Call&, Wire& wire) { return wire.answer(200, "ok"); });
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(get(server.url()));
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClientTest, SendsBodiesWithAndWithoutALength) {
    TestServer server([](const Call& call, Wire& wire) {
        return wire.answer(
            200, call.method + " " + std::string(header_value(call.headers, "content-length")) +
                     " " + call.body
        );
    });
    Request request;
    request.url = server.url();
    request.method = "PUT";
    request.body = "twelve bytes";
    EXPECT_EQ(client.send(request)->body, "PUT 12 twelve bytes");

    class Endless : public MemorySource {
    public:
        using MemorySource::MemorySource;
        std::optional<std::uint64_t> size() override { return std::nullopt; }
    };
    const std::string text = "of unknown length";
    Endless source(std::as_bytes(std::span(text)));
    request.upload = &source;
    EXPECT_EQ(client.send(request)->body, "PUT  of unknown length");

    Request empty;
    empty.url = server.url();
    empty.method = "POST";
    EXPECT_EQ(client.send(empty)->body, "POST 0 ");
}

TEST_F(ClientTest, HandsTheBodyOverPieceByPieceAndStopsWhenItIsEnough) {
    const std::string large(10'000'000, 'x');
    TestServer server([&](const Call&, Wire& wire) { return wire.answer(200, large); });
    Request request;
    request.url = server.url();
    std::size_t taken = 0;
    bool saw_head_first = false;
    const Receiver receiver = {
        .head = [&](const Response& head) -> Result<> {
            saw_head_first = head.status == 200 && taken == 0;
            return {};
        },
        .bytes = [&](std::span<const std::byte> bytes) -> Result<bool> {
            taken += bytes.size();
            return taken < 1'000'000;
        },
    };
    ASSERT_TRUE(client.send(request, {}, receiver));
    EXPECT_TRUE(saw_head_first);
    EXPECT_GE(taken, 1'000'000U);
    EXPECT_LT(taken, 10'000'000U);
}

TEST_F(ClientTest, PassesTheReceiversErrorOn) {
    TestServer server([](const Call&, Wire& wire) { return wire.answer(200, "body"); });
    Request request;
    request.url = server.url();
    const auto at_head = client.send(request, {}, {.head = [](const Response&) {
                                         return Error{ErrorKind::kSourceChanged, "no", ""};
                                     }});
    ASSERT_FALSE(at_head);
    EXPECT_EQ(at_head.error().kind, ErrorKind::kSourceChanged);
}

TEST_F(ClientTest, RefusesAnswersLargerThanAllowed) {
    const std::string large(3'000'000, 'x');
    TestServer server([&](const Call& call, Wire& wire) {
        if (call.target == "/body") return wire.answer(200, large);
        return wire.answer(200, "", {"X-Large: " + std::string(90'000, 'x')});
    });
    EXPECT_THAT(get(server.url("/body")).error().message, HasSubstr("larger than allowed"));
    EXPECT_THAT(get(server.url("/head")).error().message, HasSubstr("larger than 64 KiB"));
}

TEST_F(ClientTest, FollowsAtMostFiveRedirects) {
    TestServer server([](const Call& call, Wire& wire) {
        const int left = std::stoi(call.target.substr(1));
        if (left == 0) return wire.answer(200, "there");
        return wire.answer(302, "moved", {"Location: " + std::to_string(left - 1)});
    });
    const auto response = get(server.url("/5"), 5);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "there");
    EXPECT_EQ(response->url.path(), "/0");
    EXPECT_THAT(get(server.url("/6"), 5).error().message, HasSubstr("more than 5 times"));
    EXPECT_EQ(get(server.url("/1"))->status, 302);
}

TEST_F(ClientTest, DoesNotCarrySecretsToAnotherOrigin) {
    std::string seen = "nothing";
    TestServer other([&](const Call& call, Wire& wire) {
        seen = header_value(call.headers, "authorization");
        return wire.answer(200, "");
    });
    TestServer server([&](const Call&, Wire& wire) {
        return wire.answer(302, "", {"Location: " + other.text()});
    });
    Request request;
    request.url = server.url();
    request.redirects = 5;
    request.headers = {{"Authorization", "Bearer secret"}};
    ASSERT_TRUE(client.send(request));
    EXPECT_EQ(seen, "");
}

TEST_F(ClientTest, DoesNotFollowRedirectsToOtherSchemes) {
    for (const std::string target : {"file:///etc/passwd", "ftp://x/", "gopher://x/", "s3://b/k"}) {
        TestServer server([&](const Call&, Wire& wire) {
            return wire.answer(302, "", {"Location: " + target});
        });
        const auto response = get(server.url(), 5);
        ASSERT_FALSE(response);
        EXPECT_EQ(response.error().kind, ErrorKind::kInputBlocked);
        EXPECT_THAT(response.error().message, HasSubstr("which is not followed"));
    }
}

TEST(FetchGuard, BlocksLoopbackAndNothingArrives) {
    TestServer canary([](const Call&, Wire& wire) { return wire.answer(200, "secret"); });
    Client client({.policy = AddressPolicy::strict()});
    const auto port = std::to_string(canary.port());
    for (const std::string host :
         {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.01", "[::1]",
          "[::ffff:127.0.0.1]", "0", "[::]", "[64:ff9b::7f00:1]"}) {
        Request request;
        request.url = *Url::parse("http://" + host + ":" + port + "/");
        request.patience.connect = std::chrono::seconds(2);
        const auto response = client.send(request);
        ASSERT_FALSE(response) << host;
        EXPECT_EQ(response.error().kind, ErrorKind::kInputBlocked) << host;
    }
    EXPECT_EQ(canary.connections(), 0);
}

TEST(FetchGuard, LooksAtEachRedirect) {
    TestServer canary([](const Call&, Wire& wire) { return wire.answer(200, "secret"); });
    TestServer server([&](const Call&, Wire& wire) {
        return wire.answer(
            302, "", {"Location: http://localhost:" + std::to_string(canary.port())}
        );
    });
    Client client({.policy = {.allow_hosts = {"127.0.0.1:" + std::to_string(server.port())}}});
    Request request;
    request.url = server.url();
    request.redirects = 5;
    const auto response = client.send(request);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, ErrorKind::kInputBlocked);
    EXPECT_EQ(canary.connections(), 0);
    EXPECT_EQ(server.connections(), 1);
}

TEST(FetchGuard, LetsTheUserTypeAnyAddressButNotBeRedirectedToMetadata) {
    TestServer server([](const Call& call, Wire& wire) {
        if (call.target == "/") return wire.answer(200, "mine");
        return wire.answer(302, "", {"Location: http://169.254.169.254/latest/meta-data/"});
    });
    Client client({.policy = AddressPolicy::typed_by_user()});
    Request request;
    request.url = server.url();
    request.redirects = 5;
    EXPECT_EQ(client.send(request)->body, "mine");
    request.url = server.url("/hop");
    const auto response = client.send(request);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, ErrorKind::kInputBlocked);
    EXPECT_THAT(response.error().message, HasSubstr("link-local"));
}

TEST_F(ClientTest, TakesNoProxyFromTheEnvironment) {
    TestServer proxy([](const Call&, Wire& wire) { return wire.answer(200, "proxied"); });
    TestServer server([](const Call&, Wire& wire) { return wire.answer(200, "direct"); });
    ::setenv("http_proxy", proxy.text().c_str(), 1);
    ::setenv("ALL_PROXY", proxy.text().c_str(), 1);
    const auto response = get(server.url());
    ::unsetenv("http_proxy");
    ::unsetenv("ALL_PROXY");
    EXPECT_EQ(response->body, "direct");
    EXPECT_EQ(proxy.connections(), 0);
}

TEST_F(ClientTest, AsksForBytesAsTheyAre) {
    std::string encoding;
    TestServer server([&](const Call& call, Wire& wire) {
        encoding = header_value(call.headers, "accept-encoding");
        return wire.answer(200, "");
    });
    ASSERT_TRUE(get(server.url()));
    EXPECT_EQ(encoding, "identity");
}

TEST_F(ClientTest, SaysThatTheConnectionWasCut) {
    TestServer server([](const Call&, Wire& wire) {
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
        return false;
    });
    const auto response = get(server.url());
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT(response.error().message, HasSubstr("cut off"));
}

TEST_F(ClientTest, GivesUpOnASilentServer) {
    TestServer server([](const Call&, Wire& wire) {
        wire.wait_for_close();
        return false;
    });
    Request request;
    request.url = server.url("/slow?signature=secret");
    request.patience.stall = std::chrono::seconds(1);
    const auto response = client.send(request);
    ASSERT_FALSE(response);
    EXPECT_THAT(response.error().message, HasSubstr("too slow: under 1024 bytes a second"));
    EXPECT_THAT(response.error().where, testing::Not(HasSubstr("secret")));
}

TEST_F(ClientTest, SendsNothingMoreOfWhatWasGivenUp) {
    const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    ::bind(listener.get(), any, size);
    ::listen(listener.get(), 1);
    ::getsockname(listener.get(), any, &size);
    Request request;
    request.url = *Url::parse("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/");
    request.method = "PUT";
    request.body.resize(8U << 20U);
    std::stop_source stop;
    std::jthread sender([&] { EXPECT_FALSE(client.send(request, stop.get_token())); });
    const Fd server(::accept(listener.get(), nullptr, nullptr));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // until no more fits
    stop.request_stop();
    sender.join();
    std::string piece(65536, '\0');
    ssize_t count = 0;
    while ((count = ::recv(server.get(), piece.data(), piece.size(), 0)) > 0) {
    }
    EXPECT_EQ(count, -1) << "the end of what was sent looks like that of a whole request";
}

TEST_F(ClientTest, SaysThatNothingListens) {
    std::string text;
    {
        TestServer gone([](const Call&, Wire&) { return false; });
        text = gone.text();
    }
    const auto response = get(*Url::parse(text));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT(response.error().message, HasSubstr("nothing answers"));
}

TEST_F(ClientTest, StopsAtOnceWhenAsked) {
    std::binary_semaphore arrived(0);
    TestServer server([&](const Call&, Wire& wire) {
        arrived.release();
        wire.wait_for_close();
        return false;
    });
    std::stop_source stop;
    const std::jthread stopper([&] {
        arrived.acquire();
        stop.request_stop();
    });
    Request request;
    request.url = server.url();
    const auto begin = std::chrono::steady_clock::now();
    const auto response = client.send(request, stop.get_token());
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, ErrorKind::kCancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

}  // namespace
}  // namespace ittybit::net
