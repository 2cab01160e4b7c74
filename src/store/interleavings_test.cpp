// Two processes on one store, the second acting between any two statements of the first: whoever
// comes too late has done nothing.

#include <future>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/job_store.h"
#include "store/migrations.h"
#include "store/queue.h"
#include "store/side_tables.h"
#include "store/testing.h"
#include "store/wrapped_database.h"

namespace ittybit::store {
namespace {

/// Lets somebody else act before its n-th statement. Where the database makes that one wait for us,
/// we go on after a moment.
class InterruptedDatabase : public WrappedDatabase {
public:
    using WrappedDatabase::WrappedDatabase;

    void interrupt_at(int statement, std::function<void()> other) {
        left_ = statement;
        other_ = std::move(other);
    }
    /// Waits for the other's end. Whether it came in at all.
    bool join() {
        if (!running_.valid()) return false;
        running_.get();
        return true;
    }

private:
    Result<Rows> run(Session& inner, std::string_view sql, const Values& values) override {
        if (--left_ == 0) {
            running_ = std::async(std::launch::async, other_);
            running_.wait_for(std::chrono::milliseconds(30));
        }
        return inner.run(sql, values);
    }

    int left_ = 0;
    std::function<void()> other_;
    std::future<void> running_;
};

/// One store, as two processes have it.
class Interleavings : public testing::TestWithParam<Opener> {
protected:
    void SetUp() override { begin_anew(); }
    void TearDown() override { remove(); }

    void begin_anew() {
        remove();
        fixture_ = GetParam()();
        ASSERT_TRUE(migrate(*fixture_.database));
        other_ = fixture_.open_again();
        first_ = std::make_unique<InterruptedDatabase>(*fixture_.database);
    }
    void remove() {
        first_.reset();
        other_.reset();
        fixture_.close();
    }

    /// Runs `first`, with `second` between its statements at every place there is, and then
    /// `check`.
    void run_all(
        const std::function<void()>& prepare,
        const std::function<void()>& first,
        const std::function<void()>& second,
        const std::function<void(const std::string& place)>& check
    ) {
        for (int statement = 1;; ++statement) {
            begin_anew();
            prepare();
            first_->interrupt_at(statement, second);
            first();
            if (!first_->join()) {
                EXPECT_GT(statement, 2) << "there was hardly a place";
                return;
            }
            check(fmt::format("before statement {}", statement));
        }
    }

    JobRecord add_job() {
        auto order = order_for("video", "https://example.com/a.mp4");
        order.webhook_url = "https://example.com/hook";
        const auto record = JobRecord::make(std::move(order), false, kNow);
        EXPECT_TRUE(create(*fixture_.database, record, {}));
        return record;
    }
    static std::optional<JobStore::Created> create(
        Database& database, const JobRecord& record, const std::optional<IdempotencyKey>& key
    ) {
        std::promise<std::optional<JobStore::Created>> outcome;
        JobStore(database).create_later(
            record, key, {"", record.job.id},
            [&](Result<JobStore::Created> created) {
                outcome.set_value(created ? std::optional(*std::move(created)) : std::nullopt);
            }
        );
        return outcome.get_future().get();
    }
    Claimed claim() {
        auto claimed = Queue(*fixture_.database).claim("worker-1", kNow + 10);
        EXPECT_TRUE(claimed && *claimed);
        return **std::move(claimed);
    }

    Fixture fixture_;
    std::unique_ptr<Database> other_;
    std::unique_ptr<InterruptedDatabase> first_;
};

INSTANTIATE_TEST_SUITE_P(
    On,
    Interleavings,
    testing::Values(&open_sqlite, &open_postgres),
    [](const auto& about) { return name_of_opener(about.param); }
);

TEST_P(Interleavings, OneIdempotencyKeyMakesOneJob) {
    const IdempotencyKey key{"POST /jobs", "key", "same"};
    std::optional<JobStore::Created> one;
    std::optional<JobStore::Created> two;
    const auto make = [&](Database& database) {
        const auto record = record_for("video", "https://example.com/a.mp4", {}, kNow);
        return create(database, record, key);
    };
    run_all(
        [] {}, [&] { one = make(*first_); }, [&] { two = make(*other_); },
        [&](const std::string& place) {
            ASSERT_TRUE(one && two) << place;
            EXPECT_EQ(one->answer.body, two->answer.body) << place;
            EXPECT_NE(one->is_replayed, two->is_replayed) << place;
            EXPECT_EQ(JobStore(*other_).list_jobs({})->items.size(), 1U) << place;
        }
    );
}

TEST_P(Interleavings, AJobEndsOnceWithOneWebhookWhetherItIsCancelledOrDone) {
    std::optional<Claimed> held;
    bool is_finished = false;
    bool is_cancelled = false;
    const auto finish = [&](Database& database) {
        Ending ending{held->record};
        ending.record.job.status = JobStatus::kSucceeded;
        const auto done = Queue(database).finish(held->claim, ending, kNow + 20);
        is_finished = done && *done;
    };
    const auto cancel = [&](Database& database) {
        is_cancelled = bool(JobStore(database).cancel(held->claim.job_id, kNow + 20));
    };
    const auto prepare = [&] {
        add_job();
        held = claim();
    };
    const auto check = [&](const std::string& place) {
        EXPECT_NE(is_finished, is_cancelled) << place;
        const auto deliveries = Outbox(*other_).of_job(held->claim.job_id);
        ASSERT_EQ(deliveries->size(), 1U) << place;
        EXPECT_EQ(deliveries->front().type, is_finished ? "job.succeeded" : "job.cancelled");
        EXPECT_TRUE(Queue(*other_).leases()->empty()) << place;
    };
    run_all(prepare, [&] { finish(*first_); }, [&] { cancel(*other_); }, check);
    run_all(prepare, [&] { cancel(*first_); }, [&] { finish(*other_); }, check);
}

TEST_P(Interleavings, ASecondJanitorTakesNoFreshClaimAway) {
    std::optional<Lease> seen;
    std::optional<Claimed> fresh;
    const auto prepare = [&] {
        add_job();
        claim();
        seen = Queue(*other_).leases()->front();
        fresh.reset();
    };
    run_all(
        prepare, [&] { ASSERT_TRUE(Queue(*first_).take_back(*seen, kNow + 20)); },
        [&] {
            // Another janitor was quicker, and somebody works on the job already.
            ASSERT_TRUE(Queue(*other_).take_back(*seen, kNow + 20));
            auto claimed = Queue(*other_).claim("worker-2", kNow + 30);
            ASSERT_TRUE(claimed);
            fresh = *std::move(claimed);
        },
        [&](const std::string& place) {
            ASSERT_TRUE(fresh) << place;
            EXPECT_EQ(fresh->claim.attempt, 2) << place;
            EXPECT_TRUE(*Queue(*other_).is_held(fresh->claim)) << place;
        }
    );
}

TEST_P(Interleavings, ABeatThatCameInTimeKeepsTheJob) {
    std::optional<Claimed> held;
    bool has_beaten = false;
    run_all(
        [&] {
            add_job();
            held = claim();
        },
        [&] {
            const auto seen = Queue(*other_).leases()->front();
            ASSERT_TRUE(Queue(*first_).take_back(seen, kNow + 20));
        },
        [&] {
            const auto beaten = Queue(*other_).heartbeat(held->claim, {}, false, kNow + 20);
            has_beaten = beaten && *beaten;
        },
        [&](const std::string& place) {
            EXPECT_EQ(*Queue(*other_).is_held(held->claim), has_beaten) << place;
        }
    );
}

}  // namespace
}  // namespace ittybit::store
