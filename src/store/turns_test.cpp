// Keys share the slots, whatever each has waiting.

#include "store/turns.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
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

using namespace std::string_literals;

class Turns : public testing::TestWithParam<Opener> {
protected:
    void SetUp() override {
        fixture_ = GetParam()();
        ASSERT_TRUE(migrate(*fixture_.database));
        recording_ = std::make_unique<RecordingDatabase>(
            *fixture_.database, [](std::string_view sql) { statements().hear(sql); }
        );
    }
    void TearDown() override {
        recording_.reset();
        fixture_.close();
    }

    std::string add(const std::string& key, int priority = 0, const std::string& kind = "video") {
        auto record = record_for(kind, "https://example.com/a.mp4");
        record.order.priority = priority;
        record.key_id = key;
        EXPECT_TRUE(add_job(*fixture_.database, record));
        return record.job.id;
    }

    /// Copies of a job that waits, under ids behind its own.
    void add_many(const std::string& id, int count) {
        run_sql(
            *fixture_.database,
            fmt::format(
                "INSERT INTO jobs (id, is_task, kind, status, input, options, metadata, request, "
                "revision, attempt, available_at, created_at, updated_at, priority, key_id) WITH "
                "RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT "
                "id || i, is_task, kind, status, input, options, metadata, request, revision, "
                "attempt, available_at, created_at, updated_at, priority, key_id FROM jobs, n "
                "WHERE id = '{}'",
                count, id
            )
        );
    }

    /// Whose job was given, "-" where none was; `held_` has it.
    std::string claim(Lane lane = Lane::kAny) {
        auto claimed = queue().claim("worker", kNow, lane);
        EXPECT_TRUE(claimed) << claimed.error().message;
        if (!*claimed) return "-";
        held_.push_back(std::move(**claimed));
        return key_of(held_.back().claim.job_id);
    }

    /// The same for one who claims so often.
    std::string claims(int count, Lane lane = Lane::kAny) {
        std::string keys;
        for (int i = 0; i < count; ++i) keys += claim(lane);
        return keys;
    }

    std::string key_of(const std::string& job) {
        return *reading(*fixture_.database, [&](Session& session) -> Result<std::string> {
            return TRY(session.run("SELECT key_id FROM jobs WHERE id = $1", {job})).front().text(0);
        });
    }

    void end(const Claimed& held) {
        Ending ending{held.record};
        fail(ending.record.job, ending.record.job.tasks.front().id, {}, kNow);
        EXPECT_TRUE(*queue().finish(held.claim, ending, kNow));
    }

    /// So many turns of one slot, a letter each.
    std::string one_by_one(int count) {
        std::string order;
        for (int i = 0; i < count; ++i) {
            order += claim();
            end(held_.back());
        }
        return order;
    }

    void make_key(const std::string& id, std::optional<std::int64_t> max_running) {
        KeyRecord key{id, "name", "hash of " + id, "hint", kNow};
        key.max_running = max_running;
        EXPECT_TRUE(KeyTable(*recording_).add(key));
    }

    Queue queue() { return Queue(*recording_); }

    /// Whose job another process is given that claims while the first turn is being taken; "" where
    /// it waits for that to be over, and whose it is then.
    std::pair<std::string, std::string> claim_meanwhile() {
        const auto other = fixture_.open_again();
        std::pair<std::string, std::string> given;
        std::future<std::string> claim;
        const auto is_taken = writing(*fixture_.database, [&](Session& session) -> Result<bool> {
            const auto turns = TRY(find_turns(session, kNow));
            const auto& dialect = fixture_.database->dialect();
            const bool taken = TRY(take_turn(session, dialect, turns.front(), false));
            claim = std::async(std::launch::async, [&] {
                const auto claimed = Queue(*other).claim("other", kNow);
                return claimed && *claimed ? key_of((*claimed)->claim.job_id) : "-";
            });
            const bool waits = claim.wait_for(std::chrono::seconds(2)) != std::future_status::ready;
            if (!waits) given.first = claim.get();
            return taken;
        });
        EXPECT_TRUE(is_taken && *is_taken);
        if (claim.valid()) given.second = claim.get();
        return given;
    }

    Fixture fixture_;
    std::unique_ptr<Database> recording_;  // what is asked of it is looked at by plans_test
    std::vector<Claimed> held_;
};
INSTANTIATE_TEST_SUITE_P(
    On,
    Turns,
    testing::Values(&open_sqlite, &open_postgres),
    [](const auto& about) { return name_of_opener(about.param); }
);

TEST_P(Turns, OneJobWaitsForOneOfTheManyOfAnotherKey) {
    add_many(add("a"), 500);
    EXPECT_EQ(one_by_one(3), "aaa");
    add("b");
    EXPECT_EQ(one_by_one(3), "baa");
}

TEST_P(Turns, OneSlotGoesRound) {
    for (const auto* key : {"a", "a", "a", "a", "b", "b", "b", "c"}) add(key);
    EXPECT_EQ(one_by_one(8), "abcababa");
}

TEST_P(Turns, WhoHasTheFewestRunningIsNext) {
    for (int i = 0; i < 9; ++i) add("a");
    EXPECT_EQ(claims(3), "aaa");
    for (int i = 0; i < 4; ++i) add("b");
    EXPECT_EQ(claims(3), "bbb");
    EXPECT_EQ(claim(), "a") << "as many run of each, and it was served longest ago";
}

TEST_P(Turns, PrioritiesComeBeforeTurnsAndTheOldestFirst) {
    add("a", -1);
    add("b");
    const auto first = add("a", 5);
    add("a", 5);
    EXPECT_EQ(claims(4), "aaba");
    EXPECT_EQ(held_.front().claim.job_id, first);
}

TEST_P(Turns, JobsOfAKeyThatIsGoneAreDoneAndItsTurnIsForgotten) {
    add("");
    add("gone");
    add("gone");
    EXPECT_EQ(one_by_one(2), "gone");
    ASSERT_TRUE(JobStore(*recording_).forget(0, 0));
    EXPECT_EQ(one_by_one(1), "gone");
    EXPECT_EQ(claim(), "-");
}

TEST_P(Turns, AKeyHasNoMoreRunningThanItMay) {
    make_key("a", 2);
    make_key("b", {});
    for (const auto* key : {"a", "a", "a", "a", "b"}) add(key);
    EXPECT_EQ(claims(4), "aba-");
    EXPECT_FALSE(*queue().next_available(kNow)) << "nobody looks again and again";
    end(held_.front());
    EXPECT_EQ(*queue().next_available(kNow), kNow);
    EXPECT_EQ(claims(2), "a-");
    ASSERT_TRUE(*queue().give_back(held_.back().claim, kNow + 60'000, true, kNow));
    EXPECT_EQ(claim(), "a") << "what waits to be tried again is not at work";
    EXPECT_EQ(*queue().next_available(kNow), kNow + 60'000);
}

TEST_P(Turns, ABoundHoldsForManyWhoClaimAtOnce) {
    make_key("a", 3);
    add_many(add("a"), 20);
    std::vector<std::future<bool>> claims;
    for (int i = 0; i < 8; ++i) {
        claims.push_back(std::async(std::launch::async, [this] {
            const auto claimed = queue().claim("worker", kNow);
            return claimed && *claimed;
        }));
    }
    EXPECT_EQ(std::ranges::count_if(claims, [](auto& claim) { return claim.get(); }), 3);
}

TEST_P(Turns, WhoClaimsAtTheSameMomentHasTheNextTurnAndDoesNotWait) {
    if (!fixture_.is_postgres()) return;  // SQLite has one writer
    for (const auto* key : {"a", "a", "b"}) add(key);
    EXPECT_EQ(claim_meanwhile(), std::pair("b"s, ""s));
}

TEST_P(Turns, WhoClaimsAtTheSameMomentLeavesNothingOfAHigherPriority) {
    if (!fixture_.is_postgres()) return;
    for (const auto priority : {5, 5}) add("a", priority);
    add("b");
    EXPECT_EQ(claim_meanwhile(), std::pair(""s, "a"s));
}

TEST_P(Turns, WhoClaimsAtTheSameMomentLeavesNothingOfAKeyWithFewerRunning) {
    if (!fixture_.is_postgres()) return;
    for (int i = 0; i < 4; ++i) add("b");
    EXPECT_EQ(claims(2), "bb");
    add("a");
    add("a");
    EXPECT_EQ(claim_meanwhile(), std::pair(""s, "a"s));
}

TEST_P(Turns, WhatANewerVersionHasMadeIsLeftToIt) {
    add("a");
    run_sql(*fixture_.database, "INSERT INTO schema (version) VALUES (1000)");
    const auto refused = queue().claim("worker", kNow);
    run_sql(*fixture_.database, "DELETE FROM schema WHERE version = 1000");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("schema 1000"), std::string::npos);
    EXPECT_EQ(claim(), "a");
}

TEST_P(Turns, OfManyWhoClaimAtOnceEachGetsAJobOfItsOwn) {
    constexpr int kWorkers = 8;
    for (const auto* key : {"a", "a", "a", "a", "a", "a", "b", "c"}) add(key);
    std::vector<std::future<std::string>> claims;
    for (int i = 0; i < kWorkers; ++i) {
        claims.push_back(std::async(std::launch::async, [this] {
            const auto claimed = queue().claim("worker", kNow);
            return claimed && *claimed ? (*claimed)->claim.job_id : "-";
        }));
    }
    std::set<std::string> jobs;
    for (auto& claim : claims) jobs.insert(claim.get());
    EXPECT_EQ(jobs.size(), 8U);
    EXPECT_FALSE(jobs.contains("-"));
}

TEST_P(Turns, AClaimCostsTheSameHoweverManyWait) {
    const char* given = std::getenv("ITTYBIT_FULL_TABLE");
    const int size = given != nullptr ? std::atoi(given) : 2000;
    for (int key = 0; key < 20; ++key) add_many(add(fmt::format("key_{}", key)), size / 20);
    run_sql(*fixture_.database, "ANALYZE");
    std::vector<double> took;
    for (int i = 0; i < 200; ++i) {
        const auto started = std::chrono::steady_clock::now();
        EXPECT_NE(claim(), "-");
        took.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started)
                .count()
        );
        end(held_.back());
    }
    std::ranges::sort(took);
    RecordProperty("a claim", fmt::format("p50 {:.2f} ms, p99 {:.2f} ms", took[100], took[197]));
    if (given != nullptr) {
        EXPECT_LT(took[197], 5);
    }
}

TEST_P(Turns, OneLaneIsForWhatIsLightAndTheOtherForWhateverIsFirst) {
    add("a", 9);
    add("a", 0, "image");
    add("a", 5, "image");
    add("a", -1, "image");
    EXPECT_EQ(claim(Lane::kLight), "a");
    EXPECT_EQ(held_.back().record.order.priority, 5);
    EXPECT_EQ(claim(Lane::kLight), "a");
    EXPECT_EQ(held_.back().record.order.priority, 0);
    EXPECT_EQ(claim(), "a");
    EXPECT_EQ(held_.back().record.job.kind, "video");
    EXPECT_EQ(claim(), "a");
    EXPECT_EQ(held_.back().record.order.priority, -1) << "no slot is idle while a picture waits";
    add("a");
    EXPECT_EQ(*queue().next_available(kNow), kNow);
    EXPECT_FALSE(*queue().next_available(kNow, Lane::kLight));
    EXPECT_EQ(claim(Lane::kLight), "-");
    EXPECT_TRUE(*queue().give_back(held_.front().claim, kNow, true, kNow));
    EXPECT_EQ(*queue().next_available(kNow, Lane::kLight), kNow);
    EXPECT_EQ(claim(Lane::kLight), "a") << "it is light still";
}

TEST_P(Turns, KeysShareTheLightLaneAndTheirBoundsHold) {
    make_key("a", std::nullopt);
    make_key("b", 2);
    for (int i = 0; i < 4; ++i) add("a", 0, "image");
    add("b");
    for (int i = 0; i < 3; ++i) add("b", 0, "image");
    EXPECT_EQ(claim(), "a");
    EXPECT_EQ(claim(Lane::kLight), "b");
    EXPECT_EQ(claim(Lane::kLight), "a") << "who was served longest ago";
    EXPECT_EQ(claim(), "b") << "who has the fewest at work, wherever";
    EXPECT_EQ(held_.back().record.job.kind, "video");
    EXPECT_EQ(claims(3, Lane::kLight), "aa-");
    EXPECT_FALSE(*queue().next_available(kNow, Lane::kLight)) << "b has as many as it may";
    end(held_[3]);
    EXPECT_EQ(claim(Lane::kLight), "b");
}

}  // namespace
}  // namespace ittybit::store
