#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/router.h"

namespace ittybit::api {
namespace {

Router router() {
    const auto nothing = [](Service&, Request&) { return Result<Response>(Response{}); };
    return Router({
        {.method = "GET", .pattern = "/jobs", .summary = "list", .handler = nothing},
        {.method = "POST", .pattern = "/jobs", .summary = "create", .handler = nothing},
        {.method = "GET", .pattern = "/jobs/{id}", .summary = "show", .handler = nothing},
        {.method = "GET", .pattern = "/files/{id}/{name...}", .summary = "get", .handler = nothing},
    });
}

Request request(std::string method, std::string path) {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    return request;
}

TEST(Router, FindsARouteAndWhatItsNamesTook) {
    const auto routes = router();
    auto show = request("GET", "/jobs/job%5F1");
    EXPECT_EQ((*routes.find(show))->summary, "show");
    EXPECT_EQ(show.capture("id"), "job_1");
    auto file = request("HEAD", "/files/abc/folder/a.m4s");
    EXPECT_EQ((*routes.find(file))->summary, "get");
    EXPECT_EQ(file.capture("name"), "folder/a.m4s");
}

TEST(Router, SaysWhatIsAllowedWhereTheMethodIsNot) {
    const auto routes = router();
    auto put = request("PUT", "/jobs");
    const auto found = routes.find(put);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::kMethodNotAllowed);
    EXPECT_EQ(found.error().where, "GET, HEAD, POST, OPTIONS");
    auto nowhere = request("GET", "/jobs/");
    EXPECT_EQ(routes.find(nowhere).error().kind, ErrorKind::kRouteNotFound);
}

TEST(Errors, SeveralAreRankedAndAllNamed) {
    const auto response = error_response(std::vector<FieldError>{
        {ErrorKind::kInvalidOutput, "output", "output is wrong"},
        {ErrorKind::kInvalidInput, "input", "input is wrong"},
    });
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, testing::HasSubstr(R"("kind":"invalid_input")"));
    EXPECT_THAT(response.body, testing::HasSubstr("input is wrong; output is wrong"));
}

TEST(Errors, AnInternalOneKeepsItsWordsToItself) {
    const auto response = error_response(Error{ErrorKind::kInternalError, "/var/secret broke", ""});
    EXPECT_EQ(response.status, 500);
    EXPECT_THAT(response.body, testing::Not(testing::HasSubstr("secret")));
}

TEST(Http, DecodesPathsAndQueries) {
    EXPECT_EQ(percent_decoded("a%20b%zz%4"), "a b%zz%4");
    const auto query = read_query("limit=2&input=https%3A%2F%2Fa%2Fb+c&&flag");
    ASSERT_EQ(query.size(), 3U);
    EXPECT_EQ(query[1].second, "https://a/b c");
    EXPECT_EQ(query[2].first, "flag");
}

}  // namespace
}  // namespace ittybit::api
