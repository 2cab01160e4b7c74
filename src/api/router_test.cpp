#include "api/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace ittybit::api {
namespace {

using testing::HasSubstr;

Result<> check(std::string_view query) {
    const Route route{
        .method = "GET", .pattern = "/jobs", .summary = "", .query = {"limit", "metadata.NAME"}
    };
    auto request = request_of("GET", "/jobs");
    request.query = read_query(query);
    return check_query(route, request);
}

TEST(Query, HasTheParametersOfItsRouteEachOnce) {
    EXPECT_TRUE(check(""));
    EXPECT_TRUE(check("limit=2&metadata.a=1&metadata.b=1"));
    const auto misspelt = check("limmit=2");
    ASSERT_FALSE(misspelt);
    EXPECT_EQ(misspelt.error().kind, ErrorKind::kInvalidRequest);
    EXPECT_EQ(misspelt.error().where, "limmit");
    EXPECT_THAT(misspelt.error().message, HasSubstr("limit"));
    for (const auto* query : {"limit=5&limit=5", "metadata.a=1&metadata.a=2", "x"}) {
        EXPECT_FALSE(check(query)) << query;
    }
}

}  // namespace
}  // namespace ittybit::api
