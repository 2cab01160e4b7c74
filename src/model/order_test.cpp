#include "model/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fields_json.h"
#include "base/ids.h"

namespace ittybit {
namespace {

constexpr UnixMillis kNow = 1'700'000'000'000;

Order order_of(Work work, json::object sent = {}) {
    Order order;
    order.input = {ExternalFile{.url = "https://example.com/a"}};
    auto& output = order.outputs.emplace_back();
    output.work = std::move(work);
    output.sent = std::move(sent);
    order.kind = output.kind();
    return order;
}

Result<Order> read_back(const json::value& document) {
    Order order;
    Reader reader;
    reader.read(document, order);
    if (reader.problems().empty()) return order;
    return Error{ErrorKind::kInternalError, reader.problems().front().message, ""};
}

TEST(Order, IsReadBackFromItsJsonAsItWas) {
    VideoOptions video;
    video.width = Length{.value = 50, .is_percent = true};
    video.bitrate = 1'000'000;
    auto order = order_of(Operation(video));
    order.outputs.front().place.url = "s3://bucket/{date}/a.mp4";
    order.connection = "conn_1";
    order.metadata = {{"a", json::array{1, nullptr}}};
    order.webhook_url = "https://example.com/hook";
    order.priority = -3;
    const auto text = json_text(order);
    EXPECT_EQ(text, compact_json(to_json(order)));
    const auto back = read_back(*parse_json(text));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(json_text(*back), text);
    EXPECT_EQ(back->outputs.front().work.index(), order.outputs.front().work.index());
    EXPECT_EQ(back->priority, -3);
}

TEST(Order, EveryKindOfWorkIsReadBack) {
    for (const auto& kind : work_kinds()) {
        std::vector<OptionProblem> problems;
        const json::object options = kind == "animation" ? json::object{{"end", 2.5}}
                                     : kind == "export"  ? json::object{{"url", "s3://bucket/k"}}
                                                         : json::object();
        const auto order = order_of(read_work(kind, options, problems));
        EXPECT_TRUE(problems.empty()) << kind;
        const auto back = read_back(*parse_json(json_text(order)));
        ASSERT_TRUE(back) << kind << ": " << back.error().message;
        EXPECT_EQ(back->kind, kind);
        EXPECT_EQ(json_text(*back), compact_json(to_json(order)));
    }
}

TEST(Order, ABrokenOneSaysSo) {
    for (const auto* text :
         {"{}", "[]", R"({"input":"https://a/b"})", R"({"input":"https://a/b","outputs":[7]})",
          R"({"input":"https://a/b","outputs":[{"kind":"film"}]})",
          R"({"input":"https://a/b","outputs":[{"kind":"video","options":{"fps":0}}]})"}) {
        EXPECT_FALSE(read_back(*parse_json(text))) << text;
    }
}

TEST(Order, ItsTasksFollowFromItWithNoOtherIdBetween) {
    const auto order = order_of(Operation(VideoOptions{}), {{"width", 640}});
    const auto job = make_job(order, kNow);
    const auto next = make_id("job", kNow);
    ASSERT_EQ(job.tasks.size(), 4U);
    std::string before = job.id.substr(4);
    for (const auto& task : job.tasks) {
        EXPECT_TRUE(is_id(task.id, "task"));
        EXPECT_LT(before, task.id.substr(5));
        before = task.id.substr(5);
    }
    EXPECT_LT(before, next.substr(4));
    EXPECT_EQ(job.tasks[1].input->url(), "https://example.com/a");
    EXPECT_EQ(job.tasks[2].options, job.options);
    EXPECT_EQ(to_json(waiting_tasks(order, job.id, kNow)), to_json(job.tasks));
}

TEST(Order, TheExportTaskShowsWhereItIsToGo) {
    auto order = order_of(Operation(VideoOptions{}));
    order.outputs.front().place.url = "s3://bucket/a.mp4";
    order.connection = "conn_1";
    const auto exported = make_job(order, kNow).tasks.back();
    EXPECT_EQ(
        compact_json(exported.options), R"({"url":"s3://bucket/a.mp4","connection_id":"conn_1"})"
    );
}

}  // namespace
}  // namespace ittybit
