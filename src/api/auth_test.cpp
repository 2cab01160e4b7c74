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

    std::string add(const KeyRequest& request) {
        const auto key = store::make_key(request, service_.clock.now());
        EXPECT_TRUE(key && service_->keys.add(key->record));
        return key->text;
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

TEST_F(Keys, AnExpiredOneIsRefusedAndEndsWhatGoesOnUnderIt) {
    const auto short_lived = add({.name = "short", .expires_in = Duration{60'000}});
    auto mine = with(short_lived);
    EXPECT_FALSE(gate_.admit(mine, route_));
    service_.clock.time += 60'000;
    auto late = with(short_lived);
    const auto refusal = gate_.admit(late, route_);
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->status, 401);
    EXPECT_EQ(string_at(body_of(*refusal), "kind"), "token_invalid");
    EXPECT_THAT(refusal->body, testing::HasSubstr("expired"));
    gate_.renew();
    EXPECT_FALSE(mine.pass->is_valid);
    EXPECT_EQ(status(with(key_.text)), 200);
}

TEST_F(Keys, EachScopeMayWhatThoseBeforeItMay) {
    const Route make{.method = "POST", .pattern = "/jobs", .summary = ""};
    const Route keys{.method = "GET", .pattern = "/keys", .summary = "", .scope = Scope::kAdmin};
    const auto statuses = [&](const std::string& key) {
        std::vector<int> found;
        for (const auto* route : {&route_, &make, &keys}) {
            auto request = with(key);
            const auto refusal = gate_.admit(request, *route);
            found.push_back(refusal ? refusal->status : 200);
        }
        return found;
    };
    using testing::ElementsAre;
    EXPECT_THAT(
        statuses(add({.name = "r", .scopes = {{Scope::kRead}}})), ElementsAre(200, 403, 403)
    );
    EXPECT_THAT(
        statuses(add({.name = "c", .scopes = {{Scope::kCreate}}})), ElementsAre(200, 200, 403)
    );
    EXPECT_THAT(
        statuses(add({.name = "a", .scopes = {{Scope::kRead, Scope::kAdmin}}})),
        ElementsAre(200, 200, 200)
    );
    EXPECT_THAT(statuses(key_.text), ElementsAre(200, 200, 200)) << "one as they always were";
}

TEST_F(Keys, EveryRouteThatMakesKeysOrHoldsSecretsIsForAdministrators) {
    for (const auto& route : all_routes()) {
        const bool is_for_all = route.is_open || route.pattern.starts_with("/files/");
        const bool is_secret = route.pattern.starts_with("/keys") ||
                               route.pattern.starts_with("/connections") ||
                               route.pattern.ends_with("/resend");
        if (is_for_all) continue;
        const auto needed = is_secret               ? Scope::kAdmin
                            : route.method == "GET" ? Scope::kRead
                                                    : Scope::kCreate;
        EXPECT_EQ(scope_of(route), needed) << route.method << " " << route.pattern;
    }
}

TEST_F(Keys, MayHaveALowerRateThanTheServers) {
    service_->settings.rate_limit = 100;
    const auto slow = add({.name = "slow", .rate_limit = 2});
    EXPECT_EQ(status(with(slow)), 200);
    EXPECT_EQ(status(with(slow)), 200);
    EXPECT_EQ(status(with(slow)), 429);
    EXPECT_EQ(status(with(key_.text)), 200);
}

TEST_F(Keys, TheirUseIsNotedOnceAMinute) {
    const auto noted = [&] {
        gate_.renew();
        return service_->keys.list()->front().last_used_at;
    };
    EXPECT_FALSE(noted());
    EXPECT_EQ(status(with(key_.text)), 200);
    const auto first = service_.clock.now();
    EXPECT_EQ(noted(), first);
    service_.clock.time += 30'000;
    EXPECT_EQ(status(with(key_.text)), 200);
    EXPECT_EQ(noted(), first);
    service_.clock.time += 30'000;
    EXPECT_EQ(noted(), first + 30'000) << "when it was used, not when that was noted";
}

TEST_F(Keys, AreMadeAsTheyAreAskedFor) {
    const auto made =
        ask(service_, "POST", "/keys",
            json::object{
                {"name", "shop"}, {"scopes", {"create"}}, {"expires_in", "30d"}, {"max_running", 2}
            });
    ASSERT_EQ(made.status, 201) << made.body;
    auto key = body_of(made).as_object();
    EXPECT_EQ(compact_json(key.at("scopes")), R"(["read","create"])");
    EXPECT_EQ(key.at("expires_at"), service_.clock.now() + 30 * 86'400'000LL);
    EXPECT_EQ(key.at("max_running"), 2);
    EXPECT_TRUE(key.at("rate_limit").is_null());
    for (const auto* body :
         {R"({"name":"x","scopes":["all"]})", R"({"name":"x","scopes":[]})",
          R"({"name":"x","expires_at":5})", R"({"name":"x","expires_in":"soon"})",
          R"({"name":"x","expires_in":"1d","expires_at":4000000000000})",
          R"({"name":"x","rate_limit":0})", R"({"name":"x","max_running":1.5})"}) {
        EXPECT_EQ(ask(service_, "POST", "/keys", *parse_json(body)).status, 400) << body;
    }
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
