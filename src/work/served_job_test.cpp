#include "work/served_job.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/pause.h"
#include "sandbox/test_refusal.h"
#include "storage/faulty_storage.h"
#include "store/migrations.h"
#include "store/testing.h"
#include "store/wrapped_database.h"
#include "work/explain.h"
#include "work/janitor.h"
#include "work/managed.h"
#include "work/worker.h"

namespace ittybit::work {
namespace {

struct MovingClock final : Clock {
    std::atomic<UnixMillis> time = store::kNow;
    UnixMillis now() const override { return time; }
};

/// A database that one process cannot reach for a while, and all others can.
class CutDatabase : public store::WrappedDatabase {
public:
    using WrappedDatabase::WrappedDatabase;
    void cut(bool is_cut) { is_cut_ = is_cut; }

private:
    Result<store::Rows> run(
        store::Session& inner, std::string_view sql, const store::Values& values
    ) override {
        if (is_cut_) return Error{ErrorKind::kInternalError, "the database is out of sight", ""};
        return inner.run(sql, values);
    }

    std::atomic<bool> is_cut_ = false;
};

/// What a child would make of any input: a video, or a stream of a segment and two playlists.
Result<Outcome> perform(
    const OperationRequest& request, const OperationEvents& events, const std::stop_token& stop
) {
    if (stop.stop_requested()) return Error{ErrorKind::kCancelled, "it was cancelled", ""};
    const auto kind = kind_of(request.operation);
    Outcome outcome{{}, {}, TRY(sandbox::Workspace::make(testing::TempDir()))};
    outcome.finished.file.kind = "video";
    outcome.finished.file.format = kind;
    if (kind == "probe") return outcome;
    outcome.finished.warnings = {"made smaller"};
    const auto write = [&](const std::string& name, bool is_main) -> Result<> {
        std::ofstream(outcome.workspace.path() / name) << "bytes";
        return events.file_ready({.name = name, .size = 5, .is_main = is_main}, outcome.workspace);
    };
    if (kind == "adaptive_video") {
        for (const auto* part : {"0.m4s", "720p.m3u8"}) TRY(write(part, false));
    }
    TRY(write("output", true));
    return outcome;
}

/// The store on a database.
struct Stores {
    explicit Stores(store::Database& database)
        : jobs(database),
          queue(database),
          outbox(database),
          files(database),
          connections(database),
          uploads(database),
          settings(database),
          segments(database),
          workers(database) {}

    store::JobStore jobs;
    store::Queue queue;
    store::Outbox outbox;
    store::FileTable files;
    store::ConnectionTable connections;
    store::UploadTable uploads;
    store::SettingTable settings;
    store::SegmentTable segments;
    store::WorkerTable workers;
};

/// Workers, in memory but for a database, with a script in place of children. Storage and database
/// go wrong when they are told to.
class ServedJobTest : public testing::Test {
protected:
    ServedJobTest() {
        EXPECT_TRUE(store::migrate(*fixture_.database));
        const ManagedName input{std::string(32, 'a'), "in.mov"};
        EXPECT_TRUE(
            sure_.files.add({input.id, {}, "upload", input.name, true, clock_.now(), clock_.now()})
        );
        EXPECT_TRUE(storage::put(*inner_, managed_key(input), std::vector<std::byte>(8), {}, {}));
        const std::string public_url = "https://media.example.com";
        EXPECT_TRUE(sure_.settings.set("public_url", public_url));
        url_ = managed_url(public_url, input);
    }
    ~ServedJobTest() override {
        fixture_.database.reset();
        std::filesystem::remove_all(fixture_.folder);
    }

    /// A job that makes a video, a poster and a stream.
    std::string add_job() {
        auto order = store::order_for("video", url_);
        order.kind = kMultiKind;
        order.webhook_url = "https://example.com/hook";
        order.outputs.push_back({Operation(ImageOptions{}), {{}, {}, "poster"}, {}});
        order.outputs.emplace_back().work = Operation(AdaptiveVideoOptions{});
        const auto record = store::JobRecord::make(std::move(order), false, clock_.now());
        std::promise<bool> created;
        sure_.jobs.create_later(record, std::nullopt, {}, [&](const auto& result) {
            created.set_value(bool(result));
        });
        EXPECT_TRUE(created.get_future().get());
        return record.job.id;
    }

    static void work_once(Workshop& shop) {
        Worker worker(shop, 1);
        Slots slots(1, 0);
        Slots::Hold slot(slots);
        slot.take({});
        EXPECT_TRUE(worker.run_once(slot, {}));
    }

    /// A workshop of another worker.
    Workshop shop_on(Stores& stores, const std::string& worker) {
        return {
            stores.jobs,
            stores.queue,
            stores.files,
            stores.connections,
            stores.uploads,
            stores.settings,
            stores.segments,
            stores.workers,
            faulty_,
            secrets_,
            client_,
            room_,
            perform,
            metrics_,
            troubles_,
            clock_,
            fixture_.folder,
            worker,
            {}
        };
    }

    /// Works until the job has ended; so long as a lost worker's jobs are given to others.
    Job run(const std::string& id) {
        Worker worker(shop_, 1);
        Slots slots(1, 0);
        for (int i = 0; i < 10; ++i) {
            Slots::Hold slot(slots);
            slot.take({});
            static_cast<void>(worker.run_once(slot, {}));
            const auto leases = sure_.queue.leases();
            for (const auto& lease : *leases) {
                EXPECT_TRUE(sure_.queue.take_back(lease, clock_.now()));
            }
            const auto record = sure_.jobs.find_job(id);
            const Job& job = (*record)->job;
            if (is_final(job.status)) return job;
            clock_.time += 100'000;
        }
        ADD_FAILURE() << id << " does not end";
        return {};
    }

    Janitor janitor_of_all() {
        return {sure_.jobs, sure_.queue, sure_.segments, sure_.outbox, sure_.files,
                faulty_,    metrics_,    clock_,         {},           fixture_.folder};
    }

    /// The objects in storage but for the input, by their last pieces, once garbage is gone.
    std::vector<std::string> left() {
        Janitor janitor = janitor_of_all();
        EXPECT_TRUE(sure_.files.expire(0, 0, clock_.now()));
        for (auto more = janitor.run_once({}); more && *more;) more = janitor.run_once({});
        std::vector<std::string> names;
        const auto objects = inner_->list("", {});
        for (const auto& object : *objects) {
            if (object.key.ends_with("in.mov")) continue;
            names.push_back(object.key.substr(object.key.rfind('/') + 1));
        }
        return names;
    }

    /// What should be there of a job's outputs, in the same words.
    static std::vector<std::string> expected(const Job& job) {
        std::vector<std::string> names;
        for (const auto& output : *job.outputs) {
            if (!output.output) continue;
            names.push_back(output.output->substr(output.output->rfind('/') + 1));
            if (output.kind != "adaptive_video") continue;
            names.insert(names.end(), {"0.m4s", "720p.m3u8"});
        }
        return names;
    }

    /// Everything that is promised of a job that has ended, and then it goes.
    void check_and_remove(const Job& job, const std::string& where) {
        EXPECT_THAT(left(), testing::UnorderedElementsAreArray(expected(job))) << where;
        EXPECT_EQ(sure_.outbox.of_job(job.id)->size(), 1U) << where << ": one webhook";
        for (const auto& output : *job.outputs) {
            if (!output.output) continue;
            EXPECT_EQ(output.status, TaskStatus::kSucceeded) << where;
            const auto file = sure_.files.find(find_managed(*output.output)->id);
            EXPECT_TRUE(*file && (*file)->is_ready) << where << ": it can be fetched";
            const auto parts = sure_.jobs.list_parts(output.tasks.back(), {});
            EXPECT_EQ(parts->items.size(), output.kind == "adaptive_video" ? 2U : 0U) << where;
        }
        EXPECT_TRUE(sure_.jobs.remove(job.id, clock_.now()));
        EXPECT_THAT(left(), testing::IsEmpty()) << where << ": all files went with it";
    }

    MovingClock clock_;
    store::Fixture fixture_ = store::open_sqlite();
    store::FaultyDatabase database_{*fixture_.database};
    Stores sure_{*fixture_.database};
    Stores faulted_{database_};  // the workers'
    std::shared_ptr<storage::Storage> inner_ = storage::memory_storage();
    std::shared_ptr<storage::FaultyStorage> faulty_ =
        std::make_shared<storage::FaultyStorage>(inner_);
    storage::SecretBox secrets_ = *storage::SecretBox::open(fixture_.folder + "/key", "");
    net::Client client_{net::Client::Settings{}};
    storage::Room room_{fixture_.folder, 0};
    Metrics metrics_;
    Troubles troubles_{
        Trouble("claiming", std::chrono::milliseconds(1)),
        Trouble("beating", std::chrono::milliseconds(1)),
        Trouble("ending", std::chrono::milliseconds(1)),
        Trouble("discarding", std::chrono::milliseconds(1))
    };
    Workshop shop_ = shop_on(faulted_, "worker");
    std::string url_;
};

TEST_F(ServedJobTest, SeveralOutputsAreMadeAndNamed) {
    const auto job = run(add_job());
    EXPECT_EQ(job.status, JobStatus::kSucceeded);
    EXPECT_THAT(
        expected(job),
        testing::ElementsAre("in.mp4", "poster.jpg", "master.m3u8", "0.m4s", "720p.m3u8")
    );
    EXPECT_THAT(
        job.warnings,
        testing::ElementsAre(
            "outputs.0: made smaller", "poster: made smaller", "outputs.2: made smaller"
        )
    );
    check_and_remove(job, "no fault");
}

TEST_F(ServedJobTest, WhatIsTooMuchTogetherIsMadeOneByOneAndLeavesNothing) {
    int together = 0;
    shop_.perform = [&](const auto& request, const auto& events, const auto& stop) {
        auto outcome = perform(request, events, stop);
        if (request.beside.empty()) return outcome;
        ++together;
        return Result<Outcome>(Error{ErrorKind::kLimitExceeded, "more than allowed", ""});
    };
    const auto job = run(add_job());
    EXPECT_EQ(together, 1);
    EXPECT_EQ(job.status, JobStatus::kSucceeded);
    EXPECT_EQ(expected(job).size(), 5U);
    check_and_remove(job, "one by one");
}

TEST_F(ServedJobTest, AMachineWithoutThreadsCostsNoJob) {
    const auto id = add_job();
    std::thread([&] {
        ASSERT_TRUE(sandbox::refuse_threads());
        Worker worker(shop_, 1);
        Slots slots(1, 0);
        Slots::Hold slot(slots);
        slot.take({});
        EXPECT_FALSE(worker.run_once(slot, {}));
    }).join();
    EXPECT_EQ(*sure_.queue.take_back_all("worker", clock_.now()), 1);
    EXPECT_EQ(run(id).status, JobStatus::kSucceeded);
}

TEST_F(ServedJobTest, WhatCameWhenAnotherHadEndedTheJobIsTakenAwayAgain) {
    const auto order = store::order_for("adaptive_video", url_);
    const auto record = store::JobRecord::make(order, false, clock_.now());
    ASSERT_TRUE(store::add_job(*fixture_.database, record));
    CutDatabase database(*fixture_.database);
    Stores cut(database);
    auto other = shop_on(sure_, "other");
    auto shop = shop_on(cut, "worker");
    shop.perform = [&](const auto& request, const auto& events, const auto& stop) {
        if (kind_of(request.operation) == "probe") return perform(request, events, stop);
        database.cut(true);
        EXPECT_EQ(*sure_.queue.take_back_all("worker", clock_.now()), 1);
        work_once(other);
        EXPECT_EQ(left().size(), 3U) << "what was begun here is forgotten";
        auto outcome = perform(request, events, {});
        database.cut(false);
        return outcome;
    };
    work_once(shop);
    const auto job = (*sure_.jobs.find_job(record.job.id))->job;
    EXPECT_EQ(job.status, JobStatus::kSucceeded);
    EXPECT_THAT(left(), testing::UnorderedElementsAre("master.m3u8", "0.m4s", "720p.m3u8"));
}

TEST_F(ServedJobTest, WhatIsToBeTakenAwayWaitsForADatabaseThatIsAway) {
    const auto record = store::JobRecord::make(store::order_for("video", url_), false, store::kNow);
    CutDatabase database(*fixture_.database);
    Stores cut(database);
    auto shop = shop_on(cut, "worker");
    const store::Claim claim{record.job.id, "worker", 1};
    for (const bool is_handed_back : {false, true}) {
        std::stop_source hand_back;
        Destinations places(shop, claim, record, hand_back.get_token());
        const auto to = places.of_output(record.order.outputs[0], "mp4");
        EXPECT_THAT(left(), testing::IsEmpty()) << "what was begun is forgotten";
        EXPECT_TRUE(storage::put(*inner_, to->main_key, std::vector<std::byte>(8), {}, {}));
        database.cut(true);
        std::jthread later([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            if (is_handed_back) {
                hand_back.request_stop();
            } else {
                database.cut(false);
            }
        });
        places.discard();
        EXPECT_EQ(left().size(), is_handed_back ? 1U : 0U);
        later.join();
        database.cut(false);
    }
}

TEST_F(ServedJobTest, WhatCannotBeRemovedStandsInNobodysWay) {
    for (const char letter : {'b', 'c', 'd'}) {
        const store::FileRecord file{std::string(32, letter), {}, "upload", "x", false, 1, 1};
        EXPECT_TRUE(sure_.files.add(file));
        EXPECT_TRUE(storage::put(*inner_, managed_key({file.id, "x"}), {}, {}, {}));
        EXPECT_TRUE(*sure_.files.discard(file.id));
    }
    auto janitor = janitor_of_all();
    faulty_->fail_at(1);
    EXPECT_FALSE(janitor.run_once({}));
    EXPECT_TRUE(*janitor.run_once({}));
    EXPECT_EQ(sure_.files.garbage(9)->size(), 1U) << "what failed";
    EXPECT_TRUE(*janitor.run_once({}));
    EXPECT_TRUE(sure_.files.garbage(9)->empty());
}

TEST_F(ServedJobTest, WhatCouldNotBeToldIsToldLater) {
    add_job();
    CutDatabase database(*fixture_.database);
    Stores cut(database);
    auto shop = shop_on(cut, "worker");
    HeldJob held(shop, **sure_.queue.claim("worker", clock_.now()), {}, [] {});
    const auto before = (*sure_.jobs.find_job(held.job().id))->revision;
    database.cut(true);
    held.begin(held.job().tasks[0].id, {});
    database.cut(false);
    EXPECT_EQ((*sure_.jobs.find_job(held.job().id))->revision, before);
    for (int i = 0; i < 50 && (*sure_.jobs.find_job(held.job().id))->revision == before; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_GT((*sure_.jobs.find_job(held.job().id))->revision, before);
}

TEST_F(ServedJobTest, WhoExplainsIsNotKeptWaitingByAnInput) {
    shop_.perform = [](const auto&, const auto&, const std::stop_token& stop) -> Result<Outcome> {
        pause(stop, std::chrono::seconds(20));
        return Error{ErrorKind::kCancelled, "it was cancelled", ""};
    };
    Explainer explainer(shop_, {}, std::chrono::milliseconds(50));
    const auto explanation = explainer.explain(store::order_for("video", url_));
    ASSERT_TRUE(explanation);
    ASSERT_TRUE(explanation->outputs.front().error);
    EXPECT_EQ(explanation->outputs.front().error->kind, ErrorKind::kTaskTimeout);
}

TEST_F(ServedJobTest, WhicheverCallOfTheStorageFailsTheOtherOutputsStay) {
    int call = 1;
    for (bool has_failed = true; has_failed; ++call) {
        faulty_->fail_at(call);
        const auto job = run(add_job());
        has_failed = faulty_->has_failed();
        faulty_->fail_at(0);
        const auto where = fmt::format("call {}", call);
        EXPECT_EQ(job.status, has_failed ? JobStatus::kFailed : JobStatus::kSucceeded) << where;
        EXPECT_EQ(expected(job).size() == 5, !has_failed) << where;
        check_and_remove(job, where);
    }
}

TEST_F(ServedJobTest, WhicheverStatementFailsTheJobEndsWell) {
    int statement = 1;
    for (bool has_failed = true; has_failed; ++statement) {
        const auto id = add_job();
        database_.fail_at(statement);
        const auto job = run(id);
        has_failed = database_.has_failed();
        database_.fail_at(0);
        const auto where = fmt::format("statement {}", statement);
        EXPECT_EQ(job.status, JobStatus::kSucceeded) << where;
        EXPECT_EQ(expected(job).size(), 5U) << where;
        check_and_remove(job, where);
    }
}

TEST_F(ServedJobTest, NoOutputGoesWhereAnEarlierAttemptHasPutAnother) {
    for (const std::string id : {"conn_1", "conn_2"}) {
        const auto secret =
            secrets_.seal(R"({"access_key_id":"a","secret_access_key":"b"})", "connections." + id);
        EXPECT_TRUE(sure_.connections.add({id, id, {}, *secret, false, store::kNow, store::kNow}));
    }
    auto order = store::order_for("video", url_);
    order.kind = kMultiKind;
    order.outputs.front().place = {.url = "s3://films/a", .connection = "conn_1", .name = {}};
    for (const auto* connection : {"conn_1", "conn_2"}) {
        auto& output = order.outputs.emplace_back(order.outputs.front());
        output.place = {.url = "s3://films/a.mp4", .connection = connection, .name = {}};
    }
    auto record = store::JobRecord::make(std::move(order), false, store::kNow);
    const store::Claim claim{record.job.id, "worker", 2};
    const auto& outputs = record.order.outputs;
    EXPECT_TRUE(Destinations(shop_, claim, record, {}).of_output(outputs[1], "mp4"));
    record.job.outputs->front().output = "s3://films/a.mp4";
    Destinations places(shop_, claim, record, {});
    const auto taken = places.of_output(outputs[1], "mp4");
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind, ErrorKind::kInvalidOutput);
    EXPECT_TRUE(places.of_output(outputs[2], "mp4")) << "another S3 has its own films";
    EXPECT_TRUE(places.of_output(outputs[2], "mp4")) << "it is this output's own";
}

TEST_F(ServedJobTest, WhatAnEarlierAttemptHasEndedIsNotToldAgain) {
    const auto id = add_job();
    auto claimed = **sure_.queue.claim("worker", clock_.now());
    auto& tasks = claimed.record.job.tasks;
    begin(tasks[1], clock_.now());
    succeed(tasks[1], {}, clock_.now());
    const auto ended = tasks[1].id;
    const auto other = tasks[2].id;
    const auto news = fixture_.database->changes().subscribe({store::topic::progress(id)});
    HeldJob held(shop_, std::move(claimed), {}, [] {});
    held.report(ended, {50, {}, {}});
    EXPECT_THAT(news->take(), testing::IsEmpty());
    held.begin(other, {});
    held.report(other, {50, {}, {}});
    EXPECT_EQ(news->take().size(), 1U);

    held.log().job_started(held.job());
    held.log().job_ended(held.job(), 0);
    EXPECT_THAT(metrics_.text(), testing::Not(testing::HasSubstr("task_duration")));
}

}  // namespace
}  // namespace ittybit::work
