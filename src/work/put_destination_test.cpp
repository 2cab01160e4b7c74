#include "work/put_destination.h"

#include <fstream>
#include <map>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/thread_safety.h"
#include "net/test_server.h"

namespace ittybit::work {
namespace {

using net::TestServer;
using testing::HasSubstr;
using testing::Not;

/// A server that answers PUTs with these statuses, then with 200.
class PutDestinationTest : public testing::Test {
protected:
    PutDestinationTest() { outcome.finished.file.format = "webm"; }

    std::unique_ptr<Destination> to_server(std::stop_token stop = {}) {
        return *put_destination(client, server.text("/film.webm?sig=secret"), std::move(stop));
    }
    Result<Published> publish(const std::string& bytes, std::stop_token stop = {}) {
        const auto to = to_server(std::move(stop));
        std::ofstream(outcome.workspace.path() / "out.webm") << bytes;
        TRY(to->ready({"out.webm", std::ssize(bytes), true}, outcome.workspace));
        EXPECT_EQ(server.calls(), 0) << "nothing leaves before all is made";
        return to->publish(outcome);
    }
    std::vector<TestServer::Call> calls() {
        const MutexLock lock(mutex);
        return seen;
    }

    Mutex mutex;
    std::vector<int> statuses;
    std::vector<TestServer::Call> seen;
    std::function<void()> heard = [] {};
    TestServer server{[this](const TestServer::Call& call, TestServer::Wire& wire) {
        const MutexLock lock(mutex);
        seen.push_back(call);
        heard();
        return wire.answer(seen.size() <= statuses.size() ? statuses[seen.size() - 1] : 200, "");
    }};
    net::Client client{net::loopback_settings()};
    Outcome outcome{{}, {}, *sandbox::Workspace::make(testing::TempDir())};
};

TEST_F(PutDestinationTest, TheWholeFileGoesInOnePutWithItsTypeAndItsAddressKeepsItsSecret) {
    const auto published = publish("film");
    ASSERT_TRUE(published) << published.error().message;
    EXPECT_EQ(published->file.url, server.text("/film.webm"));
    EXPECT_EQ(published->size, 4);
    ASSERT_EQ(calls().size(), 1U);
    const auto call = calls().front();
    EXPECT_EQ(call.method, "PUT");
    EXPECT_EQ(call.target, "/film.webm?sig=secret");
    EXPECT_EQ(call.body, "film");
    EXPECT_EQ(net::header_value(call.headers, "content-type"), "video/webm");
    EXPECT_EQ(net::header_value(call.headers, "content-length"), "4");
}

TEST_F(PutDestinationTest, WhatFailsInPassingIsSentAgainFromItsBeginning) {
    statuses = {503, 429};
    ASSERT_TRUE(publish("film"));
    ASSERT_EQ(calls().size(), 3U);
    for (const auto& call : calls()) EXPECT_EQ(call.body, "film");
}

TEST_F(PutDestinationTest, ARefusalIsTheEndAndSaysWhatMayBeDone) {
    for (const auto& [status, advice] : std::map<int, std::string>{
             {403, "is it still valid"}, {307, "give the address that it leads to"}, {404, "404"}
         }) {
        const auto before = calls().size();
        statuses.assign(before + 1, status);
        const auto to = to_server();
        ASSERT_TRUE(to->ready({"out.webm", 4, true}, outcome.workspace));
        std::ofstream(outcome.workspace.path() / "out.webm") << "film";
        const auto published = to->publish(outcome);
        ASSERT_FALSE(published) << status;
        EXPECT_EQ(published.error().kind, ErrorKind::kUploadFailed) << status;
        EXPECT_THAT(published.error().message, HasSubstr(advice));
        EXPECT_THAT(published.error().message, Not(HasSubstr("secret")));
        EXPECT_EQ(calls().size(), before + 1) << "no second try";
    }
}

TEST_F(PutDestinationTest, WhoCancelsEndsTheTries) {
    std::stop_source stop;
    statuses.assign(20, 503);
    heard = [&] { stop.request_stop(); };
    EXPECT_EQ(publish("film", stop.get_token()).error().kind, ErrorKind::kCancelled);
    EXPECT_EQ(calls().size(), 1U);
}

TEST_F(PutDestinationTest, OneAddressTakesOneFile) {
    const auto to = to_server();
    const auto second = to->ready({"720p.m3u8", 8, false}, outcome.workspace);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::kInvalidOutput);
    EXPECT_EQ(to->parts_folder(), "");
    EXPECT_EQ(to->publish(outcome).error().kind, ErrorKind::kTaskCrashed) << "no file was made";
    EXPECT_EQ(server.calls(), 0);
    EXPECT_FALSE(put_destination(client, "nowhere", {}));
}

TEST_F(PutDestinationTest, ACopyIsSentWithTheTypeOfItsFormat) {
    const auto path = outcome.workspace.path() / "in";
    std::ofstream(path) << "sound";
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    File facts;
    facts.format = "mp3";
    ASSERT_TRUE(to_server()->copy(facts, file.get(), 5));
    EXPECT_EQ(calls().front().body, "sound");
    EXPECT_EQ(net::header_value(calls().front().headers, "content-type"), "audio/mpeg");
}

}  // namespace
}  // namespace ittybit::work
