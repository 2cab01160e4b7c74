#include "work/janitor.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/migrations.h"
#include "store/testing.h"
#include "work/managed.h"

namespace ittybit::work {
namespace {

using store::kNow;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr UnixMillis kHour = 3'600'000;
constexpr UnixMillis kDay = 24 * kHour;

struct SetClock final : Clock {
    UnixMillis time = kNow;
    UnixMillis now() const override { return time; }
};

/// A janitor of an installation in memory, at kNow.
class JanitorTest : public testing::Test {
protected:
    JanitorTest() { EXPECT_TRUE(store::migrate(*fixture_.database)); }
    ~JanitorTest() override { fixture_.close(); }

    /// A file that was made and last used so long ago, with its bytes.
    void add_file(const std::string& name, const std::string& role, UnixMillis age) {
        store::FileRecord file;
        file.id = std::string(32, name.front());
        file.role = role;
        file.name = name;
        file.is_ready = true;
        file.created_at = file.used_at = kNow - age;
        EXPECT_TRUE(files_.add(file));
        EXPECT_TRUE(storage::put(*storage_, managed_key({file.id, name}), {}, {}, {}));
    }
    /// A job, cancelled at once, so long ago.
    std::string add_ended_job(UnixMillis age) {
        const auto record = store::record_for("video", "https://host/in.mov", {}, kNow - age);
        EXPECT_TRUE(store::add_job(*fixture_.database, record));
        EXPECT_TRUE(jobs_.cancel(record.job.id, kNow - age));
        return record.job.id;
    }
    void clean(Janitor::Keep keep) {
        Janitor janitor(
            jobs_, queue_, segments_, outbox_, files_, storage_, metrics_, clock_, keep,
            fixture_.folder
        );
        EXPECT_TRUE(janitor.tidy({}));
        for (auto more = janitor.run_once({}); *more; more = janitor.run_once({})) continue;
    }
    /// The names of the files whose bytes are there.
    std::vector<std::string> stored() {
        std::vector<std::string> names;
        const auto objects = storage_->list("", {});
        for (const auto& object : *objects)
            names.push_back(object.key.substr(object.key.rfind('/') + 1));
        return names;
    }
    bool has(const std::string& job) { return jobs_.find_job(job)->has_value(); }

    SetClock clock_;
    store::Fixture fixture_ = store::open_sqlite();
    store::JobStore jobs_{*fixture_.database};
    store::Queue queue_{*fixture_.database};
    store::SegmentTable segments_{*fixture_.database};
    store::Outbox outbox_{*fixture_.database};
    store::FileTable files_{*fixture_.database};
    std::shared_ptr<storage::Storage> storage_ = storage::memory_storage();
    Metrics metrics_;
};

TEST_F(JanitorTest, UploadsAndImportsGoADayAfterTheirLastUse) {
    for (const auto* role : {"upload", "import"}) {
        add_file("new", role, kDay - kHour);
        add_file("old", role, kDay + kHour);
        clean({});
        EXPECT_THAT(stored(), ElementsAre("new")) << role;
        EXPECT_TRUE(*files_.find(std::string(32, 'n')));
        EXPECT_FALSE(*files_.find(std::string(32, 'o'))) << "nor its row";
        clean({.uploads = 1});
        EXPECT_THAT(stored(), IsEmpty());
    }
}

TEST_F(JanitorTest, OutputsStayForEverUnlessTheirAgeIsBound) {
    add_file("new", "output", 2 * kDay);
    add_file("old", "output", 400 * kDay);
    clean({});
    EXPECT_THAT(stored(), ElementsAre("new", "old"));
    clean({.outputs = 3 * kDay});
    EXPECT_THAT(stored(), ElementsAre("new"));
}

TEST_F(JanitorTest, JobsAreForgottenHalfAYearAfterTheirEndAndNotBefore) {
    const auto late = add_ended_job(179 * kDay);
    const auto old = add_ended_job(181 * kDay);
    const auto waiting = store::record_for("video", "https://host/in.mov", {}, kNow - 400 * kDay);
    ASSERT_TRUE(store::add_job(*fixture_.database, waiting));
    clean({});
    EXPECT_TRUE(has(late));
    EXPECT_FALSE(has(old));
    EXPECT_TRUE(has(waiting.job.id)) << "it has not ended";
    clean({.jobs = kDay});
    EXPECT_FALSE(has(late));
    EXPECT_TRUE(has(waiting.job.id));
}

TEST_F(JanitorTest, AnIdempotencyKeyIsHeldToForADay) {
    const store::IdempotencyKey key{"POST /jobs", "order-1", "fingerprint"};
    ASSERT_TRUE(jobs_.remember(key, {"/jobs/1", "{}"}, kNow - kDay + kHour));
    clean({});
    EXPECT_TRUE(*jobs_.find_answer(key));
    clock_.time += 2 * kHour;
    clean({});
    EXPECT_FALSE(*jobs_.find_answer(key));
}

TEST_F(JanitorTest, MoreThanABiteOfOldFilesGoesAtOnce) {
    for (char letter = 'a'; letter < 'a' + 23; ++letter)
        add_file(std::string(1, letter), "upload", 2 * kDay);
    clean({});
    EXPECT_THAT(stored(), IsEmpty());
}

}  // namespace
}  // namespace ittybit::work
