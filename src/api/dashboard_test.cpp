#include "api/dashboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace ittybit::api {
namespace {

using testing::HasSubstr;

TEST(Dashboard, WithoutItThereIsAPlainPageThatNamesTheWholeApi) {
    TestService service;
    const auto page = front_page(*service, request_of("GET", "/"), {});
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
    EXPECT_THAT(page.body, HasSubstr("href=\"/openapi.json\""));
    for (const auto& route : all_routes()) {
        EXPECT_THAT(page.body, HasSubstr(std::string(route.pattern)));
        EXPECT_THAT(page.body, HasSubstr(std::string(route.summary)));
    }
    EXPECT_THAT(page.body, testing::Not(HasSubstr("<script")));
}

TEST(Dashboard, WithItThePageIsItsOwnBehindAPolicy) {
    TestService service;
    const DashboardFile file{
        .name = "index.html",
        .type = "text/html",
        .digest = "d",
        .plain = "plain",
        .gzip = "packed",
        .brotli = "tight",
    };
    const auto plain = front_page(*service, request_of("GET", "/"), {&file, 1});
    EXPECT_EQ(plain.body, "plain");
    EXPECT_THAT(plain.header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
    const auto tight = request_of("GET", "/", {{"Accept-Encoding", "gzip, br"}});
    EXPECT_EQ(front_page(*service, tight, {&file, 1}).body, "tight");
}

}  // namespace
}  // namespace ittybit::api
