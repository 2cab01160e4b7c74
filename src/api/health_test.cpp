#include "api/health.h"

#include <chrono>
#include <future>
#include <latch>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/migrations.h"
#include "store/testing.h"
#include "store/wrapped_database.h"

namespace ittybit::api {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Does not come to the end of a write until it is let go.
class StuckDatabase : public store::WrappedDatabase {
public:
    using WrappedDatabase::WrappedDatabase;

    void wait_until_asked() { asked_.wait(); }
    void let_go() { free_.count_down(); }

private:
    Result<store::Rows> run(
        store::Session& inner, std::string_view sql, const store::Values& values
    ) override {
        return inner.run(sql, values);
    }
    Result<void> before_commit() override {
        if (!asked_.try_wait()) asked_.count_down();
        free_.wait();
        return {};
    }

    std::latch asked_{1};
    std::latch free_{1};
};

TEST(Health, ADatabaseThatDoesNotAnswerIsAProblemAfterAWhile) {
    auto fixture = store::open_sqlite();
    ASSERT_TRUE(store::migrate(*fixture.database));
    StuckDatabase stuck(*fixture.database);
    store::SettingTable settings(stuck);
    const Trouble claiming("cannot claim a job");
    const SystemClock clock;
    Health health(settings, claiming, clock, {fixture.folder, 0});
    const auto begun = Trouble::Steady::now();
    auto first = std::async(std::launch::async, [&] { return health.look(begun); });
    stuck.wait_until_asked();
    EXPECT_THAT(health.look(begun + 5s).problems, IsEmpty());
    const auto late = health.look(begun + 20s);
    EXPECT_THAT(late.database, HasSubstr("does not answer"));
    EXPECT_THAT(late.problems, ElementsAre(HasSubstr("does not answer")));
    stuck.let_go();
    EXPECT_THAT(first.get().problems, IsEmpty());
    EXPECT_THAT(health.look(begun + 20s).problems, IsEmpty());
    fixture.close();
}

}  // namespace
}  // namespace ittybit::api
