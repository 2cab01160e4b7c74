#pragma once

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "model/split.h"
#include "net/test_server.h"
#include "store/migrations.h"
#include "store/testing.h"
#include "work/janitor.h"
#include "work/managed.h"
#include "work/worker.h"

namespace ittybit::work {

inline Plan film() {
    Plan plan;
    plan.reads = {{.alpha = {}}};
    plan.window.duration = 8;
    plan.can_be_split = true;
    PictureBranch branch;
    branch.encoding.emplace().encoder = "libx264";
    plan.pictures.emplace_back().branches.push_back(branch);
    plan.outputs.emplace_back().name = "output.mp4";
    plan.outputs.back().muxer = "mp4";
    return plan;
}

/// A stream of two sizes, which lasts 24 seconds.
inline Plan ladder() {
    Plan plan = film();
    plan.window.duration = 24;
    PicturePlan& picture = plan.pictures.front();
    picture.clock.fps = {25, 1};
    picture.cadence = PlannedCadence{.key_seconds = 2};
    picture.branches.push_back(picture.branches.front());
    plan.has_common_end = true;
    plan.outputs.back() = {};
    plan.outputs.back().name = "output.m3u8";
    plan.outputs.back().muxer = "hls";
    return plan;
}

/// A file of a child, told as ready.
inline Result<Outcome> made(
    const std::string& name, const std::string& text, const OperationEvents& to
) {
    Outcome outcome{{}, {}, TRY(sandbox::Workspace::make(testing::TempDir()))};
    std::ofstream(outcome.workspace.path() / name) << text;
    FileReady ready{.name = name, .size = std::ssize(text)};
    outcome.files = {ready};
    if (to.file_ready) TRY(to.file_ready(ready, outcome.workspace));
    return outcome;
}

/// A clock that can be set on.
class LaterClock final : public Clock {
public:
    UnixMillis now() const override { return SystemClock().now() + later; }
    std::atomic<UnixMillis> later = 0;
};

/// One encode, several workers: a script stands in place of children.
class SplitEncodeTest : public testing::Test {
protected:
    SplitEncodeTest() {
        EXPECT_TRUE(store::migrate(*fixture_.database));
        const ManagedName input{std::string(32, 'a'), "in.mov"};
        EXPECT_TRUE(files_.add({input.id, {}, "upload", input.name, true, store::kNow, store::kNow})
        );
        EXPECT_TRUE(storage::put(*storage_, managed_key(input), std::vector<std::byte>(8), {}, {}));
        url_ = managed_url("https://media.example.com", input);
        EXPECT_TRUE(settings_.set("public_url", "https://media.example.com"));
    }
    ~SplitEncodeTest() override {
        fixture_.database.reset();
        std::filesystem::remove_all(fixture_.folder);
    }

    /// Pieces are their numbers in letters; what joins them is what it could read.
    Result<Outcome> perform(
        const OperationRequest& request, const OperationEvents& events, const std::stop_token& stop
    ) {
        if (std::holds_alternative<ProbeOptions>(request.operation)) {
            Outcome outcome{{}, {}, TRY(sandbox::Workspace::make(testing::TempDir()))};
            outcome.finished.file.duration = 8;
            return outcome;
        }
        if (request.explain) {
            EXPECT_TRUE(request.is_binding);
            auto outcome = TRY(made("none", "", {}));
            outcome.finished.plan = plan_json(plan_);
            return outcome;
        }
        const auto plan = TRY(read_plan(request.plan));
        if (plan.piece) return encode(*plan.piece, events, stop);
        const auto& pieces = request.inputs.at(1);
        const auto size = TRY(pieces.ensure(0, 1'000'000, stop));
        std::string text(static_cast<std::size_t>(size.value_or(0)), '\0');
        EXPECT_EQ(::pread(pieces.descriptor, text.data(), text.size(), 0), std::ssize(text));
        return made(plan.outputs.front().name, text, events);
    }

    Result<Outcome> encode(
        const PlannedPiece& piece, const OperationEvents& events, const std::stop_token& stop
    ) {
        ++encoded_;
        if (stop.stop_requested()) return Error{ErrorKind::kCancelled, "it was cancelled", ""};
        if (before_) TRY(before_(piece));
        events.progress({.percent = 50, .speed = {}, .eta_s = {}});
        auto outcome =
            TRY(made("piece", std::string(3, static_cast<char>('a' + piece.number)), events));
        outcome.finished.warnings = {"seen"};
        return outcome;
    }

    std::string add_job(const std::string& kind = "video") {
        const auto record =
            store::JobRecord::make(store::order_for(kind, url_), false, store::kNow);
        EXPECT_TRUE(store::add_job(*fixture_.database, record));
        return record.job.id;
    }
    bool work_once(Workshop& shop) {
        Worker worker(shop, 1);
        Slots slots(1, 0);
        Slots::Hold slot(slots);
        slot.take({});
        const auto did = worker.run_once(slot, {});
        EXPECT_TRUE(did) << did.error().message;
        return *did;
    }
    Job job(const std::string& id) { return (*jobs_.find_job(id))->job; }
    std::string output_of(const Job& job) {
        if (!job.output) return "";
        return *storage::get(*storage_, managed_key(*find_managed(*job.output)), {});
    }

    /// All that is in the storage but the input and the output.
    std::size_t left_behind() {
        Janitor janitor(
            jobs_, queue_, segments_, outbox_, files_, storage_, metrics_, clock_, {},
            fixture_.folder
        );
        for (auto more = janitor.run_once({}); more && *more;) more = janitor.run_once({});
        return storage_->list("files/", {})->size();
    }

    Workshop shop(const std::string& worker) { return shop(worker, segments_); }
    Workshop shop(const std::string& worker, store::SegmentTable& segments) {
        return {
            jobs_,
            queue_,
            files_,
            connections_,
            uploads_,
            settings_,
            segments,
            workers_,
            storage_,
            secrets_,
            client_,
            room_,
            [this](const auto& request, const auto& events, const auto& stop) {
                return perform(request, events, stop);
            },
            metrics_,
            troubles_,
            clock_,
            fixture_.folder,
            worker,
            {},
            {},
            {.when = Splitting::When::kAlways, .seconds = 2},
        };
    }

    LaterClock clock_;
    store::Fixture fixture_ = store::open_sqlite();
    store::JobStore jobs_{*fixture_.database};
    store::Queue queue_{*fixture_.database};
    store::Outbox outbox_{*fixture_.database};
    store::FileTable files_{*fixture_.database};
    store::ConnectionTable connections_{*fixture_.database};
    store::UploadTable uploads_{*fixture_.database};
    store::SettingTable settings_{*fixture_.database};
    store::SegmentTable segments_{*fixture_.database};
    store::WorkerTable workers_{*fixture_.database};
    std::shared_ptr<storage::Storage> storage_ = storage::memory_storage();
    storage::SecretBox secrets_ = *storage::SecretBox::open(fixture_.folder + "/key", "");
    net::Client client_{net::loopback_settings()};
    storage::Room room_{fixture_.folder, 0};
    Metrics metrics_;
    Troubles troubles_;
    Plan plan_ = film();
    std::atomic<int> encoded_ = 0;
    std::function<Result<>(const PlannedPiece&)> before_;
    std::string url_;
};

}  // namespace ittybit::work
