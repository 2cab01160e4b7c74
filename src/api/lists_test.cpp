#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/handlers.h"
#include "api/test_service.h"

namespace ittybit::api {
namespace {

using testing::HasSubstr;

Result<store::ListQuery> read(
    std::vector<std::pair<std::string, std::string>> query, Filters filters = Filters::kJobs
) {
    auto request = request_of("GET", "/jobs");
    request.query = std::move(query);
    return read_list_query(request, filters);
}

TEST(Lists, HaveDefaults) {
    const auto query = read({});
    ASSERT_TRUE(query);
    EXPECT_EQ(query->limit, 20);
    EXPECT_TRUE(query->is_descending);
    EXPECT_FALSE(query->after || query->before || query->kind || query->input);
    EXPECT_TRUE(query->statuses.empty());
}

TEST(Lists, AreAskedForByName) {
    const auto query = read(
        {{"limit", "100"},
         {"order", "asc"},
         {"after", "job_a"},
         {"kind", "video"},
         {"status", "failed,cancelled"},
         {"input", "https://a/b"}}
    );
    ASSERT_TRUE(query);
    EXPECT_EQ(query->limit, 100);
    EXPECT_FALSE(query->is_descending);
    EXPECT_EQ(query->after, "job_a");
    EXPECT_EQ(query->kind, "video");
    EXPECT_EQ(query->statuses, (std::vector<std::string>{"failed", "cancelled"}));
    EXPECT_EQ(query->input, "https://a/b");
}

TEST(Lists, WhatIsWrongIsNamed) {
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
             {"limit", "0"},
             {"limit", "101"},
             {"limit", ""},
             {"limit", "5x"},
             {"limit", "-1"},
             {"order", "up"},
             {"kind", "film"},
             {"status", "waiting"}
         }) {
        const auto query = read({{name, value}});
        ASSERT_FALSE(query) << name;
        EXPECT_EQ(query.error().kind, ErrorKind::kInvalidRequest);
        EXPECT_EQ(query.error().where, name);
        EXPECT_THAT(query.error().message, HasSubstr(name));
    }
    EXPECT_TRUE(read({{"status", "waiting"}}, Filters::kTasks));
    EXPECT_TRUE(read({{"kind", "multi"}}));
    EXPECT_FALSE(read({{"kind", "multi"}}, Filters::kTasks));
    EXPECT_TRUE(read({{"kind", "import"}}, Filters::kTasks));
}

class Pages : public testing::Test {
protected:
    /// The answer to a list that ends at `last`.
    std::string link(
        std::vector<std::pair<std::string, std::string>> query,
        bool has_more,
        const std::string& last = "job_z"
    ) {
        auto request = request_of("GET", "/jobs");
        request.query = std::move(query);
        const auto wanted = read_list_query(request, Filters::kJobs);
        EXPECT_TRUE(wanted);
        const auto response =
            list_response(request, *service_, *wanted, json::array(), has_more, last);
        EXPECT_EQ(response.body, "[]");
        return std::string(response.header("Link"));
    }

    TestService service_;
};

TEST_F(Pages, LeadOnWithTheSameQuestion) {
    service_->settings.public_url = "https://x/itty";
    EXPECT_EQ(link({}, true), "<https://x/itty/jobs?after=job_z>; rel=\"next\"");
    EXPECT_EQ(
        link({{"limit", "5"}, {"after", "job_a"}}, true),
        "<https://x/itty/jobs?limit=5&after=job_z>; rel=\"next\""
    );
    EXPECT_EQ(
        link({{"input", "https://a/b?c&d"}}, true),
        "<https://x/itty/jobs?input=https%3A%2F%2Fa%2Fb%3Fc%26d&after=job_z>; rel=\"next\""
    );
    EXPECT_EQ(link({}, false), "");
    EXPECT_EQ(link({}, true, ""), "");
    EXPECT_NE(link({{"before", "job_b"}}, false), "") << "there is the page that was come from";
}

}  // namespace
}  // namespace ittybit::api
