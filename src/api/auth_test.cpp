#include "api/auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"
#include "store/api_key.h"

namespace ittybit::api {
namespace {

using namespace std::chrono_literals;

class Keys : public testing::Test {
protected:
    Keys() { EXPECT_TRUE(service_->keys.add(key_.record)); }

    Request with(const std::string& key, const std::string& peer = "10.0.0.1") {
        auto request = request_of("GET", "/jobs", {{"Authorization", "Bearer " + key}});
        request.peer = peer;
        return request;
    }

    int status(Request request) {
        const auto refusal = gate_.admit(request, route_);
        return refusal ? refusal->status : 200;
    }

    const Route route_{.method = "GET", .pattern = "/jobs", .summary = ""};
    const Route open_{.method = "GET", .pattern = "/health", .summary = "", .is_open = true};
    TestService service_;
    store::NewKey key_ = store::make_key("one", store::kNow);
    Gate gate_{*service_};
};

TEST_F(Keys, OnlyAKnownOneLetsIn) {
    EXPECT_EQ(status(with(key_.text)), 200);
    EXPECT_EQ(status(with("no")), 401);
    EXPECT_EQ(status(request_of("GET", "/jobs")), 401);
    EXPECT_EQ(status(request_of("GET", "/jobs", {{"Authorization", "bEaReR " + key_.text}})), 200);
    EXPECT_EQ(status(request_of("GET", "/jobs", {{"Authorization", "Basic " + key_.text}})), 401);
    EXPECT_EQ(status(request_of("GET", "/jobs", {{"Authorization", key_.text}})), 401);
    auto open = request_of("GET", "/health");
    EXPECT_FALSE(gate_.admit(open, open_));
}

TEST_F(Keys, TwoAreNone) {
    auto twice = with(key_.text);
    twice.headers.push_back({"authorization", "Bearer " + key_.text});
    EXPECT_EQ(status(std::move(twice)), 400);
}

TEST_F(Keys, GuessesOfAnAddressAreSlowed) {
    const auto delay = [&](const std::string& peer) {
        auto request = with("guess", peer);
        return gate_.admit(request, route_)->delay;
    };
    EXPECT_EQ(delay("10.0.0.1"), 0ms);
    for (int i = 0; i < 10; ++i) delay("10.0.0.1");
    EXPECT_GT(delay("10.0.0.1"), 500ms);
    for (int i = 0; i < 100; ++i) delay("10.0.0.1");
    EXPECT_EQ(delay("10.0.0.1"), 2000ms);
    EXPECT_EQ(delay("10.0.0.2"), 0ms);
    for (int i = 0; i < 10; ++i) delay(fmt::format("2001:db8::{}", i));
    EXPECT_GT(delay("2001:db8::ffff"), 0ms) << "who has a network of addresses is one client";
    EXPECT_EQ(status(with(key_.text)), 200) << "who has a key never waits";
    service_.clock.time += 120'000;
    EXPECT_EQ(delay("10.0.0.1"), 0ms) << "and all is forgotten after a while";
}

TEST_F(Keys, ARevokedOneEndsWhatGoesOnUnderIt) {
    const auto other = store::make_key("two", store::kNow);
    ASSERT_TRUE(service_->keys.add(other.record));
    auto mine = with(key_.text);
    auto theirs = with(other.text);
    EXPECT_FALSE(gate_.admit(mine, route_));
    EXPECT_FALSE(gate_.admit(theirs, route_));
    gate_.renew();
    EXPECT_TRUE(mine.pass->is_valid);
    ASSERT_TRUE(service_->keys.revoke(key_.record.id));
    gate_.renew();
    EXPECT_FALSE(mine.pass->is_valid);
    EXPECT_TRUE(theirs.pass->is_valid);
    EXPECT_EQ(status(with(key_.text)), 401);
    EXPECT_EQ(status(with(other.text)), 200);
}

TEST_F(Keys, TheLastOneStays) {
    EXPECT_EQ(service_->keys.revoke(key_.record.id).error().where, "id");
    EXPECT_EQ(status(with(key_.text)), 200);
}

TEST_F(Keys, AreNotMadeWithoutBound) {
    for (int i = 1; i < 1000; ++i) {
        ASSERT_TRUE(service_->keys.add(store::make_key("more", store::kNow).record));
    }
    const auto refused = ask(service_, "POST", "/keys", json::object{{"name", "one more"}});
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, testing::HasSubstr("revoke"));
    EXPECT_EQ(ask(service_, "DELETE", "/keys/" + key_.record.id).status, 204);
    EXPECT_EQ(ask(service_, "POST", "/keys", json::object{{"name", "one more"}}).status, 201);
}

TEST_F(Keys, ARevokedOneWorksForASecondAtMost) {
    ASSERT_TRUE(service_->keys.add(store::make_key("two", store::kNow).record));
    EXPECT_EQ(status(with(key_.text)), 200);
    ASSERT_TRUE(service_->keys.revoke(key_.record.id));
    service_.clock.time += 1001;
    EXPECT_EQ(status(with(key_.text)), 401);
}

TEST_F(Keys, HaveARate) {
    service_->settings.rate_limit = 60;
    for (int i = 0; i < 60; ++i) EXPECT_EQ(status(with(key_.text)), 200) << i;
    auto next = with(key_.text);
    const auto refusal = gate_.admit(next, route_);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->status, 429);
    service_.clock.time += 1000;
    EXPECT_EQ(status(with(key_.text)), 200);
    EXPECT_EQ(status(with(key_.text)), 429);
}

TEST_F(Keys, TellWhatIsLeftOfTheirRate) {
    auto free = with(key_.text);
    gate_.admit(free, route_);
    EXPECT_TRUE(free.quota.empty());
    service_->settings.rate_limit = 60;
    auto first = with(key_.text);
    gate_.admit(first, route_);
    ASSERT_EQ(first.quota.size(), 2U);
    EXPECT_EQ(first.quota[0].value, "\"default\";q=60;w=60");
    EXPECT_EQ(first.quota[1].value, "\"default\";r=59;t=1");
}

}  // namespace
}  // namespace ittybit::api
