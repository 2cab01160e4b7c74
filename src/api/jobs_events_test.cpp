#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/handlers.h"
#include "api/test_service.h"

namespace ittybit::api {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr auto kPause = std::chrono::milliseconds(500);
constexpr auto kChanged = "event: changed\ndata: {}\n\n";

class JobsEvents : public testing::Test {
protected:
    /// A follower who has asked for the list.
    std::shared_ptr<EventStream> follow() {
        auto request = request_of("GET", "/jobs/events");
        auto response = jobs_events_routes().front().handler(*service_, request);
        EXPECT_TRUE(response);
        response->events->on_news([this] { ++woken_; });
        EXPECT_EQ(response->events->look().text, kChanged);
        std::this_thread::sleep_for(kPause);
        return response->events;
    }
    void tell_progress(const Job& job, int percent) {
        service_->jobs.database().changes().tell(
            store::topic::progress(job.id),
            compact_json(json::object{{"task", "task_a"}, {"percent", percent}})
        );
    }

    TestService service_;
    std::atomic<int> woken_ = 0;
};

TEST_F(JobsEvents, TellOfNewChangedAndDeletedJobs) {
    const auto events = follow();
    EXPECT_EQ(events->look().text, "") << "nothing happened";
    const auto job = service_.add_job();
    EXPECT_GT(woken_, 0);
    const auto queued = events->look();
    EXPECT_THAT(queued.text, StartsWith("event: job\ndata: {\"id\":\"" + job.id + "\""));
    EXPECT_THAT(queued.text, HasSubstr(R"("status":"queued")"));
    EXPECT_FALSE(queued.is_last);
    service_.claim();
    const auto soon = events->look();
    EXPECT_EQ(soon.text, "") << "what comes at once is told together";
    EXPECT_LE(soon.again, std::chrono::steady_clock::now() + kPause);
    std::this_thread::sleep_until(soon.again);
    EXPECT_THAT(events->look().text, HasSubstr(R"("status":"processing")"));
    EXPECT_TRUE(service_->jobs.remove(job.id, service_.clock.now()));
    std::this_thread::sleep_for(kPause);
    EXPECT_EQ(events->look().text, "event: deleted\ndata: {\"id\":\"" + job.id + "\"}\n\n");
    EXPECT_EQ(events->look().again, std::chrono::steady_clock::time_point::max());
}

TEST_F(JobsEvents, TellTheLatestProgressOfEachTask) {
    const auto job = service_.add_job();
    const auto events = follow();
    tell_progress(job, 10);
    tell_progress(job, 20);
    EXPECT_THAT(
        events->look().text,
        AllOf(HasSubstr(R"("percent":20,"job":")" + job.id), Not(HasSubstr(R"("percent":10)")))
    );
}

TEST_F(JobsEvents, SayThatListsAreStaleWhereTooMuchHappened) {
    const auto events = follow();
    for (std::size_t i = 0; i <= store::Changes::kMostNews; ++i) service_.add_job();
    EXPECT_EQ(events->look().text, kChanged);
    service_->jobs.database().changes().tell_all();
    std::this_thread::sleep_for(kPause);
    EXPECT_EQ(events->look().text, kChanged) << "another process has changed something";
    for (const bool is_late : {false, true}) {
        for (std::size_t i = 0; i <= store::Changes::kMostNews / 2; ++i) service_.add_job();
        if (is_late) std::this_thread::sleep_for(kPause);
        EXPECT_EQ(events->look().text, is_late ? kChanged : "") << "as much, bit by bit";
    }
}

}  // namespace
}  // namespace ittybit::api
