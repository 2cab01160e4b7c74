#include "cli/client.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/ids.h"
#include "cli/follow.h"
#include "cli/hand_back.h"
#include "net/test_server.h"

namespace ittybit::cli {
namespace {

namespace fs = std::filesystem;
using net::TestServer;
using testing::HasSubstr;
using Call = TestServer::Call;
using Wire = TestServer::Wire;

class ClientTest : public testing::Test {
protected:
    ClientTest() { fs::create_directories(folder_); }
    ~ClientTest() override { fs::remove_all(folder_); }

    std::string at(const std::string& name) const { return (folder_ / name).string(); }
    static std::string content(const fs::path& path) {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    static ApiClient client_of(const TestServer& server) {
        auto url = server.text();
        url.pop_back();
        return ApiClient({url, "itty_key"});
    }
    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(fs::recursive_directory_iterator(folder_), {})
        );
    }

    const fs::path folder_ = fs::path(testing::TempDir()) / ("client-" + random_hex(64));
};

TEST_F(ClientTest, AnUploadIsTheFileOrWhatAPipeGives) {
    Call last;
    TestServer server([&](const Call& call, Wire& wire) {
        last = call;
        return wire.answer(201, R"({"object":"external_file","url":"http://x/files/1/a"})");
    });
    auto api = client_of(server);
    const std::string bytes(200'000, 'b');
    std::ofstream(at("ünï c.mov")) << bytes;
    std::int64_t sent = 0;
    const auto count = [&](std::int64_t now, std::int64_t /*size*/) { sent = now; };
    const auto url = api.upload(at("ünï c.mov"), count, {});
    ASSERT_TRUE(url) << url.error().message;
    EXPECT_EQ(*url, "http://x/files/1/a");
    EXPECT_EQ(last.target, "/uploads?filename=%C3%BCn%C3%AF%20c.mov");
    EXPECT_EQ(net::header_value(last.headers, "authorization"), "Bearer itty_key");
    EXPECT_TRUE(last.body == bytes);
    EXPECT_EQ(sent, 200'000);

    ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
    std::jthread writer([&] { std::ofstream(at("fifo")) << bytes; });
    EXPECT_TRUE(api.upload(at("fifo"), count, {}));
    EXPECT_TRUE(last.body == bytes);
    EXPECT_EQ(net::header_value(last.headers, "content-length"), "");
}

TEST_F(ClientTest, WhatIsNoFileIsSaidWithoutAskingTheServer) {
    TestServer server([](const Call&, Wire& wire) { return wire.answer(500, ""); });
    auto api = client_of(server);
    const auto nothing = [](std::int64_t, std::int64_t) {};
    EXPECT_THAT(api.upload(at("no"), nothing, {}).error().message, HasSubstr("cannot be read"));
    EXPECT_THAT(api.upload(folder_, nothing, {}).error().message, HasSubstr("is no file"));
    EXPECT_EQ(server.calls(), 0);
}

TEST_F(ClientTest, AnErrorIsTheServersOwnAndADeadServerIsUnavailable) {
    TestServer server([](const Call&, Wire& wire) {
        return wire.answer(404, R"({"kind":"job_not_found","message":"there is no job x"})");
    });
    const auto known = client_of(server).call("GET", "/jobs/x", nullptr, {});
    ASSERT_FALSE(known);
    EXPECT_EQ(known.error().kind, ErrorKind::kJobNotFound);
    EXPECT_EQ(exit_status_of(known.error()), 2);
    const auto dead = ApiClient({"http://127.0.0.1:9", ""}).call("GET", "/health", nullptr, {});
    ASSERT_FALSE(dead);
    EXPECT_EQ(exit_status_of(dead.error()), 4);
}

TEST_F(ClientTest, ADownloadOfAnythingButTheFileIsAnError) {
    TestServer server([](const Call& call, Wire& wire) {
        return wire.answer(call.target == "/made.mp4" ? 200 : 404, "bytes");
    });
    auto api = client_of(server);
    EXPECT_TRUE(api.download(server.text("/made.mp4"), at("o"), {}));
    EXPECT_EQ(content(at("o")), "bytes");
    const auto gone = api.download(server.text("/gone.mp4"), at("p"), {});
    ASSERT_FALSE(gone);
    EXPECT_THAT(gone.error().message, HasSubstr("404 Not Found"));
}

/// A server that has made a stream: its files, and the list of its parts.
class Stream {
public:
    explicit Stream(std::string part = "master-12345678/a.m4s")
        : part_(std::move(part)),
          server_([this](const Call& call, Wire& wire) { return answer(call, wire); }) {}

    Task task() const {
        Task task;
        task.id = "task_1";
        task.output.emplace().url = server_.text("/f/master.m3u8");
        task.output->parts = Parts{};
        return task;
    }
    const TestServer& server() const { return server_; }

private:
    bool answer(const Call& call, Wire& wire) const {
        if (call.target.starts_with("/tasks/task_1/parts")) {
            return wire.answer(
                200, fmt::format(R"([{{"name":"{0}","url":"{1}{0}"}}])", part_, server_.text("/f/"))
            );
        }
        return wire.answer(200, call.target);
    }

    std::string part_;
    TestServer server_;
};

TEST_F(ClientTest, AStreamIsHandedBackWithItsPartsBesideIt) {
    const Stream stream;
    auto api = client_of(stream.server());
    const auto url = hand_back(api, stream.task(), {folder_, "show", "m3u8", true}, {});
    ASSERT_TRUE(url) << url.error().message;
    EXPECT_EQ(*url, work::file_url(folder_ / "show.m3u8"));
    EXPECT_EQ(content(at("show.m3u8")), "/f/master.m3u8");
    EXPECT_EQ(content(at("master-12345678/a.m4s")), "/f/master-12345678/a.m4s");
    EXPECT_EQ(files(), 3U);
}

TEST_F(ClientTest, AServerChoosesNoPathsHere) {
    for (const auto* part : {"../../evil", "a/../../../evil", ".hidden/x", "evil", "x/.y"}) {
        const Stream stream(part);
        auto api = client_of(stream.server());
        const auto url = hand_back(api, stream.task(), {folder_, "show", "m3u8", true}, {});
        ASSERT_FALSE(url) << part;
        EXPECT_THAT(url.error().message, HasSubstr("is no part of the output")) << part;
        EXPECT_THAT(url.error().message, HasSubstr("stays at")) << part;
        EXPECT_EQ(files(), 0U) << part;
    }
}

Globals quiet() {
    Globals globals;
    globals.is_quiet = true;
    return globals;
}

std::string job_as(std::string_view status) {
    return fmt::format(
        R"({{"id":"job_1","kind":"image","input":"http://x/a","status":"{}","created_at":1,)"
        R"("updated_at":1,"metadata":{{}},"options":{{}},"tasks":[],"warnings":[]}})",
        status
    );
}

TEST_F(ClientTest, AJobIsFollowedOverAConnectionThatBreaks) {
    int looks = 0;
    TestServer server([&](const Call& call, Wire& wire) {
        if (call.target.ends_with("/events")) {
            wire.send("HTTP/1.1 200 X\r\n\r\nevent: job\ndata: " + job_as("processing") + "\n\n");
            return false;
        }
        return ++looks == 2 ? wire.answer(503, "")
                            : wire.answer(200, job_as(looks < 4 ? "queued" : "succeeded"));
    });
    auto api = client_of(server);
    Display display(quiet());
    const auto job = follow_to_end<Job>(api, "job_1", display, {});
    ASSERT_TRUE(job) << job.error().message;
    EXPECT_EQ(job->status, JobStatus::kSucceeded);
}

TEST_F(ClientTest, WhoIsInterruptedLearnsTheLastState) {
    TestServer server([](const Call&, Wire& wire) { return wire.answer(200, job_as("queued")); });
    auto api = client_of(server);
    Display display(quiet());
    std::stop_source stop;
    std::jthread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        stop.request_stop();
    });
    const auto job = follow_to_end<Job>(api, "job_1", display, stop.get_token());
    ASSERT_TRUE(job || job.error().kind == ErrorKind::kCancelled);
    if (job) {
        EXPECT_EQ(job->status, JobStatus::kQueued);
    }
}

}  // namespace
}  // namespace ittybit::cli
