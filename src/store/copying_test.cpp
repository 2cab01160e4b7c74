// An installation moves from one database to another.

#include "store/copying.h"

#include <string>

#include <gtest/gtest.h>

#include "base/fields_json.h"
#include "store/job_store.h"
#include "store/queue.h"
#include "store/side_tables.h"
#include "store/testing.h"
#include "store/wrapped_database.h"

namespace ittybit::store {
namespace {

constexpr int kJobs = 250;  // more than are copied at once

class Copying : public testing::TestWithParam<Opener> {
protected:
    void SetUp() override {
        ASSERT_TRUE(migrate(*from_.database));
        ASSERT_TRUE(migrate(*to_.database));
    }
    void TearDown() override {
        from_.close();
        to_.close();
    }

    Database& from() { return *from_.database; }
    Database& to() { return *to_.database; }

    Fixture from_ = open_sqlite();
    Fixture to_ = GetParam()();
};
INSTANTIATE_TEST_SUITE_P(
    To,
    Copying,
    testing::Values(&open_sqlite, &open_postgres),
    [](const auto& about) { return name_of_opener(about.param); }
);

std::int64_t count_of(Database& database, const std::string& table) {
    const auto rows = reading(database, [&](Session& session) {
        return session.run("SELECT count(*) FROM " + table);
    });
    return rows ? rows->front().integer(0) : -1;
}

/// Jobs that wait, with names in Japanese, and one that is worked on.
void add_jobs(Database& database) {
    for (int i = 0; i < kJobs; ++i) {
        auto record = record_for("video", fmt::format("https://example.com/{}.mp4", i));
        record.job.metadata = {{"name", "日本語"}, {"number", i}};
        ASSERT_TRUE(add_job(database, record)) << i;
    }
    ASSERT_TRUE(*Queue(database).claim("worker", kNow));
}

TEST_P(Copying, EveryRowIsThereAndWorkGoesOn) {
    add_jobs(from());
    ASSERT_TRUE(SettingTable(from()).set("public_url", "https://media.example"));
    const auto copied = copy_rows(from(), to());
    ASSERT_TRUE(copied) << copied.error().message;
    for (const std::string table : {"jobs", "tasks", "leases", "labels", "settings", "turns"}) {
        EXPECT_EQ(count_of(to(), table), count_of(from(), table)) << table;
    }
    EXPECT_EQ(count_of(to(), "jobs"), kJobs);
    const auto before = JobStore(from()).list_jobs({.limit = 300});
    const auto after = JobStore(to()).list_jobs({.limit = 300});
    ASSERT_TRUE(before && after);
    ASSERT_EQ(after->items.size(), before->items.size());
    for (std::size_t i = 0; i < after->items.size(); ++i) {
        EXPECT_EQ(json_text(after->items[i]), json_text(before->items[i]));
    }
    EXPECT_EQ(*SettingTable(to()).get("public_url"), "https://media.example");
    EXPECT_TRUE(*Queue(to()).claim("another", kNow));
}

TEST_P(Copying, ADatabaseThatIsInUseIsLeftAsItWas) {
    add_jobs(from());
    ASSERT_TRUE(add_job(to(), record_for("audio", "https://example.com/a.mp3")));
    const auto copied = copy_rows(from(), to());
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().kind, ErrorKind::kInvalidRequest);
    EXPECT_EQ(count_of(to(), "jobs"), 1);
}

TEST_P(Copying, WhatFailsOnTheWayLeavesNothing) {
    add_jobs(from());
    FaultyDatabase faulty(to());
    faulty.fail_at(20);
    EXPECT_FALSE(copy_rows(from(), faulty));
    EXPECT_TRUE(faulty.has_failed());
    EXPECT_EQ(count_of(to(), "jobs"), 0);
    EXPECT_TRUE(copy_rows(from(), to()));
    EXPECT_EQ(count_of(to(), "jobs"), kJobs);
}

}  // namespace
}  // namespace ittybit::store
