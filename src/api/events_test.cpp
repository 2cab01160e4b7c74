#include "api/events.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace ittybit::api {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Events : public testing::Test {
protected:
    std::shared_ptr<EventStream> follow(std::int64_t seen = 0) {
        auto response = answer(std::to_string(seen));
        response.events->on_news([this] { ++woken_; });
        return response.events;
    }
    Response answer(const std::string& last_event_id) {
        const auto request = request_of("GET", "/", {{"Last-Event-ID", last_event_id}});
        const auto record = service_->jobs.find_job(job_.id);
        EXPECT_TRUE(record && *record);
        return events_response(*service_, request, **record);
    }
    void tell_progress(int percent, const std::string& task = "task_a") {
        service_->jobs.database().changes().tell(
            store::topic::progress(job_.id),
            compact_json(json::object{{"task", task}, {"percent", percent}})
        );
    }
    void save_progress(std::int64_t percent, const std::string& task) {
        const auto saved =
            service_->jobs.database().write([&](store::Session& session) -> Result<void> {
                TRY(session.run(
                    "UPDATE tasks SET status = 'processing', progress = $1 WHERE id = $2",
                    {percent, task}
                ));
                return {};
            });
        EXPECT_TRUE(saved);
    }

    TestService service_;
    const Job job_ = service_.add_job();
    std::atomic<int> woken_ = 0;
};

TEST_F(Events, TellTheWholeJobAtOnceAndAtEachChange) {
    const auto events = follow();
    const auto first = events->look();
    EXPECT_THAT(first.text, StartsWith("id: 1\nevent: job\ndata: {\"id\":\"" + job_.id + "\""));
    EXPECT_THAT(first.text, HasSubstr(R"("status":"queued")"));
    EXPECT_FALSE(first.is_last);
    EXPECT_EQ(events->look().text, "") << "nothing is told twice";
    service_.claim();
    EXPECT_GT(woken_, 0);
    EXPECT_THAT(events->look().text, HasSubstr(R"("status":"processing")"));
    const int before = woken_;
    service_.add_job();
    EXPECT_EQ(woken_, before) << "another job's change wakes nobody";
    const auto quiet = events->look();
    EXPECT_EQ(quiet.text, "");
    EXPECT_EQ(quiet.again, std::chrono::steady_clock::time_point::max()) << "nothing is polled";
}

TEST_F(Events, EndWithTheFinalState) {
    const auto events = follow();
    events->look();
    ASSERT_TRUE(service_->jobs.cancel(job_.id, store::kNow));
    const auto last = events->look();
    EXPECT_THAT(last.text, HasSubstr(R"("status":"cancelled")"));
    EXPECT_TRUE(last.is_last);
}

TEST_F(Events, EndWithTheJob) {
    const auto events = follow();
    events->look();
    ASSERT_TRUE(service_->jobs.remove(job_.id, store::kNow));
    const auto last = events->look();
    EXPECT_TRUE(last.is_last);
}

TEST_F(Events, GoOnBehindWhatWasSeen) {
    const auto events = follow(1);
    EXPECT_EQ(events->look().text, "");
    ASSERT_TRUE(service_->jobs.cancel(job_.id, store::kNow));
    EXPECT_THAT(events->look().text, StartsWith("id: 2\n"));
}

TEST_F(Events, BeginAnewBehindWhatIsYetToCome) {
    for (const auto* last : {"99999", "soon", "", "-1"}) {
        const auto response = answer(last);
        ASSERT_TRUE(response.events) << last;
        response.events->on_news([] {});
        EXPECT_THAT(response.events->look().text, StartsWith("id: 1\n")) << last;
    }
    ASSERT_TRUE(service_->jobs.cancel(job_.id, store::kNow));
    EXPECT_EQ(answer("2").status, 204) << "tells EventSource not to come back";
    EXPECT_TRUE(answer("1").events);
    EXPECT_TRUE(answer("99999").events);
}

TEST_F(Events, TellProgressOnceASecondAtMost) {
    const auto events = follow();
    tell_progress(10);
    EXPECT_EQ(woken_, 1);
    EXPECT_THAT(events->look().text, HasSubstr(R"("percent":10)"));
    tell_progress(20);
    tell_progress(30);
    tell_progress(25);
    const auto soon = events->look();
    EXPECT_EQ(soon.text, "");
    EXPECT_LE(soon.again, std::chrono::steady_clock::now() + std::chrono::seconds(1));
    std::this_thread::sleep_until(soon.again);
    const auto later = events->look();
    EXPECT_THAT(later.text, HasSubstr(R"("percent":30)"));
    EXPECT_THAT(later.text, Not(HasSubstr(R"("percent":2)"))) << "the most alone";
}

TEST_F(Events, TellNoLessThanBeforeWhereARowComesBehindAMessage) {
    const auto events = follow();
    service_.claim();
    events->look();
    const auto& tasks = job_.tasks;
    tell_progress(100, tasks[2].id);
    const auto first = events->look();
    EXPECT_THAT(first.text, HasSubstr(R"("percent":100)"));
    save_progress(40, tasks[1].id);
    save_progress(99, tasks[2].id);
    service_->jobs.database().changes().tell_all();
    std::this_thread::sleep_until(events->look().again);
    const auto later = events->look().text;
    EXPECT_THAT(later, HasSubstr(R"("percent":40)"));
    EXPECT_THAT(later, Not(HasSubstr(R"("percent":99)")));
}

}  // namespace
}  // namespace ittybit::api
