#include "storage/s3.h"

#include <cstdlib>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/thread_safety.h"
#include "net/test_server.h"
#include "storage/digests.h"
#include "storage/source.h"

/// What S3 services do wrong and what we make of it, against a service that fails on demand. The
/// conformance suite in storage_test.cpp runs against a real one.
namespace ittybit::storage {
namespace {

using net::TestServer;
using testing::HasSubstr;
using Call = TestServer::Call;
using Wire = TestServer::Wire;

std::string error_xml(const std::string& code, const std::string& more = "") {
    return "<?xml version=\"1.0\"?>\n<Error><Code>" + code + "</Code><Message>says " + code +
           "</Message>" + more + "</Error>";
}

/// A bucket of one object, with just enough of S3's words. A test may step in before each call.
class FakeS3 {
public:
    /// True: the test has answered.
    std::function<bool(const Call&, Wire&)> step_in = [](const Call&, Wire&) { return false; };
    bool closes = false;  // the connection, after what `step_in` did

    std::string object;
    int open_uploads = 0;
    int aborted = 0;
    std::vector<std::string> targets;
    TestServer& server() { return server_; }
    /// As `complete`, but nobody hears of it. Only while a test steps in.
    void complete_silently() { join_parts(); }

private:
    bool answer(const Call& call, Wire& wire) {
        const MutexLock lock(mutex_);
        targets.push_back(call.method + " " + call.target);
        if (step_in(call, wire)) return !closes;
        const auto has = [&](const char* text) {
            return call.target.find(text) != std::string::npos;
        };
        if (call.method == "POST" && has("uploads=")) {
            ++open_uploads;
            parts_.clear();
            return wire.answer(200, "<R><UploadId>id1</UploadId></R>");
        }
        if (call.method == "PUT" && has("partNumber=")) {
            const auto at = call.target.find("partNumber=") + 11;
            parts_[std::stoi(call.target.substr(at))] = call.body;
            return wire.answer(200, "", {"ETag: \"" + hex_of(md5(call.body)) + "\""});
        }
        if (call.method == "POST") return complete(wire);
        if (call.method == "DELETE" && has("uploadId=")) {
            --open_uploads;
            ++aborted;
            return wire.answer(204, "");
        }
        if (call.method == "DELETE") {
            object.clear();
            return wire.answer(204, "");
        }
        if (call.method == "PUT") {
            object = call.body;
            etag_ = hex_of(md5(object));
            return wire.answer(200, "", {"ETag: \"" + etag_ + "\""});
        }
        if (call.method == "HEAD")
            return wire.send(
                "HTTP/1.1 200 OK\r\nETag: \"" + etag_ +
                "\"\r\nContent-Length: " + std::to_string(object.size()) + "\r\n\r\n"
            );
        return wire.answer(200, object, {"ETag: \"" + etag_ + "\""});
    }

    bool complete(Wire& wire) {
        join_parts();
        return wire.answer(200, "<CompleteMultipartUploadResult/>");
    }

    void join_parts() {
        std::string sums;
        object.clear();
        for (const auto& [number, bytes] : parts_) {
            object += bytes;
            sums += md5(bytes);
        }
        --open_uploads;
        etag_ = hex_of(md5(sums)) + "-" + std::to_string(parts_.size());
    }

    Mutex mutex_;
    std::map<int, std::string> parts_;
    std::string etag_;
    TestServer server_{[this](const Call& call, Wire& wire) { return answer(call, wire); }};
};

class S3Test : public testing::Test {
protected:
    S3Account account() {
        S3Account account;
        account.endpoint = s3.server().text();
        account.access_key_id = "key";
        account.secret_access_key = "hush-hush";
        return account;
    }
    std::unique_ptr<Storage> storage() {
        return open_s3(
            client, account(), "films", "",
            {.retries = {.tries = 4, .pause = std::chrono::milliseconds(1)},
             .parallel = 3,
             .smallest_part = 1 << 20}
        );
    }
    Result<Stored> put_large(Storage& place) {
        UploadOptions options;
        options.on_started = [&](const std::string& receipt) { open_receipts.insert(receipt); };
        options.on_ended = [&](const std::string& receipt) { open_receipts.erase(receipt); };
        return put(place, "large", std::as_bytes(std::span(large)), options, {});
    }
    /// The message of a GET that is answered so.
    std::string message_for(int status, const std::string& code, const std::string& more = "") {
        s3.step_in = [=](const Call& call, Wire& wire) {
            return wire.answer(status, call.method == "HEAD" ? "" : error_xml(code, more));
        };
        const std::string text = "x";
        const auto stored = put(*storage(), "key", std::as_bytes(std::span(text)), {}, {});
        return stored ? "stored" : stored.error().message;
    }

    FakeS3 s3;
    std::set<std::string> open_receipts;
    net::Client client{net::loopback_settings()};
    const std::string large = std::string(5'500'000, 'L');
};

TEST_F(S3Test, SendsLargeObjectsInPartsAndVerifiesThem) {
    const auto stored = put_large(*storage());
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_TRUE(s3.object == large);
    EXPECT_EQ(s3.open_uploads, 0);
    EXPECT_THAT(s3.targets, testing::Contains(HasSubstr("partNumber=6&uploadId=id1")));
}

TEST_F(S3Test, TriesPartsAgainThatFailInPassing) {
    int failures = 0;  // fewer than the tries of a part, which may meet them all
    s3.step_in = [&](const Call& call, Wire& wire) {
        if (call.target.find("partNumber=") == std::string::npos || failures >= 3) return false;
        switch (++failures % 3) {
            case 0: return wire.answer(503, error_xml("SlowDown"));
            case 1: return wire.answer(500, error_xml("InternalError"));
            default: return wire.answer(200, "", {"ETag: \"" + std::string(32, '0') + "\""});
        }
    };
    const auto stored = put_large(*storage());
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_TRUE(s3.object == large);
}

TEST_F(S3Test, TriesAgainAfterAReset) {
    int resets = 0;
    s3.step_in = [&](const Call& call, Wire& wire) {
        s3.closes = call.method == "PUT" && ++resets <= 2;
        if (s3.closes) wire.reset();
        return s3.closes;
    };
    ASSERT_TRUE(put_large(*storage()));
    EXPECT_TRUE(s3.object == large);
}

TEST_F(S3Test, AbortsTheUploadWhenAPartFailsForGood) {
    s3.step_in = [](const Call& call, Wire& wire) {
        return call.target.find("partNumber=3") != std::string::npos &&
               wire.answer(503, error_xml("SlowDown"));
    };
    const auto stored = put_large(*storage());
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().kind, ErrorKind::kUploadFailed);
    EXPECT_THAT(stored.error().message, HasSubstr("SlowDown"));
    EXPECT_THAT(stored.error().message, HasSubstr("tried 4 times"));
    EXPECT_EQ(s3.open_uploads, 0);
    EXPECT_EQ(s3.aborted, 1);
    EXPECT_EQ(s3.object, "");
}

TEST_F(S3Test, TakesASuccessWithAnErrorInItForAFailure) {
    int failures = 0;
    s3.step_in = [&](const Call& call, Wire& wire) {
        const bool is_complete =
            call.method == "POST" && call.target.find("uploadId=") != std::string::npos;
        return is_complete && ++failures <= 2 && wire.answer(200, error_xml("InternalError"));
    };
    ASSERT_TRUE(put_large(*storage()));
    EXPECT_EQ(failures, 3);
    failures = -1000;
    s3.object.clear();
    const auto stored = put_large(*storage());
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().kind, ErrorKind::kUploadFailed);
    EXPECT_EQ(s3.open_uploads, 0);
}

TEST_F(S3Test, BelievesTheObjectWhenTheAnswerToCompleteIsLost) {
    int completes = 0;
    s3.step_in = [&](const Call& call, Wire& wire) {
        const bool is_complete =
            call.method == "POST" && call.target.find("uploadId=") != std::string::npos;
        s3.closes = false;
        if (is_complete && ++completes > 1) return wire.answer(404, error_xml("NoSuchUpload"));
        if (!is_complete) return false;
        s3.complete_silently();
        s3.closes = true;
        return true;
    };
    EXPECT_TRUE(put_large(*storage()));
    EXPECT_TRUE(s3.object == large);
}

TEST_F(S3Test, RemovesAnObjectThatIsNotWhatWasSent) {
    s3.step_in = [&](const Call& call, Wire& wire) {
        return call.method == "HEAD" &&
               wire.send("HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 5\r\n\r\n");
    };
    const auto stored = put_large(*storage());
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().kind, ErrorKind::kUploadFailed);
    EXPECT_THAT(stored.error().message, HasSubstr("other bytes"));
    EXPECT_EQ(s3.object, "");
}

TEST_F(S3Test, SaysWhatToDoAboutEachWrongConnection) {
    const std::vector<std::string> messages = {
        message_for(403, "InvalidAccessKeyId"),
        message_for(403, "SignatureDoesNotMatch"),
        message_for(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"),
        message_for(404, "NoSuchBucket"),
        message_for(403, "AccessDenied"),
        message_for(400, "ExpiredToken"),
        message_for(403, "RequestTimeTooSkewed"),
    };
    EXPECT_THAT(messages[0], HasSubstr("does not know the access_key_id"));
    EXPECT_THAT(messages[1], HasSubstr("secret_access_key does not belong"));
    EXPECT_THAT(messages[2], HasSubstr("set the connection's region to \"eu-west-1\""));
    EXPECT_THAT(messages[3], HasSubstr("no bucket \"films\""));
    EXPECT_THAT(messages[4], HasSubstr("s3:PutObject"));
    EXPECT_THAT(messages[5], HasSubstr("session_token has expired"));
    EXPECT_THAT(messages[6], HasSubstr("clock is"));
    for (const auto& message : messages) EXPECT_THAT(message, testing::Not(HasSubstr("hush-hush")));
}

TEST_F(S3Test, SaysHowFarTheClockIsOff) {
    s3.step_in = [](const Call&, Wire& wire) {
        return wire.answer(
            403, error_xml("RequestTimeTooSkewed"), {"Date: Sat, 01 Jan 2000 00:00:00 GMT"}
        );
    };
    const auto result = test_s3(client, account(), "films", {});
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, testing::ContainsRegex("clock is [0-9]+ minutes ahead"));
}

TEST_F(S3Test, ReadsInputsByRangesThroughTheCache) {
    const std::string file(3'000'000, 'f');
    s3.step_in = [&](const Call& call, Wire& wire) {
        EXPECT_NE(net::header_value(call.headers, "authorization"), "");
        const std::string range(net::header_value(call.headers, "range"));
        if (call.target != "/films/in%20put.mp4" || range.empty())
            return wire.answer(404, error_xml("NoSuchKey"));
        const auto from = std::stoul(range.substr(6));
        const auto to = std::stoul(range.substr(range.find('-') + 1)) + 1;
        return wire.send(
            "HTTP/1.1 206 Part\r\nETag: \"1\"\r\nContent-Range: bytes " + std::to_string(from) +
            "-" + std::to_string(to - 1) + "/3000000\r\nContent-Length: " +
            std::to_string(to - from) + "\r\n\r\n" + file.substr(from, to - from)
        );
    };
    const Source::Options options = {.scratch_folder = testing::TempDir()};
    const auto source = Source::open(s3_origin(client, account(), "films", "in put.mp4"), options);
    ASSERT_TRUE(source) << source.error().message;
    ASSERT_TRUE((*source)->ensure(2'000'000, 10, {}));
    EXPECT_LE((*source)->bytes_fetched(), 600'000);
    const auto missing = Source::open(s3_origin(client, account(), "films", "none"), options);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().kind, ErrorKind::kDownloadFailed);
    EXPECT_THAT(missing.error().message, HasSubstr("there is no s3://films/none"));
}

TEST_F(S3Test, KeepsToTheFetchGuard) {
    net::Client strict({.policy = net::AddressPolicy::strict()});
    const auto result = test_s3(strict, account(), "films", {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kInputBlocked);
    EXPECT_EQ(s3.server().connections(), 0);
}

TEST_F(S3Test, SweepsOldUploads) {
    s3.step_in = [](const Call& call, Wire& wire) {
        return call.target.starts_with("/films/?") &&
               wire.answer(
                   200,
                   "<R><Upload><Key>a</Key><UploadId>1</UploadId>"
                   "<Initiated>2020-01-01T00:00:00.000Z</Initiated></Upload>"
                   "<Upload><Key>b</Key><UploadId>2</UploadId>"
                   "<Initiated>2030-01-01T00:00:00.000Z</Initiated></Upload></R>"
               );
    };
    EXPECT_EQ(*storage()->sweep(1'700'000'000'000, {}), 1);
    EXPECT_THAT(s3.targets, testing::Contains("DELETE /films/a?uploadId=1"));
}

TEST_F(S3Test, TellsOfAnUploadBeforeItIsBegunAndForgetsItOnceItIsSettled) {
    bool loses_answer = false;
    s3.step_in = [&](const Call& call, Wire& wire) {
        s3.closes = loses_answer && call.target.find("uploads=") != std::string::npos;
        if (!s3.closes) return false;
        loses_answer = false;
        EXPECT_EQ(open_receipts.size(), 1U);
        wire.reset();
        return true;
    };
    ASSERT_TRUE(put_large(*storage()));
    EXPECT_THAT(open_receipts, testing::IsEmpty());
    loses_answer = true;
    ASSERT_TRUE(put_large(*storage()));
    EXPECT_THAT(open_receipts, testing::ElementsAre(HasSubstr(R"({"key":"large","asked_at":)")));
}

TEST_F(S3Test, FindsTheUploadsThatAnUnansweredRequestMayHaveBegun) {
    const std::string asked = R"({"key":"a","asked_at":1577836830000,"mark":"x"})";
    std::string begun = "2020-01-01T00:00:00.000Z";
    s3.step_in = [&](const Call& call, Wire& wire) {
        const auto upload = [](const std::string& key, int id, const std::string& at) {
            return "<Upload><Key>" + key + "</Key><UploadId>" + std::to_string(id) +
                   "</UploadId><Initiated>" + at + "</Initiated></Upload>";
        };
        return call.target.starts_with("/films/?") &&
               wire.answer(
                   200, "<R>" + upload("a", 1, begun) + upload("ab", 2, begun) +
                            upload("a", 3, "2020-01-01T02:00:00.000Z") + "</R>"
               );
    };
    const auto own = storage()->uploads_of(asked, {});
    ASSERT_TRUE(own) << own.error().message;
    EXPECT_THAT(*own, testing::ElementsAre(R"({"key":"a","upload_id":"1"})"));
    EXPECT_THAT(*storage()->uploads_of(own->front(), {}), testing::ElementsAre(own->front()));
    begun = "2020-01-01T01:00:00.000Z";
    EXPECT_THAT(*storage()->uploads_of(asked, {}), testing::IsEmpty());
}

/// Against a real service (tests/s3_server.sh), which says these things in its own way.
TEST(RealS3, SaysWhatIsWrongWithAConnection) {
    const char* const endpoint = std::getenv("ITTYBIT_TEST_S3");
    if (endpoint == nullptr) GTEST_SKIP() << "no S3 server: set ITTYBIT_TEST_S3";
    net::Client client(net::loopback_settings());
    S3Account right;
    right.endpoint = endpoint;
    right.access_key_id = std::getenv("ITTYBIT_TEST_S3_KEY");
    right.secret_access_key = std::getenv("ITTYBIT_TEST_S3_SECRET");
    const std::string bucket = std::getenv("ITTYBIT_TEST_S3_BUCKET");
    const auto message = [&](const S3Account& account, const std::string& name) {
        const auto result = test_s3(client, account, name, {});
        return result ? "works" : result.error().message;
    };
    EXPECT_EQ(message(right, bucket), "works");
    EXPECT_THAT(message(right, "no-such-bucket"), HasSubstr("no bucket \"no-such-bucket\""));
    auto wrong = right;
    wrong.secret_access_key = "wrong";
    EXPECT_THAT(message(wrong, bucket), HasSubstr("secret_access_key does not belong"));
    wrong = right;
    wrong.access_key_id = "nobody";
    EXPECT_THAT(
        message(wrong, bucket),
        testing::AnyOf(HasSubstr("access_key_id"), HasSubstr("secret_access_key"))
    );
    wrong = right;
    wrong.region = "mars-1";
    EXPECT_THAT(message(wrong, bucket), testing::AnyOf("works", HasSubstr("region")));
}

}  // namespace
}  // namespace ittybit::storage
