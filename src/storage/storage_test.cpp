#include "storage/storage.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/ids.h"
#include "base/text.h"
#include "net/test_server.h"
#include "storage/allowance.h"
#include "storage/s3.h"
#include "storage/source.h"

/// The conformance suite of Storage: everything here holds for every implementation.
namespace ittybit::storage {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

/// One implementation, empty.
struct Place {
    std::string name;
    std::function<std::unique_ptr<Storage>()> open;  // nothing: not available here
};

std::unique_ptr<Storage> test_s3_storage() {
    const char* const endpoint = std::getenv("ITTYBIT_TEST_S3");
    if (endpoint == nullptr) return nullptr;
    static net::Client client(net::loopback_settings());
    const auto value = [](const char* name) {
        const char* const text = std::getenv(name);
        return std::string(text == nullptr ? "" : text);
    };
    S3Account account;
    account.endpoint = endpoint;
    account.access_key_id = value("ITTYBIT_TEST_S3_KEY");
    account.secret_access_key = value("ITTYBIT_TEST_S3_SECRET");
    return open_s3(client, account, value("ITTYBIT_TEST_S3_BUCKET"), random_hex(64) + "/");
}

const std::vector<Place> kPlaces = {
    {"Folder", [] { return *open_folder(testing::TempDir() + "/storage_" + random_hex(64)); }},
    {"Memory", [] { return memory_storage(); }},
    {"S3", test_s3_storage},
};

std::string bytes_of(std::size_t size, unsigned seed) {
    std::string bytes(size, '\0');
    unsigned state = seed * 2654435761U + 1;
    for (char& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<char>(state >> 24U);
    }
    return bytes;
}

std::span<const std::byte> view(const std::string& text) {
    return std::as_bytes(std::span(text));
}

Fd file_of(const std::string& bytes) {
    std::string path = testing::TempDir() + "/upload-XXXXXX";
    Fd file(::mkostemp(path.data(), O_CLOEXEC));
    ::unlink(path.c_str());
    EXPECT_EQ(::write(file.get(), bytes.data(), bytes.size()), std::ssize(bytes));
    return file;
}

class StorageTest : public testing::TestWithParam<Place> {
protected:
    void SetUp() override {
        storage = GetParam().open();
        if (!storage)
            GTEST_SKIP() << "no S3 server: set ITTYBIT_TEST_S3 (tests/s3_server.sh starts one)";
    }
    void TearDown() override {
        if (!storage) return;
        const auto left = storage->list("", {});
        ASSERT_TRUE(left);
        for (const auto& object : *left) EXPECT_TRUE(storage->remove(object.key, {}));
    }
    Result<Stored> put_text(const std::string& key, const std::string& text) {
        return put(*storage, key, view(text), {.content_type = "text/plain"}, {});
    }
    std::string text_of(const std::string& key) {
        auto text = get(*storage, key, {});
        return text ? *text : std::string(name_of(text.error().kind));
    }
    std::unique_ptr<Upload> begin(const std::string& key, UploadOptions options = {}) {
        auto upload = storage->begin(key, std::move(options), {});
        EXPECT_TRUE(upload) << upload.error().message;
        return upload ? *std::move(upload) : nullptr;
    }
    std::vector<std::string> keys(const std::string& prefix = "") {
        std::vector<std::string> found;
        const auto listed = storage->list(prefix, {});
        EXPECT_TRUE(listed) << listed.error().message;
        for (const auto& object : *listed) found.push_back(object.key);
        return found;
    }
    std::unique_ptr<Storage> storage;
};

TEST_P(StorageTest, GivesBackWhatWasPut) {
    const auto stored = put_text("a/b.txt", "hello");
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(stored->size, 5);
    EXPECT_EQ(stored->key, "a/b.txt");
    EXPECT_EQ(text_of("a/b.txt"), "hello");
    const auto head = storage->head("a/b.txt", {});
    ASSERT_TRUE(head);
    EXPECT_EQ(head->size, 5);
    EXPECT_EQ(head->etag, stored->etag);
    EXPECT_NE(head->etag, "");
    EXPECT_THAT(head->content_type, testing::AnyOf("", "text/plain"));
}

TEST_P(StorageTest, StoresEmptyObjects) {
    ASSERT_TRUE(put_text("empty", ""));
    EXPECT_EQ(text_of("empty"), "");
    EXPECT_EQ(storage->head("empty", {})->size, 0);
}

TEST_P(StorageTest, ReplacesAnObjectAndChangesItsEtag) {
    const auto first = put_text("key", "first");
    const auto second = put_text("key", "other");
    ASSERT_TRUE(first && second);
    EXPECT_NE(first->etag, second->etag);
    EXPECT_EQ(text_of("key"), "other");
    EXPECT_EQ(storage->head("key", {})->etag, second->etag);
}

TEST_P(StorageTest, SaysWhenThereIsNothing) {
    EXPECT_EQ(storage->head("none", {}).error().kind, ErrorKind::kFileNotFound);
    EXPECT_EQ(text_of("none"), "file_not_found");
    EXPECT_TRUE(storage->remove("none", {}));
    EXPECT_THAT(keys(), SizeIs(0));
}

TEST_P(StorageTest, KeepsKeysOfAllLettersApart) {
    const std::vector<std::string> odd = {
        "d/a b",  "d/a+b",      "d/\xc3\xbc",   "d/a(1)!'*", "d/a=b&c",
        "d/100%", "d/q?x#y",    "d/~-_.",       "d/%41",     "d/A",
        "d/a\\b", "d/a:b;c,d@", "d/\"quoted\"", "d/<x>",     "d/\xf0\x9f\x8e\xac.mp4",
    };
    for (const auto& key : odd) {
        const auto stored = put_text(key, "at " + key);
        ASSERT_TRUE(stored) << key << ": " << stored.error().message;
    }
    for (const auto& key : odd) EXPECT_EQ(text_of(key), "at " + key);
    EXPECT_THAT(keys("d/"), testing::UnorderedElementsAreArray(odd));
    for (const auto& key : odd) {
        ASSERT_TRUE(storage->remove(key, {}));
        EXPECT_EQ(storage->head(key, {}).error().kind, ErrorKind::kFileNotFound) << key;
    }
}

TEST_P(StorageTest, RefusesKeysThatLeadAstray) {
    for (const std::string key : {"", "/a", "a/", "a//b", ".", "..", "a/../../b", "a/./b"}) {
        const auto upload = storage->begin(key, {}, {});
        ASSERT_FALSE(upload) << key;
        EXPECT_EQ(upload.error().kind, ErrorKind::kInvalidOutput);
    }
    EXPECT_FALSE(storage->begin("a\nb", {}, {}));
    EXPECT_FALSE(storage->begin(std::string(2000, 'x'), {}, {}));
}

TEST_P(StorageTest, ListsByPrefixInOrder) {
    for (const std::string key : {"b/2", "b/10", "a", "b2", "b/1"}) ASSERT_TRUE(put_text(key, key));
    EXPECT_THAT(keys("b/"), ElementsAre("b/1", "b/10", "b/2"));
    EXPECT_THAT(keys("b"), ElementsAre("b/1", "b/10", "b/2", "b2"));
    EXPECT_THAT(keys(), ElementsAre("a", "b/1", "b/10", "b/2", "b2"));
    EXPECT_EQ(storage->list("b/10", {})->front().size, 4);
}

TEST_P(StorageTest, ReadsRanges) {
    ASSERT_TRUE(put_text("key", "0123456789"));
    const auto part = [&](std::int64_t from, std::int64_t to) {
        std::string text;
        const auto result = storage->read(
            "key", {from, to},
            [&](std::span<const std::byte> bytes) -> Result<bool> {
                for (const std::byte byte : bytes) text += static_cast<char>(byte);
                return true;
            },
            {}
        );
        EXPECT_TRUE(result) << result.error().message;
        return text;
    };
    EXPECT_EQ(part(2, 5), "234");
    EXPECT_EQ(part(8, 100), "89");
    EXPECT_EQ(part(0, kNoEnd), "0123456789");
    EXPECT_EQ(part(100, 200), "");
    EXPECT_EQ(part(3, 3), "");
}

TEST_P(StorageTest, ShowsNothingBeforeCommit) {
    ASSERT_TRUE(put_text("key", "old"));
    const auto upload = begin("key");
    ASSERT_TRUE(upload->append(view("new"), {}));
    EXPECT_EQ(text_of("key"), "old");
    EXPECT_THAT(keys(), ElementsAre("key"));
    ASSERT_TRUE(upload->commit(3, {}));
    EXPECT_EQ(text_of("key"), "new");
}

TEST_P(StorageTest, LeavesNothingOfAnAbortedUpload) {
    const auto bytes = bytes_of(12'000'000, 1);
    {
        const auto upload = begin("aborted", {.expected_size = 12'000'000});
        ASSERT_TRUE(upload->append(view(bytes), {}));
        upload->abort();
        upload->abort();
    }
    {
        const auto forgotten = begin("forgotten");
        ASSERT_TRUE(forgotten->append(view(bytes), {}));
    }
    EXPECT_THAT(keys(), SizeIs(0));
    EXPECT_EQ(*storage->sweep(std::numeric_limits<UnixMillis>::max(), {}), 0);
}

TEST_P(StorageTest, RefusesToPublishAnObjectThatIsNotWhole) {
    const auto upload = begin("short");
    ASSERT_TRUE(upload->append(view("12345"), {}));
    const auto stored = upload->commit(6, {});
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().kind, ErrorKind::kUploadFailed);
    const auto bytes = bytes_of(100, 1);
    const auto file = file_of(bytes);
    const auto holed = begin("holed");
    ASSERT_TRUE(holed->put_file(file.get(), {0, 40}, {}));
    ASSERT_TRUE(holed->put_file(file.get(), {60, 100}, {}));
    EXPECT_FALSE(holed->commit(100, {}));
    EXPECT_THAT(keys(), SizeIs(0));
}

TEST_P(StorageTest, TakesAFilesRangesInAnyOrder) {
    const auto bytes = bytes_of(23'000'000, 2);
    const auto file = file_of(bytes);
    const auto upload = begin("movie.mp4", {.expected_size = 40'000'000});
    // As an encoder gives them: media first, the reserved index in front last.
    for (std::int64_t at = 1'000'000; at < 23'000'000; at += 1'000'000)
        ASSERT_TRUE(upload->put_file(file.get(), {at, at + 1'000'000}, {}));
    ASSERT_TRUE(upload->put_file(file.get(), {0, 1'000'000}, {}));
    const auto stored = upload->commit(23'000'000, {});
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(stored->size, 23'000'000);
    EXPECT_TRUE(text_of("movie.mp4") == bytes);
}

TEST_P(StorageTest, TakesManyMegabytesOfUnknownLength) {
    const auto bytes = bytes_of(40'000'000, 3);
    const auto upload = begin("long");
    for (std::size_t at = 0; at < bytes.size(); at += 777'777) {
        const auto piece =
            view(bytes).subspan(at, std::min<std::size_t>(777'777, bytes.size() - at));
        ASSERT_TRUE(upload->append(piece, {}));
    }
    const auto stored = upload->commit(40'000'000, {});
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_TRUE(text_of("long") == bytes);
    EXPECT_EQ(storage->head("long", {})->etag, stored->etag);
}

TEST_P(StorageTest, IsReadByASourceLikeAnyOrigin) {
    const auto bytes = bytes_of(5'000'000, 4);
    ASSERT_TRUE(put(*storage, "input", view(bytes), {}, {}));
    auto origin = storage->origin("input");
    ASSERT_TRUE(origin);
    const auto source = Source::open(*std::move(origin), {.scratch_folder = testing::TempDir()});
    ASSERT_TRUE(source) << source.error().message;
    EXPECT_EQ((*source)->size(), 5'000'000);
    ASSERT_TRUE((*source)->ensure(4'000'000, 10, {}));
    EXPECT_LE((*source)->bytes_fetched(), 5'000'000);
    std::string part(10, '\0');
    ASSERT_EQ(::pread((*source)->descriptor(), part.data(), 10, 4'000'000), 10);
    EXPECT_EQ(part, bytes.substr(4'000'000, 10));
    ASSERT_TRUE((*source)->complete({}));
}

TEST_P(StorageTest, TakesUploadsFromManyThreads) {
    std::vector<std::future<bool>> threads;
    threads.reserve(8);
    for (int i = 0; i < 8; ++i) {
        threads.push_back(std::async(std::launch::async, [this, i] {
            const auto key = "threads/" + std::to_string(i);
            return bool(put_text(key, key)) && text_of(key) == key &&
                   bool(storage->remove(key, {}));
        }));
    }
    for (auto& thread : threads) EXPECT_TRUE(thread.get());
    EXPECT_THAT(keys(), SizeIs(0));
}

TEST_P(StorageTest, PresignsOnlyWhereAnybodyCanAsk) {
    ASSERT_TRUE(put_text("a b/c", "shared"));
    const auto url = storage->presign("a b/c", std::chrono::minutes(5));
    if (!url) return;
    net::Client client(net::loopback_settings());
    net::Request request;
    request.url = *net::Url::parse(*url);
    const auto response = client.send(request);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "shared");
}

TEST_P(StorageTest, StopsWhenCancelled) {
    std::stop_source stop;
    stop.request_stop();
    const auto upload = begin("key");
    static_cast<void>(upload->append(view("x"), {}));
    const auto stored = upload->commit(1, stop.get_token());
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().kind, ErrorKind::kCancelled);
    EXPECT_THAT(keys(), SizeIs(0));
}

TEST_P(StorageTest, AbortsByReceiptWhatACrashLeftBehind) {
    std::string receipt;
    const auto bytes = bytes_of(20'000'000, 5);
    const auto file = file_of(bytes);
    const auto upload =
        begin("left", {.expected_size = 20'000'000, .on_started = [&](const std::string& text) {
                           receipt = text;
                       }});
    ASSERT_TRUE(upload->put_file(file.get(), {0, 20'000'000}, {}));
    if (GetParam().name == "Memory") return;
    ASSERT_NE(receipt, "");
    EXPECT_TRUE(storage->abort(receipt, {}));
    EXPECT_TRUE(storage->abort(receipt, {}));
    EXPECT_FALSE(upload->commit(20'000'000, {}));
    EXPECT_THAT(keys(), SizeIs(0));
}

INSTANTIATE_TEST_SUITE_P(Every, StorageTest, testing::ValuesIn(kPlaces), [](const auto& place) {
    return place.param.name;
});

TEST(FolderStorage, PutsFilesWhereTheirKeySays) {
    const auto root = testing::TempDir() + "/folder_" + random_hex(64);
    const auto storage = *open_folder(root);
    ASSERT_TRUE(put(*storage, "a/b/c.txt", view("text"), {}, {}));
    EXPECT_EQ(std::filesystem::file_size(root + "/a/b/c.txt"), 4U);
    ASSERT_TRUE(storage->remove("a/b/c.txt", {}));
    EXPECT_FALSE(std::filesystem::exists(root + "/a"));
    EXPECT_FALSE(put(*storage, ".uploads/x", view("text"), {}, {}));
    std::filesystem::remove_all(root);
}

TEST(FolderStorage, KeepsSomeOfTheDiskFree) {
    const auto root = testing::TempDir() + "/folder_" + random_hex(64);
    const auto storage = *open_folder(root);
    const auto room = room_on_disk(root, 0);
    const auto path = root + "/.uploads/sparse";
    std::ofstream(path).close();
    std::filesystem::resize_file(path, static_cast<std::uintmax_t>(room) * 2);
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto upload = *storage->begin("key", {}, {});
    const auto copied = upload->put_file(file.get(), {0, room * 2}, {});
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().kind, ErrorKind::kDiskFull);
    EXPECT_GT(room_on_disk(root, 0), room / 2) << "refused before it was written";
    std::filesystem::remove_all(root);
}

TEST(Allowance, LeavesHalfToOthersIfItIsTold) {
    const auto room = room_on_disk(testing::TempDir(), 0);
    Allowance allowance(testing::TempDir(), 0);
    EXPECT_TRUE(allowance.check(room / 4 * 3));
    EXPECT_FALSE(allowance.check(room * 2));
    allowance.leave_half();
    EXPECT_TRUE(allowance.check(room / 4));
    const auto refused = allowance.check(room / 4 * 3);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kDiskFull);
}

TEST(FolderStorage, SweepsUploadsOfACrashedProcess) {
    const auto root = testing::TempDir() + "/folder_" + random_hex(64);
    const auto storage = *open_folder(root);
    std::ofstream(root + "/.uploads/0123456789abcdef") << "behind";
    const auto living = *storage->begin("key", {}, {});
    EXPECT_EQ(*storage->sweep(SystemClock().now() + 60'000, {}), 1);
    EXPECT_EQ(*storage->sweep(SystemClock().now() + 60'000, {}), 0);
    EXPECT_TRUE(living->commit(0, {}));
    EXPECT_TRUE(std::filesystem::is_empty(root + "/.uploads"));
    std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace ittybit::storage
