#include "work/encrypted_destination.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fields_json.h"
#include "work/exporter.h"
#include "work/stream_key.h"

namespace ittybit::work {
namespace {

using testing::HasSubstr;

const storage::Block kKey = *storage::block_of("00112233445566778899aabbccddeeff");

class EncryptedDestinationTest : public testing::Test {
protected:
    EncryptedDestinationTest() {
        place.storage = storage::memory_storage();
        place.main_key = "a/film.m3u8";
        place.parts_prefix = "a/film-12345678/";
        to = *encrypted(
            std::make_unique<Exporter>(place, std::stop_token()), kKey, testing::TempDir(), {}
        );
    }

    Result<> ready(const std::string& name, const std::string& bytes, bool is_main = false) {
        std::ofstream(outcome.workspace.path() / name) << bytes;
        return to->ready({name, std::ssize(bytes), is_main}, outcome.workspace);
    }
    std::string stored(const std::string& key) { return *storage::get(*place.storage, key, {}); }

    Outcome outcome{{}, {}, *sandbox::Workspace::make(testing::TempDir())};
    Place place;
    std::unique_ptr<Destination> to;
};

TEST_F(EncryptedDestinationTest, SegmentsLeaveEncryptedByTheirNumberAndAllElseAsItIs) {
    const std::string media = "moof and mdat";
    ASSERT_TRUE(ready("720p-init.mp4", "ftyp"));
    ASSERT_TRUE(ready("720p-00003.m4s", media));
    ASSERT_TRUE(ready("720p.m3u8", "#EXTM3U"));
    ASSERT_TRUE(ready("film.m3u8", "#EXTM3U main", true));
    const auto published = to->publish(outcome);
    ASSERT_TRUE(published) << published.error().message;
    EXPECT_EQ(stored("a/film.m3u8"), "#EXTM3U main");
    EXPECT_EQ(stored("a/film-12345678/720p.m3u8"), "#EXTM3U");
    EXPECT_EQ(stored("a/film-12345678/720p-init.mp4"), "ftyp");
    auto cipher = storage::SegmentCipher::encrypting(kKey, storage::iv_of(2));
    ASSERT_TRUE(cipher.next(std::as_bytes(std::span(media))));
    const auto last = *cipher.end();
    std::string wanted;
    for (const auto byte : last) wanted += static_cast<char>(byte);
    EXPECT_EQ(stored("a/film-12345678/720p-00003.m4s"), wanted);
    EXPECT_EQ(published->file.parts->size, 4 + 16 + 7);
}

TEST_F(EncryptedDestinationTest, WhatHasNoPlaceInAStreamDoesNotLeave) {
    for (const auto* name : {"film.mp4", "notes.txt", "720p-00000.m4s"})
        EXPECT_EQ(ready(name, "media").error().kind, ErrorKind::kTaskCrashed) << name;
    EXPECT_FALSE(to->grown({"film.mp4", 0, 5}, outcome.workspace));
    EXPECT_FALSE(to->copy({}, 0, 0));
    to.reset();
    EXPECT_TRUE(place.storage->list("", {})->empty());
}

TEST(StreamKey, IsSealedForOneJobAndReadBackForItsRetry) {
    const auto secrets = *storage::SecretBox::open("", std::string(64, '1'));
    AdaptiveVideoOptions options;
    options.encryption = StreamEncryption{.key_url = "https://host/key", .key = StreamKey{"00FF"}};
    Order order;
    order.kind = "adaptive_video";
    order.input = TaskInput{ExternalFile{.url = "https://host/film"}};
    order.outputs.push_back({.work = Operation(options), .place = {}, .sent = {}, .sealed_key = {}}
    );
    EXPECT_THAT(json_text(order), testing::Not(HasSubstr("00FF"))) << "never written";
    ASSERT_TRUE(seal_keys(order, "job_1", secrets));
    const auto text = json_text(order);
    EXPECT_EQ(text, compact_json(to_json(order)));
    EXPECT_THAT(text, testing::AllOf(HasSubstr("sealed_key"), testing::Not(HasSubstr("00FF"))));
    Order stored;
    Reader reader;
    reader.read(*parse_json(text), stored);
    ASSERT_THAT(reader.problems(), testing::IsEmpty());
    auto other = stored;
    EXPECT_FALSE(unseal_keys(other, "job_2", secrets)) << "bound to its job";
    ASSERT_TRUE(unseal_keys(stored, "job_1", secrets));
    EXPECT_THAT(compact_json(document_of(stored)), HasSubstr(R"("key":"00FF")"));
}

TEST(StreamKey, HasSixteenBytes) {
    const auto fetched = [](std::size_t size) {
        return fetch_key(*storage::memory_origin(std::vector(size, std::byte{7})), {});
    };
    EXPECT_EQ(fetched(16)->front(), 7);
    for (const std::size_t size : {0U, 15U, 17U, 1000U}) {
        const auto key = fetched(size);
        ASSERT_FALSE(key) << size;
        EXPECT_EQ(key.error().kind, ErrorKind::kDownloadFailed);
        EXPECT_THAT(key.error().message, HasSubstr("must give the 16 bytes of a key"));
    }
}

}  // namespace
}  // namespace ittybit::work
