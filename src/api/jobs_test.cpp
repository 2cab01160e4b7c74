#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace ittybit::api {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

json::value several(const std::string& webhook_url = "https://example.com/hook") {
    return {
        {"input", "https://example.com/a.mov"},
        {"webhook_url", webhook_url},
        {"outputs",
         json::array{
             {{"kind", "video"}, {"width", 640}},
             {{"kind", "image"}, {"name", "poster"}, {"options", {{"start", 2}}}},
         }}
    };
}

TEST(Jobs, AJobOfSeveralOutputsListsThemFromTheStart) {
    TestService service;
    const auto created = ask(service, "POST", "/jobs", several());
    ASSERT_EQ(created.status, 201) << created.body;
    const auto job = body_of(created);
    EXPECT_EQ(string_at(job, "kind"), "multi");
    EXPECT_EQ(job.at("options"), json::value(json::object()));
    EXPECT_TRUE(job.at("output").is_null());
    EXPECT_EQ(job.at("tasks").as_array().size(), 6U);
    const auto& poster = job.at("outputs").at(1);
    EXPECT_EQ(string_at(poster, "name"), "poster");
    EXPECT_EQ(string_at(poster, "status"), "waiting");
    EXPECT_EQ(poster.at("tasks").at(0), job.at("tasks").at(4).at("id"));
    const auto path = "/jobs/" + string_at(job, "id");
    EXPECT_EQ(body_of(ask(service, "GET", path)), job);
    EXPECT_EQ(body_of(ask(service, "GET", "/jobs?kind=multi")).as_array().size(), 1U);
    EXPECT_EQ(body_of(ask(service, "GET", "/jobs?kind=video")).as_array().size(), 0U);
}

TEST(Jobs, ARetryAsksForTheSameOutputs) {
    TestService service;
    const auto first = body_of(ask(service, "POST", "/jobs", several()));
    const auto again = body_of(ask(service, "POST", "/jobs/" + string_at(first, "id") + "/retry"));
    EXPECT_NE(again.at("id"), first.at("id"));
    for (std::size_t i = 0; i < 2; ++i) {
        for (const auto* name : {"kind", "name", "options"}) {
            EXPECT_EQ(again.at("outputs").at(i).at(name), first.at("outputs").at(i).at(name));
        }
    }
}

TEST(Jobs, OutputsDoNotGoWithAKind) {
    TestService service;
    auto body = several();
    body.as_object()["kind"] = "video";
    const auto refused = ask(service, "POST", "/jobs", body);
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(string_at(body_of(refused), "message"), HasSubstr("outputs"));
}

TEST(Jobs, CancellingEndsEveryOutputAndTellsTheWebhookOnce) {
    TestService service;
    const auto job = body_of(ask(service, "POST", "/jobs", several()));
    const auto path = "/jobs/" + string_at(job, "id");
    service.claim();
    const auto cancelled = body_of(ask(service, "POST", path + "/cancel"));
    EXPECT_EQ(string_at(cancelled, "status"), "cancelled");
    for (const auto& output : cancelled.at("outputs").as_array()) {
        EXPECT_EQ(string_at(output, "status"), "cancelled");
    }
    EXPECT_EQ(ask(service, "POST", path + "/cancel").status, 200) << "it is already";
    const auto deliveries = body_of(ask(service, "GET", path + "/webhooks"));
    ASSERT_EQ(deliveries.as_array().size(), 1U);
    EXPECT_EQ(string_at(deliveries.at(0), "type"), "job.cancelled");
    const auto resend =
        fmt::format("{}/webhooks/{}/resend", path, string_at(deliveries.at(0), "id"));
    EXPECT_EQ(string_at(body_of(ask(service, "POST", resend)), "status"), "pending");
    EXPECT_EQ(ask(service, "POST", path + "/webhooks/msg_x/resend").status, 404);
    const auto pending = body_of(ask(service, "GET", "/webhooks?status=pending"));
    ASSERT_EQ(pending.as_array().size(), 1U);
    EXPECT_EQ(pending.at(0).at("id"), deliveries.at(0).at("id"));
    EXPECT_EQ(pending.at(0).at("job"), job.at("id"));
    EXPECT_EQ(body_of(ask(service, "GET", "/webhooks?status=delivered,failed")), json::array());
    EXPECT_EQ(ask(service, "GET", "/webhooks?status=queued").status, 400);
    EXPECT_EQ(ask(service, "GET", "/webhooks?after=job_x").status, 400);
    EXPECT_EQ(ask(service, "DELETE", path).status, 204);
    EXPECT_EQ(ask(service, "GET", path).status, 404);
    EXPECT_EQ(ask(service, "GET", path + "/webhooks").status, 404);
}

TEST(Tasks, AStandaloneTaskIsMadeListedAndCancelled) {
    TestService service;
    const auto created =
        ask(service, "POST", "/tasks",
            {{"kind", "probe"}, {"input", "https://example.com/a.mov"}, {"metadata", {{"a", 1}}}});
    ASSERT_EQ(created.status, 201) << created.body;
    const auto task = body_of(created);
    const auto path = "/tasks/" + string_at(task, "id");
    EXPECT_EQ(string_at(task, "status"), "waiting");
    EXPECT_EQ(string_at(task.at("input"), "object"), "external_file");
    EXPECT_EQ(body_of(ask(service, "GET", path)), task);
    EXPECT_EQ(body_of(ask(service, "GET", "/tasks?status=waiting&kind=probe")).at(0), task);
    EXPECT_EQ(body_of(ask(service, "GET", "/tasks?metadata.a=2")).as_array().size(), 0U);
    EXPECT_EQ(body_of(ask(service, "GET", path + "/parts")).as_array().size(), 0U);
    EXPECT_EQ(body_of(ask(service, "GET", "/jobs")).as_array().size(), 0U) << "it is no job";
    EXPECT_EQ(string_at(body_of(ask(service, "POST", path + "/cancel")), "status"), "cancelled");
    EXPECT_EQ(ask(service, "DELETE", path).status, 204);
    EXPECT_EQ(ask(service, "GET", path).status, 404);
}

TEST(Tasks, ATaskOfAJobIsShownButEndedOnlyWithIt) {
    TestService service;
    const auto job = service.add_job();
    const auto path = "/tasks/" + job.tasks.front().id;
    EXPECT_EQ(ask(service, "GET", path).status, 200);
    for (const auto* verb : {"/cancel", ""}) {
        const auto refused = ask(service, *verb == 0 ? "DELETE" : "POST", path + verb);
        EXPECT_EQ(refused.status, 400);
        EXPECT_THAT(string_at(body_of(refused), "message"), EndsWith(job.id + ": use that"));
    }
    EXPECT_EQ(body_of(ask(service, "GET", "/tasks")).as_array().size(), 0U);
}

}  // namespace
}  // namespace ittybit::api
