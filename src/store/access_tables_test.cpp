// Keys and upload tokens as they are kept.

#include <gtest/gtest.h>

#include "store/api_key.h"
#include "store/job_store.h"
#include "store/migrations.h"
#include "store/side_tables.h"
#include "store/testing.h"
#include "store/wrapped_database.h"

namespace ittybit::store {
namespace {

class Access : public testing::TestWithParam<Opener> {
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

    Fixture fixture_;
    std::unique_ptr<Database> recording_;  // what is asked of it is looked at by plans_test
};
INSTANTIATE_TEST_SUITE_P(
    On,
    Access,
    testing::Values(&open_sqlite, &open_postgres),
    [](const auto& about) { return name_of_opener(about.param); }
);

TEST_P(Access, KeysAreKeptWithAllThatTheyMay) {
    KeyTable keys(*recording_);
    const auto made = make_key(
        KeyRequest{
            .name = "n",
            .scopes = {{Scope::kCreate, Scope::kRead}},
            .expires_at = {},
            .expires_in = Duration{1000},
            .rate_limit = 60,
            .max_running = 2,
        },
        kNow
    );
    ASSERT_TRUE(made && keys.add(made->record));
    ASSERT_TRUE(keys.note_use(made->record.id, kNow + 5));
    const auto found = *keys.find_by_hash(hash_of_key(made->text));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->scope, Scope::kCreate);
    EXPECT_EQ(found->expires_at, kNow + 1000);
    EXPECT_EQ(found->rate_limit, 60);
    EXPECT_EQ(found->max_running, 2);
    EXPECT_EQ(found->last_used_at, kNow + 5);
    EXPECT_FALSE(found->is_expired(kNow + 999));
    EXPECT_TRUE(found->is_expired(kNow + 1000));
}

TEST_P(Access, TheLastKeyThatMayDoEverythingForEverStays) {
    KeyTable keys(*recording_);
    const auto add_key = [&](const std::string& id, Scope scope, std::optional<UnixMillis> end) {
        KeyRecord key{id, "n", "hash of " + id, "h", kNow};
        key.scope = scope;
        key.expires_at = end;
        EXPECT_TRUE(keys.add(key));
    };
    add_key("lasting", Scope::kAdmin, {});
    add_key("ending", Scope::kAdmin, kNow + 1000);
    add_key("reading", Scope::kRead, {});
    EXPECT_EQ(keys.revoke("lasting").error().where, "id");
    add_key("another", Scope::kAdmin, {});
    EXPECT_TRUE(*keys.revoke("lasting"));
    EXPECT_FALSE(keys.revoke("another"));
    EXPECT_TRUE(*keys.revoke("ending"));
    EXPECT_TRUE(*keys.revoke("reading"));
}

TEST_P(Access, AnUploadTokenIsTakenOnceAndInTime) {
    FileTable files(*recording_);
    const UploadToken token{"hash", "", 5, kNow + 1000};
    ASSERT_TRUE(files.allow_upload(token));
    EXPECT_TRUE(*files.is_upload_allowed("hash", kNow));
    EXPECT_FALSE(*files.is_upload_allowed("hash", kNow + 1000));
    EXPECT_FALSE(*files.is_upload_allowed("another", kNow));
    EXPECT_FALSE(*files.take_upload_token("hash", kNow + 1000));
    const auto taken = *files.take_upload_token("hash", kNow);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->max_bytes, 5);
    EXPECT_EQ(taken->expires_at, token.expires_at);
    EXPECT_FALSE(*files.take_upload_token("hash", kNow));
}

TEST_P(Access, OldUploadTokensGoAndThoseOfARevokedKeyAtOnce) {
    FileTable files(*recording_);
    KeyTable keys(*recording_);
    ASSERT_TRUE(keys.add({"key_1", "n", "h1", "h", kNow}));
    ASSERT_TRUE(keys.add({"key_2", "n", "h2", "h", kNow}));
    for (int i = 0; i < 8; ++i) {
        ASSERT_TRUE(files.allow_upload({fmt::format("old {}", i), "key_1", 5, kNow + 1000}));
    }
    ASSERT_TRUE(files.allow_upload({"new", "key_1", 5, kNow + 5000}));
    ASSERT_TRUE(files.allow_upload({"other", "key_2", 5, kNow + 5000}));
    EXPECT_EQ(*files.expire(0, 0, kNow + 1000), 5) << "in bites";
    EXPECT_EQ(*files.expire(0, 0, kNow + 1000), 3);
    EXPECT_EQ(*files.expire(0, 0, kNow + 1000), 0);
    EXPECT_TRUE(*files.is_upload_allowed("new", kNow));
    EXPECT_TRUE(*keys.revoke("key_1"));
    EXPECT_FALSE(*files.is_upload_allowed("new", kNow));
    ASSERT_TRUE(files.allow_upload({"new", "key_1", 5, kNow + 5000})) << "an upload was cut off";
    EXPECT_FALSE(*files.is_upload_allowed("new", kNow));
    EXPECT_FALSE(*files.take_upload_token("new", kNow));
    EXPECT_TRUE(*files.is_upload_allowed("other", kNow));
}

TEST_P(Access, SealsAreExchangedWhereTheyLie) {
    ConnectionTable connections(*recording_);
    const ConnectionRecord seen{"conn_1", "a", {}, "old", false, kNow, kNow};
    ASSERT_TRUE(connections.add(seen));
    ASSERT_TRUE(connections.reseal(seen, "new"));
    EXPECT_EQ((*connections.find("a"))->secret, "new");
    ASSERT_TRUE(connections.reseal(seen, "late"));
    EXPECT_EQ((*connections.find("a"))->secret, "new") << "another secret was given meanwhile";

    JobStore jobs(*recording_);
    const auto add = [&](std::string sealed) {
        auto record = record_for("adaptive_video", "https://example.com/a");
        record.order.metadata["note"] = "sealed_key";
        record.order.outputs.front().sealed_key = std::move(sealed);
        EXPECT_TRUE(add_job(*fixture_.database, record));
        return record.job.id;
    };
    add("");
    const std::vector old = {add("v1.0.aa"), add("v1.0.bb")};
    add("v1.1.cc");
    EXPECT_EQ(*jobs.sealed_otherwise("v1.1.", ""), old);
    EXPECT_EQ(*jobs.sealed_otherwise("v1.1.", old[0]), std::vector(1, old[1]));
    auto order = (*jobs.find_job(old[0]))->order;
    order.outputs.front().sealed_key = "v1.1.dd";
    ASSERT_TRUE(jobs.reseal(old[0], order));
    EXPECT_EQ(*jobs.sealed_otherwise("v1.1.", ""), std::vector(1, old[1]));
    EXPECT_EQ((*jobs.find_job(old[0]))->order.outputs.front().sealed_key, "v1.1.dd");
}

}  // namespace
}  // namespace ittybit::store
