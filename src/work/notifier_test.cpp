#include "work/notifier.h"

#include <gtest/gtest.h>

#include "work/managed.h"
#include "work/places.h"

namespace ittybit::work {
namespace {

TEST(Webhooks, AreSignedAsTheStandardsOwnExample) {
    // The example of the Standard Webhooks reference libraries.
    const auto headers = webhook_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1'614'265'330'000,
        R"({"test": 2432232314})"
    );
    EXPECT_EQ(
        net::header_value(headers, "webhook-signature"),
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    );
    EXPECT_EQ(net::header_value(headers, "webhook-timestamp"), "1614265330");
    EXPECT_EQ(net::header_value(headers, "ittybit-signature").size(), 64U);
}

TEST(Webhooks, AreTriedLessAndLessOftenForADay) {
    EXPECT_EQ(next_try(1, 0, 0, 0), 5'000);
    EXPECT_EQ(next_try(2, 0, 0, 0), 15'000);
    EXPECT_EQ(next_try(2, 0, 0, 1), 18'000);
    EXPECT_EQ(next_try(40, 0, 0, 0), 14'400'000);
    EXPECT_FALSE(next_try(3, 0, 86'400'000, 0));
}

TEST(Managed, FilesAreKnownByTheirIdWhateverTheHost) {
    const std::string id(32, 'a');
    EXPECT_EQ(find_managed("http://x/files/" + id + "/a.mp4"), (ManagedName{id, "a.mp4"}));
    EXPECT_EQ(find_managed("https://y/p/files/" + id + "/f/a.m4s?q"), (ManagedName{id, "f/a.m4s"}));
    EXPECT_FALSE(find_managed("https://y/files/" + id + "/"));
    EXPECT_FALSE(find_managed("https://y/files/short/a.mp4"));
    EXPECT_EQ(managed_url("http://h", {id, "a.mp4"}), "http://h/files/" + id + "/a.mp4");
}

TEST(Managed, NamesAreMadeHarmless) {
    EXPECT_EQ(safe_name("../../etc/passwd"), "passwd");
    EXPECT_EQ(safe_name(".hidden"), "hidden");
    EXPECT_EQ(safe_name("a b\"c.mp4"), "a_b_c.mp4");
    EXPECT_EQ(safe_name(""), "file");
    EXPECT_EQ(stem_of("https://h/a/clip.one.mov?x=1"), "clip.one");
    EXPECT_EQ(stem_of("https://host"), "output");
}

TEST(Outputs, PlaceholdersAreFilled) {
    const OutputWords words{1'700'000'000'000, "https://h/in.mov", "video", "mp4", "job_1"};
    EXPECT_EQ(
        fill_placeholders("s3://b/{date}/{kind}/{filename}-{id}.{format}", words),
        "s3://b/2023-11-14/video/in-job_1.mp4"
    );
    EXPECT_EQ(read_s3("s3://b/c/d.mp4").bucket, "b");
    EXPECT_EQ(read_s3("s3://b/c/d.mp4").key, "c/d.mp4");
}

}  // namespace
}  // namespace ittybit::work
