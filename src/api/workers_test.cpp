#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace ittybit::api {
namespace {

TEST(Workers, AreListedWithWhatTheyDoAndWhenTheyWereSeen) {
    TestService service;
    EXPECT_EQ(body_of(ask(service, "GET", "/workers")), json::array());
    service.add_job();
    service.claim();
    EXPECT_TRUE(service->workers.show("worker", service.clock.now()));
    const json::object wanted{
        {"id", "worker"}, {"object", "worker"}, {"seen_at", service.clock.now()},
        {"jobs", 1},      {"pieces", 0},
    };
    EXPECT_EQ(body_of(ask(service, "GET", "/workers")), json::array({wanted}));
}

TEST(Workers, MayBeSeenByWhoMayRead) {
    const auto routes = all_routes();
    const auto route = std::ranges::find(routes, "/workers", &Route::pattern);
    ASSERT_NE(route, routes.end());
    EXPECT_FALSE(route->is_open);
    EXPECT_EQ(scope_of(*route), Scope::kRead);
}

}  // namespace
}  // namespace ittybit::api
