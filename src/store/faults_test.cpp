// What becomes of the store when a statement fails, whichever it is, or a row cannot be read.

#include <algorithm>
#include <future>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fields_json.h"
#include "base/text.h"
#include "store/job_store.h"
#include "store/migrations.h"
#include "store/queue.h"
#include "store/side_tables.h"
#include "store/testing.h"
#include "store/wrapped_database.h"

namespace ittybit::store {
namespace {

constexpr UnixMillis kDay = 86'400'000;

/// The store over a database that can be made to fail.
struct Stores {
    explicit Stores(Database& database)
        : jobs(database),
          queue(database),
          outbox(database),
          files(database),
          resumables(database),
          uploads(database),
          connections(database),
          keys(database),
          settings(database) {}

    JobStore jobs;
    Queue queue;
    Outbox outbox;
    FileTable files;
    ResumableTable resumables;
    UploadTable uploads;
    ConnectionTable connections;
    KeyTable keys;
    SettingTable settings;
};

template <typename T>
Result<void> outcome_of(const Result<T>& result) {
    if (!result) return result.error();
    return {};
}

JobRecord make_record(const std::string& webhook = "https://example.com/hook") {
    auto order = order_for("video", "https://example.com/a.mp4");
    order.metadata = {{"order", "7"}};
    order.webhook_url = webhook;
    return JobRecord::make(std::move(order), false, kNow);
}

Result<void> create(
    JobStore& jobs, const JobRecord& record, const std::optional<IdempotencyKey>& key = {}
) {
    std::promise<Result<void>> created;
    jobs.create_later(record, key, {"/jobs/x", "{}"}, [&](const Result<JobStore::Created>& result) {
        created.set_value(outcome_of(result));
    });
    return created.get_future().get();
}

/// What an operation may need to have happened before.
struct Scene {
    JobRecord queued;
    Claimed held;
    Delivery delivery;
};

Ending ending_of(const Scene& scene) {
    Ending outcome{scene.held.record, {{"f1", "a.mp4", 30}}, {{"a.m4s", 10}}, "task_x"};
    outcome.record.job.status = JobStatus::kSucceeded;
    return outcome;
}

struct Operation {
    std::string name;
    std::function<Result<void>(Stores&, const Scene&)> run;
};

std::vector<Operation> operations_of_jobs() {
    return {
        {"create",
         [](Stores& s, const Scene&) {
             return create(s.jobs, make_record(), IdempotencyKey{"POST /jobs", "new", "same"});
         }},
        {"find_answer",
         [](Stores& s, const Scene&) { return outcome_of(s.jobs.find_answer({"r", "k", "f"})); }},
        {"remember",
         [](Stores& s, const Scene&) { return s.jobs.remember({"r", "k", "f"}, {}, kNow); }},
        {"find_job",
         [](Stores& s, const Scene& at) { return outcome_of(s.jobs.find_job(at.queued.job.id)); }},
        {"find_task", [](Stores& s, const Scene& at
                      ) { return outcome_of(s.jobs.find_task(at.queued.job.tasks.at(1).id)); }},
        {"list_jobs", [](Stores& s, const Scene&) { return outcome_of(s.jobs.list_jobs({})); }},
        {"list_tasks", [](Stores& s, const Scene&) { return outcome_of(s.jobs.list_tasks({})); }},
        {"list_by_error",
         [](Stores& s, const Scene&) {
             return outcome_of(s.jobs.list_jobs({.error = "download_failed"}));
         }},
        {"list_by_input",
         [](Stores& s, const Scene& at) {
             return outcome_of(s.jobs.list_jobs({.input = at.queued.job.input}));
         }},
        {"list_by_metadata",
         [](Stores& s, const Scene&) {
             return outcome_of(s.jobs.list_jobs({.metadata = {{"order", "7"}, {"b", "c"}}}));
         }},
        {"find_revision", [](Stores& s, const Scene& at
                          ) { return outcome_of(s.jobs.find_revision(at.queued.job.id)); }},
        {"cancel", [](Stores& s, const Scene& at
                   ) { return outcome_of(s.jobs.cancel(at.queued.job.id, kNow + 50)); }},
        {"remove", [](Stores& s,
                      const Scene& at) { return s.jobs.remove(at.held.record.job.id, kNow + 50); }},
        {"queued", [](Stores& s, const Scene&) { return outcome_of(s.jobs.queued()); }},
        {"pending", [](Stores& s, const Scene&) { return outcome_of(s.outbox.pending()); }},
        {"counts", [](Stores& s, const Scene&) { return outcome_of(s.jobs.counts()); }},
        {"list_parts",
         [](Stores& s, const Scene&) { return outcome_of(s.jobs.list_parts("task_x", {})); }},
    };
}

std::vector<Operation> operations_of_workers() {
    return {
        {"claim", [](Stores& s, const Scene&) { return outcome_of(s.queue.claim("w2", kNow + 50)); }
        },
        {"heartbeat",
         [](Stores& s, const Scene& at) {
             auto tasks = at.held.record.job.tasks;
             begin(tasks.front(), kNow + 50);
             return outcome_of(s.queue.heartbeat(at.held.claim, tasks, true, kNow + 50));
         }},
        {"is_held",
         [](Stores& s, const Scene& at) { return outcome_of(s.queue.is_held(at.held.claim)); }},
        {"finish",
         [](Stores& s, const Scene& at) {
             return outcome_of(s.queue.finish(at.held.claim, ending_of(at), kNow + 50));
         }},
        {"give_back",
         [](Stores& s, const Scene& at) {
             return outcome_of(s.queue.give_back(at.held.claim, kNow + 99, true, kNow + 50));
         }},
        {"leases", [](Stores& s, const Scene&) { return outcome_of(s.queue.leases()); }},
        {"take_back", [](Stores& s, const Scene& at
                      ) { return outcome_of(s.queue.take_back({at.held.claim, 0}, kNow + 50)); }},
        {"take_back_all",
         [](Stores& s, const Scene&) { return outcome_of(s.queue.take_back_all("w1", kNow + 50)); }
        },
        {"next_available",
         [](Stores& s, const Scene&) { return outcome_of(s.queue.next_available(kNow)); }},
        {"forget",
         [](Stores& s, const Scene&) { return outcome_of(s.jobs.forget(kNow + kDay, kNow + kDay)); }
        },
    };
}

std::vector<Operation> operations_of_the_rest() {
    return {
        {"outbox.claim",
         [](Stores& s, const Scene&) {
             const auto room = [](const std::string&, std::size_t) { return 8; };
             return outcome_of(s.outbox.claim(room, kNow + 99, kNow + 50));
         }},
        {"outbox.note",
         [](Stores& s, const Scene& at) {
             std::promise<Result<void>> noted;
             s.outbox.note(
                 at.delivery, {1, kNow, 200, {}, 9}, "delivered", {}, kNow + 50,
                 [&](Result<void> outcome) { noted.set_value(std::move(outcome)); }
             );
             return noted.get_future().get();
         }},
        {"outbox.of_job", [](Stores& s, const Scene& at
                          ) { return outcome_of(s.outbox.of_job(at.delivery.job_id)); }},
        {"outbox.list", [](Stores& s, const Scene&) { return outcome_of(s.outbox.list({})); }},
        {"outbox.attempts",
         [](Stores& s, const Scene& at) { return outcome_of(s.outbox.attempts(at.delivery.id)); }},
        {"outbox.resend",
         [](Stores& s, const Scene& at) {
             return outcome_of(s.outbox.resend(at.delivery.job_id, at.delivery.id, kNow + 50));
         }},
        {"outbox.next_due",
         [](Stores& s, const Scene&) { return outcome_of(s.outbox.next_due(kNow)); }},
        {"outbox.forget",
         [](Stores& s, const Scene&) { return outcome_of(s.outbox.forget(kNow + kDay)); }},
        {"files.add",
         [](Stores& s, const Scene&) {
             return s.files.add({"f9", {}, "upload", "a", false, kNow, kNow});
         }},
        {"files.find", [](Stores& s, const Scene&) { return outcome_of(s.files.find("f1")); }},
        {"files.touch", [](Stores& s, const Scene&) { return s.files.touch("f1", kNow + 50); }},
        {"files.make_ready",
         [](Stores& s, const Scene&) { return s.files.make_ready("f1", 5, kNow + 50); }},
        {"files.list", [](Stores& s, const Scene&) { return outcome_of(s.files.list({})); }},
        {"files.list_behind",
         [](Stores& s, const Scene&) { return outcome_of(s.files.list({.after = "f1"})); }},
        {"files.list_of_job",
         [](Stores& s, const Scene& at) {
             return outcome_of(s.files.list({.job = at.held.claim.job_id}));
         }},
        {"files.erase", [](Stores& s, const Scene&) { return outcome_of(s.files.erase("f2")); }},
        {"resumables.add",
         [](Stores& s, const Scene&) {
             return s.resumables.add({.id = "r2", .name = "x", .length = 9});
         }},
        {"resumables.add_by_token",
         [](Stores& s, const Scene&) {
             return outcome_of(s.resumables.add_by_token(
                 {.id = "r2", .name = "x", .length = 5, .used_at = kNow}, "t1", kNow + 2 * kDay
             ));
         }},
        {"resumables.is_token_of",
         [](Stores& s, const Scene&) { return outcome_of(s.resumables.is_token_of("t1", "r1")); }},
        {"resumables.find",
         [](Stores& s, const Scene&) { return outcome_of(s.resumables.find("r1")); }},
        {"resumables.add_piece",
         [](Stores& s, const Scene&) {
             return outcome_of(s.resumables.add_piece("r1", {4, 5, "b"}, kNow + 50));
         }},
        {"resumables.pieces",
         [](Stores& s, const Scene&) { return outcome_of(s.resumables.pieces("r1")); }},
        {"jobs.sealed_otherwise",
         [](Stores& s, const Scene&) { return outcome_of(s.jobs.sealed_otherwise("v1.0.", "")); }},
        {"jobs.reseal",
         [](Stores& s, const Scene&) {
             return s.jobs.reseal("job_x", order_for("image", "https://example.com/a"));
         }},
        {"resumables.begin_joining",
         [](Stores& s, const Scene&) {
             return outcome_of(s.resumables.begin_joining("r1", 15, kNow + 50));
         }},
        {"resumables.go_on_joining",
         [](Stores& s, const Scene&) {
             return outcome_of(s.resumables.go_on_joining("r1", 0, kNow + 50));
         }},
        {"resumables.finish",
         [](Stores& s, const Scene&) { return outcome_of(s.resumables.finish("r1", kNow + 50)); }},
        {"files.allow_upload",
         [](Stores& s, const Scene&) { return s.files.allow_upload({"t9", "key_1", 5, kNow}); }},
        {"files.is_upload_allowed",
         [](Stores& s, const Scene&) { return outcome_of(s.files.is_upload_allowed("t1", kNow)); }},
        {"files.take_upload_token",
         [](Stores& s, const Scene&) { return outcome_of(s.files.take_upload_token("t1", kNow)); }},
        {"files.expire",
         [](Stores& s, const Scene&) {
             return outcome_of(s.files.expire(kNow + kDay, kNow + kDay, kNow + 3 * kDay));
         }},
        {"files.discard", [](Stores& s, const Scene&) { return outcome_of(s.files.discard("f1")); }
        },
        {"files.garbage", [](Stores& s, const Scene&) { return outcome_of(s.files.garbage(9)); }},
        {"files.remove", [](Stores& s, const Scene&) { return s.files.remove("f3"); }},
        {"uploads.add",
         [](Stores& s, const Scene& at) {
             return s.uploads.add({at.held.claim.job_id, 1, "c", "b", "r2"}, kNow);
         }},
        {"uploads.abandoned",
         [](Stores& s, const Scene&) { return outcome_of(s.uploads.abandoned(9)); }},
        {"uploads.holds", [](Stores& s, const Scene&) { return outcome_of(s.uploads.holds("r1")); }
        },
        {"uploads.remove", [](Stores& s, const Scene&) { return s.uploads.remove("r1"); }},
        {"connections.add",
         [](Stores& s, const Scene&) {
             return s.connections.add({"conn_2", "two", {}, "x", true, kNow, kNow});
         }},
        {"connections.update",
         [](Stores& s, const Scene&) {
             return outcome_of(s.connections.update(
                 {"conn_1", "uno", {}, "y", true, kNow, kNow + 50},
                 {"conn_1", "one", {}, "x", true, kNow, kNow}
             ));
         }},
        {"connections.reseal",
         [](Stores& s, const Scene&) {
             return s.connections.reseal({"conn_1", "one", {}, "x", true, kNow, kNow}, "y");
         }},
        {"connections.find",
         [](Stores& s, const Scene&) { return outcome_of(s.connections.find("one")); }},
        {"connections.find_default",
         [](Stores& s, const Scene&) { return outcome_of(s.connections.find_default()); }},
        {"connections.list",
         [](Stores& s, const Scene&) { return outcome_of(s.connections.list({})); }},
        {"connections.remove",
         [](Stores& s, const Scene&) { return outcome_of(s.connections.remove("conn_1")); }},
        {"keys.add",
         [](Stores& s, const Scene&) { return s.keys.add({"key_2", "n", "hash", "h", kNow}); }},
        {"keys.find_by_hash",
         [](Stores& s, const Scene&) { return outcome_of(s.keys.find_by_hash("h1")); }},
        {"keys.note_use", [](Stores& s, const Scene&) { return s.keys.note_use("key_1", kNow); }},
        {"keys.list", [](Stores& s, const Scene&) { return outcome_of(s.keys.list()); }},
        {"settings.get", [](Stores& s, const Scene&) { return outcome_of(s.settings.get("a")); }},
        {"settings.set", [](Stores& s, const Scene&) { return s.settings.set("a", "b"); }},
        {"settings.settle",
         [](Stores& s, const Scene&) { return outcome_of(s.settings.settle("a", "b")); }},
        {"keys.revoke", [](Stores& s, const Scene&) { return outcome_of(s.keys.revoke("key_1")); }},
    };
}

std::vector<Operation> all_operations() {
    auto all = operations_of_jobs();
    for (auto* more : {operations_of_workers, operations_of_the_rest}) {
        for (auto& operation : more()) all.push_back(std::move(operation));
    }
    return all;
}

/// A database with a little of everything in it, that can be made to fail.
class World {
public:
    explicit World(Opener opener)
        : fixture_(opener()),
          recording_(*fixture_.database, [](std::string_view sql) { statements().hear(sql); }),
          faulty_(recording_),
          stores(faulty_) {
        EXPECT_TRUE(migrate(*fixture_.database));
        add_jobs();
        add_files(scene.held.claim.job_id);
        add_keys();
    }
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World() { fixture_.close(); }

    void add_jobs() {
        auto& s = stores;
        EXPECT_TRUE(create(s.jobs, make_record(), IdempotencyKey{"POST /jobs", "k", "f"}));
        scene.held = **s.queue.claim("w1", kNow + 10);
        const auto ended = make_record();
        EXPECT_TRUE(create(s.jobs, ended));
        EXPECT_TRUE(s.jobs.cancel(ended.job.id, kNow + 1));
        scene.delivery = s.outbox.of_job(ended.job.id)->front();
        scene.queued = make_record();
        EXPECT_TRUE(create(s.jobs, scene.queued));
    }
    void add_files(const std::string& job) {
        auto& s = stores;
        EXPECT_TRUE(s.files.add({"f1", job, "output", "a.mp4", false, kNow, kNow}));
        EXPECT_TRUE(s.files.add({"f2", {}, "upload", "a.mp4", true, kNow, kNow}));
        EXPECT_TRUE(s.files.add({"f3", {}, "garbage", "a.mp4", false, kNow, kNow}));
        EXPECT_TRUE(s.resumables.add({.id = "r1", .name = "x", .length = 9, .used_at = kNow}));
        EXPECT_TRUE(*s.resumables.add_piece("r1", {0, 4, "a"}, kNow));
        EXPECT_TRUE(s.uploads.add({job, 1, "c", "b", "r1"}, kNow));
    }
    void add_keys() {
        auto& s = stores;
        EXPECT_TRUE(s.connections.add({"conn_1", "one", {{"a", 1}}, "x", true, kNow, kNow}));
        EXPECT_TRUE(s.files.allow_upload({"t1", "key_1", 5, kNow + kDay}));
        EXPECT_TRUE(s.keys.add({"key_1", "n", "h1", "h", kNow}));
        EXPECT_TRUE(s.keys.add({"key_0", "n", "h0", "h", kNow}));  // the last one cannot go
    }

    Rows select(const std::string& sql) const {
        auto rows = reading(*fixture_.database, [&](Session& session) { return session.run(sql); });
        EXPECT_TRUE(rows) << sql;
        return *std::move(rows);
    }

    /// Everything in the database, as text.
    std::multiset<std::string> contents() {
        std::multiset<std::string> all;
        const auto tables = select(
            fixture_.is_postgres() ? "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
                                     "AND tablename <> 'commits'"
                                   : "SELECT name FROM sqlite_master WHERE type = 'table'"
        );
        for (const auto& table : tables) {
            for (const auto& row : select("SELECT * FROM " + table.text(0))) {
                std::string line = table.text(0);
                for (std::size_t i = 0; i < row.size(); ++i) {
                    line += fmt::format("|{}{}", row.integer(i), row.text(i));
                }
                all.insert(std::move(line));
            }
        }
        return all;
    }

    void change(const std::string& sql, const Values& values) const {
        EXPECT_TRUE(writing(*fixture_.database, [&](Session& session) {
            return session.run(sql, values);
        })) << sql;
    }

private:
    Fixture fixture_;
    RecordingDatabase recording_;
    FaultyDatabase faulty_;

public:
    Stores stores;
    Scene scene;
    FaultyDatabase& faulty = faulty_;
};

class EveryOperation : public testing::TestWithParam<std::tuple<Opener, Operation>> {
protected:
    World world_{std::get<0>(GetParam())};
    const Operation& operation_ = std::get<1>(GetParam());
};
INSTANTIATE_TEST_SUITE_P(
    On,
    EveryOperation,
    testing::Combine(
        testing::Values(&open_sqlite, &open_postgres), testing::ValuesIn(all_operations())
    ),
    [](const auto& about) {
        auto name = std::get<1>(about.param).name;
        std::ranges::replace(name, '.', '_');
        return name_of_opener(std::get<0>(about.param)) + "_" + name;
    }
);

TEST_P(EveryOperation, LeavesNothingHalfWrittenWhicheverStatementFails) {
    const auto before = world_.contents();
    int statement = 1;
    for (;; ++statement) {
        world_.faulty.fail_at(statement);
        const auto outcome = operation_.run(world_.stores, world_.scene);
        if (!world_.faulty.has_failed()) {
            EXPECT_TRUE(outcome) << outcome.error().message;
            break;
        }
        ASSERT_FALSE(outcome) << "hides that statement " << statement << " failed";
        EXPECT_EQ(outcome.error().kind, ErrorKind::kDiskFull);
        ASSERT_EQ(world_.contents(), before) << "statement " << statement;
    }
    EXPECT_GT(statement, 1) << "asks nothing";
}

/// Every column that holds JSON, and a row whose kinds of brokenness were once written.
const std::vector<std::pair<std::string, std::string>> kColumns = {
    {"jobs", "options"},  {"jobs", "metadata"},        {"jobs", "request"}, {"jobs", "error"},
    {"jobs", "warnings"}, {"tasks", "options"},        {"tasks", "input"},  {"tasks", "output"},
    {"tasks", "error"},   {"connections", "settings"},
};
const std::vector<std::string> kBroken = {R"({"x":Infinity})", "",     "[1",
                                          R"({"id":7})",       "null", "\xff"};

TEST_P(EveryOperation, WorksOnRowsThatCannotBeRead) {
    for (const auto& [table, column] : kColumns) {
        world_.change(fmt::format("UPDATE {} SET {} = $1", table, column), {R"({"x":Infinity})"});
    }
    world_.faulty.fail_at(0);
    const auto outcome = operation_.run(world_.stores, world_.scene);
    EXPECT_TRUE(outcome) << outcome.error().message;
}

class Faults : public testing::TestWithParam<Opener> {};
INSTANTIATE_TEST_SUITE_P(
    On,
    Faults,
    testing::Values(&open_sqlite, &open_postgres),
    [](const auto& about) { return name_of_opener(about.param); }
);

TEST_P(Faults, AJobThatCannotBeReadFailsAloneAndTheNextIsTaken) {
    for (const auto& [table, column] : kColumns) {
        if (table == "connections") continue;
        for (const auto& text : kBroken) {
            const auto what = fmt::format("{}.{} = {}", table, column, text);
            World world(GetParam());
            auto& stores = world.stores;
            // One that was claimed before, so that its tasks have rows.
            const auto& broken = world.scene.held.claim;
            ASSERT_TRUE(*stores.queue.give_back(broken, kNow, false, kNow + 11));
            const auto id = table == "jobs" ? "id" : "job_id";
            world.change(
                fmt::format("UPDATE {} SET {} = $2 WHERE {} = $1", table, column, id),
                {broken.job_id, text}
            );
            EXPECT_EQ(stores.jobs.list_jobs({})->items.size(), 3U) << what;
            const auto shown = stores.jobs.find_job(broken.job_id);
            ASSERT_TRUE(shown && *shown) << what;
            if ((*shown)->broken.empty()) continue;  // "null", where nothing need be
            EXPECT_THAT((*shown)->job.warnings, testing::Contains(testing::HasSubstr("broken")));
            const auto claimed = stores.queue.claim("w", kNow + 20);
            ASSERT_TRUE(claimed && *claimed) << what;
            EXPECT_EQ((*claimed)->record.job.id, world.scene.queued.job.id) << what;
            const auto ended = (*stores.jobs.find_job(broken.job_id))->job;
            EXPECT_EQ(ended.status, JobStatus::kFailed) << what;
            ASSERT_TRUE(ended.error) << what;
            EXPECT_EQ(ended.error->kind, ErrorKind::kInternalError) << what;
            EXPECT_TRUE(parse_json(json_text(ended))) << what;
            EXPECT_EQ(stores.outbox.of_job(broken.job_id)->front().type, "job.failed") << what;
        }
    }
}

}  // namespace
}  // namespace ittybit::store
