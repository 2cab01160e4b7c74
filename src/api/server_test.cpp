#include "api/server.h"

#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_client.h"

namespace ittybit::api {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A server of three routes with limits that a test can wait for.
class Limits : public testing::Test {
protected:
    Limits() {
        auto opened = Server::open(
            router_,
            {.admit = [](Request&, const Route&) { return std::nullopt; },
             .admits_at_once = [](const Request&, const Route&) { return true; },
             .renew = [] {},
             .handle = [](const Route& route, Request& request,
                          const Reply& reply) { reply(handle(route, request)); },
             .answered = [](const Exchange&) {}},
            {.port = 0, .header_seconds = 2, .body_seconds = 1, .connections = 3, .streams = 1}
        );
        EXPECT_TRUE(opened);
        server_ = *std::move(opened);
        thread_ = std::jthread([this] { server_->run(); });
    }
    ~Limits() override { server_->stop(); }

    Client connect() { return Client(server_->port()); }

private:
    static Result<Response> handle(const Route& route, Request& request) {
        Response response;
        response.body = "{}";
        if (route.body != Body::kStream) return response;
        std::vector<std::byte> piece(1000);
        for (;;) {
            auto count = request.read_body(piece);
            if (!count) return count.error();
            if (*count == 0) return response;
        }
    }

    const Router router_{{
        {.method = "GET", .pattern = "/", .summary = ""},
        {.method = "POST", .pattern = "/json", .summary = "", .body = Body::kJson},
        {.method = "POST", .pattern = "/stream", .summary = "", .body = Body::kStream},
    }};
    std::unique_ptr<Server> server_;
    std::jthread thread_;
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Sends a byte now and then for at most ten seconds; how long the far end bore it.
steady_clock::duration drip(Client& client) {
    const auto begin = steady_clock::now();
    while (steady_clock::now() - begin < 10s && client.receive(100ms).empty() && !client.is_over) {
        if (!client.send("x")) break;
    }
    return steady_clock::now() - begin;
}

TEST_F(Limits, MoreConnectionsThanThereMayBeAreTurnedAway) {
    std::vector<Client> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(connect());
        clients.back().send("POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
    }
    std::this_thread::sleep_for(200ms);
    auto late = connect();
    const auto refusal = late.receive();
    EXPECT_THAT(refusal, StartsWith("HTTP/1.1 503"));
    EXPECT_THAT(refusal, HasSubstr("Retry-After: "));
    EXPECT_THAT(refusal, HasSubstr(R"("kind":"unavailable")"));
    clients.pop_back();
    for (int i = 0; i < 100; ++i) {
        auto next = connect();
        next.send(kGet);
        if (next.receive().starts_with("HTTP/1.1 200")) return;
        std::this_thread::sleep_for(50ms);
    }
    FAIL() << "a place that became free was not given again";
}

TEST_F(Limits, WhoWaitsWithoutARequestGivesWay) {
    std::vector<Client> idle;
    for (int i = 0; i < 3; ++i) {
        idle.push_back(connect());
        idle.back().send(kGet);
        EXPECT_THAT(idle.back().receive(), StartsWith("HTTP/1.1 200"));
    }
    for (int i = 0; i < 20; ++i) {
        auto half = connect();
        half.send("GET / HTTP/1.1\r\nHost:");
        auto next = connect();
        next.send(kGet);
        EXPECT_THAT(next.receive(), StartsWith("HTTP/1.1 200"));
    }
    idle.front().receive();
    EXPECT_TRUE(idle.front().is_over);
}

TEST_F(Limits, EmptyLinesBeforeARequestArePassedOver) {
    auto client = connect();
    client.send("\r\n\r\n" + std::string(kGet) + "\r\n" + std::string(kGet));
    EXPECT_THAT(client.receive(), StartsWith("HTTP/1.1 200"));
    client.send("\r");
    client.send("\n");
    client.send(kGet);
    EXPECT_THAT(client.receive(), StartsWith("HTTP/1.1 200"));
}

TEST_F(Limits, ARequestKeepsTheNameThatItsClientGaveIt) {
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: trace-1\r\n\r\n");
    EXPECT_THAT(client.receive(), HasSubstr("\r\nX-Request-Id: trace-1\r\n"));
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: {\"\r\n\r\n");
    const auto answer = client.receive();
    EXPECT_THAT(answer, HasSubstr("\r\nX-Request-Id: "));
    EXPECT_THAT(answer, Not(HasSubstr("{\"")));
}

TEST_F(Limits, AClientThatSaysNothingOrDripsItsHeaderIsLeft) {
    auto silent = connect();
    EXPECT_EQ(silent.receive(), "");
    EXPECT_TRUE(silent.is_over);
    auto slow = connect();
    slow.send("GET / HTTP/1.1\r\nHost: ");
    EXPECT_LT(drip(slow), 8s);
}

TEST_F(Limits, AClientThatDripsItsBodyIsLeft) {
    auto json = connect();
    json.send("POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    EXPECT_LT(drip(json), 8s);
    auto stream = connect();
    stream.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    EXPECT_LT(drip(stream), 8s);
    auto next = connect();
    next.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
    EXPECT_THAT(next.receive(), StartsWith("HTTP/1.1 200")) << "its thread is free again";
}

TEST_F(Limits, ABodyMayTakeLongAsLongAsItComes) {
    auto stream = connect();
    stream.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n");
    const std::string piece(100'000, 'x');
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(stream.send(piece));
        std::this_thread::sleep_for(100ms);
    }
    EXPECT_THAT(stream.receive(), StartsWith("HTTP/1.1 200"));
}

TEST_F(Limits, OneUploadMoreThanThereMayBeIsRefused) {
    auto first = connect();
    first.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    std::this_thread::sleep_for(200ms);
    auto second = connect();
    second.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
    EXPECT_THAT(second.receive(), StartsWith("HTTP/1.1 503"));
    second.send(kGet);
    EXPECT_THAT(second.receive(), StartsWith("HTTP/1.1 200")) << "and its connection goes on";
}

}  // namespace
}  // namespace ittybit::api
