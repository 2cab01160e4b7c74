// Two processes on one store, the second acting between any two statements of the first: whoever
// comes too late has done nothing.

#include <atomic>
#include <future>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "store/api_key.h"
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

TEST_P(Interleavings, OfTheLastTwoKeysThatMayDoEverythingOneStays) {
    std::vector<std::string> ids;
    std::atomic<int> revoked = 0;
    const auto revoke = [&](Database& database, const std::string& id) {
        if (KeyTable(database).revoke(id)) ++revoked;
    };
    run_all(
        [&] {
            ids.clear();
            revoked = 0;
            for (const auto* name : {"one", "other"}) {
                const auto key = make_key(name, kNow).record;
                ASSERT_TRUE(KeyTable(*fixture_.database).add(key));
                ids.push_back(key.id);
            }
        },
        [&] { revoke(*first_, ids[0]); }, [&] { revoke(*other_, ids[1]); },
        [&](const std::string& place) {
            EXPECT_EQ(KeyTable(*other_).list()->size(), 1U) << place;
            EXPECT_EQ(revoked, 1) << place;
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

TEST_P(Interleavings, AnUploadThatAJobBeginsToUseIsKept) {
    constexpr UnixMillis kDay = 86'400'000;
    const std::string file(32, 'a');
    const auto role = [&] { return (*FileTable(*other_).find(file))->role; };
    std::string seen;
    run_all(
        [&] { ASSERT_TRUE(FileTable(*other_).add({file, {}, "upload", "a", true, kNow, kNow})); },
        [&] { ASSERT_TRUE(FileTable(*first_).expire(kNow + kDay, 0, kNow + 2 * kDay)); },
        [&] {
            const auto url = "https://example.com/files/" + file + "/a";
            ASSERT_TRUE(create(*other_, record_for("video", url, {}, kNow + 2 * kDay), {}));
            seen = role();
        },
        [&](const std::string& place) { EXPECT_EQ(role(), seen) << place; }
    );
}

TEST_P(Interleavings, ADeliveryThatIsToBeSentAgainIsNotForgotten) {
    std::string job;
    std::string delivery;
    bool is_resent = false;
    const auto prepare = [&] {
        job = add_job().job.id;
        Outbox outbox(*other_);
        ASSERT_TRUE(JobStore(*other_).cancel(job, kNow));
        const auto sent = outbox.of_job(job)->front();
        delivery = sent.id;
        std::promise<void> noted;
        outbox.note(sent, {1, kNow, 200, {}, 9}, "delivered", {}, kNow, [&](const auto&) {
            noted.set_value();
        });
        noted.get_future().get();
    };
    run_all(
        prepare, [&] { ASSERT_TRUE(Outbox(*first_).forget(kNow + 1)); },
        [&] { is_resent = *Outbox(*other_).resend(job, delivery, kNow + 2); },
        [&](const std::string& place) {
            const auto count = is_resent ? 1U : 0U;
            EXPECT_EQ(Outbox(*other_).of_job(job)->size(), count) << place;
            EXPECT_EQ(Outbox(*other_).attempts(delivery)->size(), count) << place;
        }
    );
}

TEST_P(Interleavings, OneOfTwoConnectionsGetsANameThatBothWant) {
    Result<bool> one = false;
    Result<bool> two = false;
    const auto rename = [](Database& database, const std::string& id) {
        return ConnectionTable(database).update(
            {id, "same", {}, "x", false, kNow, kNow + 1}, {id, id, {}, "x", false, kNow, kNow}
        );
    };
    run_all(
        [&] {
            for (const auto* id : {"conn_1", "conn_2"}) {
                ASSERT_TRUE(ConnectionTable(*other_).add({id, id, {}, "x", false, kNow, kNow}));
            }
        },
        [&] { one = rename(*first_, "conn_1"); }, [&] { two = rename(*other_, "conn_2"); },
        [&](const std::string& place) {
            ASSERT_NE(bool(one), bool(two)) << place;
            EXPECT_EQ((one ? two : one).error().kind, ErrorKind::kConnectionExists) << place;
        }
    );
}

TEST_P(Interleavings, OfTwoChangesOfAConnectionNoneIsLost) {
    Result<bool> one = false;
    Result<bool> two = false;
    const ConnectionRecord before{"conn_1", "a", {}, "x", false, kNow, kNow};
    const auto change = [&](Database& database, const std::string& secret) {
        auto changed = before;
        changed.secret = secret;
        changed.updated_at = kNow + 1;
        return ConnectionTable(database).update(changed, before);
    };
    run_all(
        [&] { ASSERT_TRUE(ConnectionTable(*other_).add(before)); },
        [&] { one = change(*first_, "one"); }, [&] { two = change(*other_, "two"); },
        [&](const std::string& place) {
            ASSERT_TRUE(one && two) << place;
            ASSERT_NE(*one, *two) << place;
            const auto found = **ConnectionTable(*other_).find("conn_1");
            EXPECT_EQ(found.secret, *one ? "one" : "two") << place;
        }
    );
}

}  // namespace
}  // namespace ittybit::store
