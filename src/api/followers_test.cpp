// Clients that leave an event stream, at any moment and many at once. What counts is what the
// sanitizers say of it, and that the server goes on.

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/server.h"
#include "api/test_client.h"

namespace ittybit::api {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::StartsWith;

/// How many streams there are, and what they are to do next.
struct Stage {
    std::atomic<int> streams = 0;
    std::atomic<bool> is_over = false;
};

/// Always has something to say, and takes a moment to find it.
class Chatter : public EventStream {
public:
    explicit Chatter(Stage& stage) : stage_(stage) { ++stage_.streams; }
    ~Chatter() override { --stage_.streams; }

    void on_news(std::function<void()> wake) override { wake(); }
    News look() override {
        std::this_thread::sleep_for(1ms);
        return {
            stage_.is_over ? "" : "event: word\ndata: {}\n\n", stage_.is_over,
            std::chrono::steady_clock::now() + 5ms
        };
    }

private:
    Stage& stage_;
};

class Followers : public testing::Test {
protected:
    Followers() {
        auto opened = Server::open(
            router_,
            {.admit = [](Request&, const Route&) { return std::nullopt; },
             .admits_at_once = [](const Request&, const Route&) { return true; },
             .renew = [] {},
             .handle =
                 [this](const Route& route, Request&, const Reply& reply) {
                     Response response;
                     if (route.pattern == "/events") {
                         response.events = std::make_shared<Chatter>(stage_);
                     }
                     reply(std::move(response));
                 },
             .answered = [](const Exchange&) {}},
            {.port = 0, .handlers = 4}
        );
        EXPECT_TRUE(opened);
        server_ = *std::move(opened);
        thread_ = std::jthread([this] { server_->run(); });
    }
    ~Followers() override { server_->stop(); }

    Client follow() {
        Client client(server_->port());
        client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
        return client;
    }

    bool is_well() {
        Client client(server_->port());
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        return client.receive(10s, "\r\n\r\n").starts_with("HTTP/1.1 200");
    }

    bool are_all_gone() {
        for (int i = 0; i < 200 && stage_.streams > 0; ++i) std::this_thread::sleep_for(50ms);
        return stage_.streams == 0;
    }

    Stage stage_;

private:
    const Router router_{{
        {.method = "GET", .pattern = "/", .summary = ""},
        {.method = "GET", .pattern = "/events", .summary = ""},
    }};
    std::unique_ptr<Server> server_;
    std::jthread thread_;
};

TEST_F(Followers, MayLeaveAtAnyMoment) {
    std::minstd_rand dice(1);
    for (int round = 0; round < 6; ++round) {
        std::vector<Client> clients;
        for (int i = 0; i < 60; ++i) clients.push_back(follow());
        for (auto& client : clients) {
            if (dice() % 2 == 0) client.receive(10s, "event: word");
        }
        for (auto& client : clients) {
            if (dice() % 3 == 0) client.reset();
        }
        clients.clear();
        ASSERT_TRUE(is_well());
    }
    EXPECT_TRUE(are_all_gone()) << stage_.streams << " streams of nobody";
}

TEST_F(Followers, AreToldTheEnd) {
    auto client = follow();
    EXPECT_THAT(client.receive(10s, "event: word"), StartsWith("HTTP/1.1 200"));
    stage_.is_over = true;
    EXPECT_THAT(client.receive(10s, "0\r\n\r\n"), EndsWith("0\r\n\r\n"));
    client.receive();
    EXPECT_TRUE(client.is_over);
}

TEST_F(Followers, DoNotHoldUpTheEndOfTheServer) {
    std::vector<Client> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(follow());
    for (auto& client : clients) client.receive(10s, "event: word");
    // The fixture stops the server while all of them follow.
}

}  // namespace
}  // namespace ittybit::api
