#include "work/run_operation.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/test_server.h"
#include "sandbox/media_process.h"
#include "sandbox/test_refusal.h"
#include "storage/http_origin.h"
#include "storage/source.h"
#include "work/publish.h"

namespace ittybit::work {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::string_view kForgerName = "ittybit-media-forger";

void write_file(const std::string& name, std::string_view text, mode_t mode = 0600) {
    const Fd file(::open(name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, mode));
    if (::write(file.get(), text.data(), text.size()) < 0) ::_exit(9);
}

/// Takes 5 GB bit by bit, and keeps them.
void grow(bool in_memory) {
    constexpr std::size_t kPiece = 10 << 20;
    static std::vector<std::string> taken;
    const std::string piece(kPiece, 'x');
    const Fd file(::open("more", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    for (int i = 0; i < 500; ++i) {
        if (in_memory) taken.push_back(piece);
        if (!in_memory && ::write(file.get(), piece.data(), piece.size()) < 0) ::_exit(9);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    std::this_thread::sleep_for(std::chrono::minutes(1));
}

bool has_children(int pid) {
    std::ifstream children(
        "/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children"
    );
    int child = 0;
    return static_cast<bool>(children >> child);
}

/// A media process that does what the assignment's stem says, honest or not.
Result<Finished> forge(
    const Assignment& assignment, sandbox::Inputs& inputs, sandbox::EventWriter& events
) {
    const auto& deed = assignment.stem;
    write_file("output.mp4", "12345", 04755);
    const auto ready = [&](const std::string& name, std::int64_t size, bool is_main = true) {
        events.send(FileReady{name, size, is_main});
    };
    if (deed == "parts") {
        write_file("segment.m4s", "abc");
        ready("segment.m4s", 3, false);
    }
    if (deed == "climb") ready("../output.mp4", 5);
    if (deed == "absolute") ready("/etc/passwd", 5);
    if (deed == "absent") ready("absent", 5);
    if (deed == "wrong size") ready("output.mp4", 6);
    if (deed == "twice") ready("output.mp4", 5);
    if (deed == "grown") events.send(FileGrown{"a/b", 0, 1});
    if (deed == "not its word") return Error{ErrorKind::kTokenInvalid, "x", ""};
    if (deed == "escape codes") return Error{ErrorKind::kCorruptMedia, "\033[2Jgone\n", ""};
    if (deed == "many words") {
        Finished finished;
        finished.file.kind = "video";
        finished.file.format = "mp4\u009B31m";
        finished.warnings.assign(20'000, "\033[31mRED\r\n\u202Edetrever\u009B");
        ready("output.mp4", 5);
        return finished;
    }
    if (deed == "many facts") {
        Finished finished;
        finished.file.kind = "video";
        finished.file.format = "mp4";
        finished.file.streams.resize(5000);
        ready("output.mp4", 5);
        return finished;
    }
    if (deed == "forged limit") {
        return Error{ErrorKind::kLimitExceeded, "x", "", LimitReached{"\033[2Jgone", 1}};
    }
    if (deed == "every byte") {
        // Piece by piece, everywhere at once; the answers are not even looked at.
        for (std::int64_t i = 0; i < 3000; ++i) {
            events.send(Need{0, i * 7'919'993 % assignment.inputs.front().size.value_or(1), 1});
            char letter = 0;
            while (::read(3, &letter, 1) == 1 && letter != '\n') {
            }
        }
    }
    if (deed == "no input") {
        events.send(Progress{1, {}, {}});
        std::array<std::byte, 16> bytes{};
        TRY(inputs.front()->read_at(0, bytes));
    }
    if (deed == "back and forth") {
        for (const double percent : {10.0, 50.0, 20.0}) events.send(Progress{percent, {}, {}});
    }
    if (deed != "nothing") ready("output.mp4", 5);
    if (deed.starts_with("grows")) grow(deed == "grows in memory");
    Finished finished;
    finished.file.kind = "video";
    finished.file.format = "mp4";
    return finished;
}

[[maybe_unused]] const bool g_is_parent = [] {
    if (program_invocation_short_name != kForgerName) return true;
    ::_exit(sandbox::serve_children({[] { return Result<>(); }, forge}));
}();

class RunOperation : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "ittybit-work-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        fs::create_symlink(fs::read_symlink("/proc/self/exe"), folder_ / kForgerName);
        std::ofstream(folder_ / "input") << "bytes";
        input_ = Fd(::open((folder_ / "input").c_str(), O_RDONLY | O_CLOEXEC));
        sandbox::Zygote::Options options;
        options.program = folder_ / kForgerName;
        options.scratch = folder_;
        options.keeps_spare = false;
        zygote_ = std::make_unique<sandbox::Zygote>(std::move(options));
    }
    void TearDown() override {
        zygote_.reset();
        fs::remove_all(folder_);
    }

    OperationRequest request(std::string deed) const {
        OperationRequest request;
        request.operation = VideoOptions{};
        request.inputs.resize(1);
        request.inputs.front().descriptor = input_.get();
        request.stem = std::move(deed);
        return request;
    }

    static Result<fs::path> publish_outcome(const Outcome& outcome, const Target& target) {
        return publish(outcome.workspace, outcome.files, target, "clip-12345678", {});
    }

    Error error_of(const std::string& deed) {
        const auto outcome = run_operation(*zygote_, request(deed), {}, {});
        return outcome ? Error{ErrorKind::kInternalError, "succeeded", ""} : outcome.error();
    }

    fs::path folder_;
    Fd input_;
    std::unique_ptr<sandbox::Zygote> zygote_;
};

TEST_F(RunOperation, ForgedFilesAndErrorsAreTheChildsCrash) {
    for (const char* deed :
         {"climb", "absolute", "absent", "wrong size", "twice", "grown", "nothing", "not its word",
          "many facts"}) {
        EXPECT_EQ(error_of(deed).kind, ErrorKind::kTaskCrashed) << deed;
    }
    EXPECT_EQ(error_of("honest").message, "succeeded");
}

TEST_F(RunOperation, WhatAChildSaysCannotSteerATerminal) {
    EXPECT_EQ(error_of("escape codes").message, " [2Jgone ");
    EXPECT_FALSE(error_of("forged limit").limit);
    const auto outcome = run_operation(*zygote_, request("many words"), {}, {});
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->finished.file.format, "mp4 31m");
    EXPECT_EQ(outcome->finished.warnings.size(), 100U);
    EXPECT_EQ(outcome->finished.warnings.front(), " [31mRED  detrever ");
    EXPECT_EQ(outcome->finished.warnings.back(), "and 19901 more warnings");
}

TEST_F(RunOperation, AnInputThatBreaksOffIsTheInputsError) {
    auto wanted = request("no input");
    wanted.inputs.front().ensure = [](std::int64_t, std::int64_t, const std::stop_token&) {
        return Result<std::optional<std::int64_t>>(
            Error{ErrorKind::kDownloadFailed, "the server answered 500", ""}
        );
    };
    const auto outcome = run_operation(*zygote_, wanted, {}, {});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, ErrorKind::kDownloadFailed);
}

/// A child can bring it about: it may have hundreds of threads, and needs what it likes when it
/// likes.
TEST_F(RunOperation, AMachineWithoutThreadsCostsTheJobAndNothingElse) {
    ASSERT_EQ(error_of("honest").message, "succeeded");  // what forks children is there
    std::thread([&] {
        ASSERT_TRUE(sandbox::refuse_threads());
        EXPECT_THAT(error_of("honest").message, HasSubstr("no thread"));  // to watch the child
    }).join();
    auto needing = request("no input");
    needing.inputs.front().ensure = [](std::int64_t, std::int64_t, const std::stop_token&) {
        return Result<std::optional<std::int64_t>>(std::optional<std::int64_t>(5));
    };
    std::thread([&] {
        OperationEvents events;
        events.progress = [](const Progress&) { ASSERT_TRUE(sandbox::refuse_threads()); };
        const auto outcome = run_operation(*zygote_, needing, events, {});
        ASSERT_FALSE(outcome);
        EXPECT_THAT(outcome.error().message, HasSubstr("no thread"));  // to fetch what it needs
    }).join();
    EXPECT_TRUE(run_operation(*zygote_, needing, {}, {}));
}

TEST_F(RunOperation, AChildThatAsksForEveryByteDoesNotHammerTheOrigin) {
    const std::string file(32 << 20, 'x');
    std::atomic<int> requests = 0;
    std::atomic<std::size_t> bytes = 0;
    net::TestServer server([&](const net::TestServer::Call& call, net::TestServer::Wire& wire) {
        const std::string range(net::header_value(call.headers, "range"));
        const auto dash = range.find('-');
        const auto from = std::stoul(range.substr(6, dash - 6));
        const auto to = std::min(file.size(), std::stoul(range.substr(dash + 1)) + 1);
        ++requests;
        bytes += to - from;
        return wire.send(
            "HTTP/1.1 206 Part\r\nContent-Range: bytes " + std::to_string(from) + "-" +
            std::to_string(to - 1) + "/" + std::to_string(file.size()) + "\r\nContent-Length: " +
            std::to_string(to - from) + "\r\n\r\n" + file.substr(from, to - from)
        );
    });
    net::Client client(net::loopback_settings());
    storage::Source::Options options;
    options.scratch_folder = folder_;
    const auto source =
        storage::Source::open(storage::http_origin(client, server.url()), std::move(options));
    ASSERT_TRUE(source) << source.error().message;
    auto wanted = request("every byte");
    wanted.inputs.front().descriptor = (*source)->descriptor();
    wanted.inputs.front().size = (*source)->size();
    wanted.inputs.front().ensure = [&](std::int64_t offset, std::int64_t length,
                                       const std::stop_token& stop
                                   ) -> Result<std::optional<std::int64_t>> {
        TRY((*source)->ensure(offset, length, stop));
        return (*source)->size();
    };
    EXPECT_TRUE(run_operation(*zygote_, wanted, {}, {}));
    EXPECT_LE(requests, storage::Source::Options().scattered_requests + 50);
    EXPECT_LE(bytes, file.size());
}

TEST_F(RunOperation, ProgressNeverGoesBack) {
    std::vector<double> seen;
    OperationEvents events;
    events.progress = [&](const Progress& progress) { seen.push_back(*progress.percent); };
    ASSERT_TRUE(run_operation(*zygote_, request("back and forth"), events, {}));
    EXPECT_THAT(seen, testing::ElementsAre(10, 50, 50));
}

TEST_F(RunOperation, TheTimeThatAnExportTakesIsNotTheChildsIdleness) {
    auto slow = request("back and forth");
    slow.limits.idle_seconds = 1;
    OperationEvents events;
    events.progress = [](const Progress& progress) {
        if (progress.percent == 10) std::this_thread::sleep_for(std::chrono::milliseconds(1300));
    };
    const auto outcome = run_operation(*zygote_, slow, events, {});
    EXPECT_TRUE(outcome) << outcome.error().message;
}

TEST_F(RunOperation, NoLimitIsMetAnyMoreOnceTheChildHasEnded) {
    auto brief = request("honest");
    brief.limits.wall_seconds = 2;
    OperationEvents events;
    events.file_ready = [](const FileReady&, const sandbox::Workspace&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2300));
        return Result<>();
    };
    const auto outcome = run_operation(*zygote_, brief, events, {});
    EXPECT_TRUE(outcome) << outcome.error().message;
}

/// Whoever exports waits for the network, and looks at nothing else meanwhile.
TEST_F(RunOperation, LimitsAreWatchedWhileAFileIsExported) {
    for (const auto& [deed, limit] :
         {std::pair("grows in memory", "memory_bytes"), std::pair("grows on disk", "output_bytes")
         }) {
        auto growing = request(deed);
        growing.limits.memory_bytes = 300 << 20;
        growing.limits.output_bytes = 200 << 20;
        bool has_ended = false;
        OperationEvents events;
        events.file_ready = [&](const FileReady&, const sandbox::Workspace&) {
            const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
            while (!has_ended && std::chrono::steady_clock::now() < deadline) {
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
                has_ended = !has_children(zygote_->pid());
            }
            return Result<>();
        };
        const auto outcome = run_operation(*zygote_, growing, events, {});
        EXPECT_TRUE(has_ended) << deed;
        ASSERT_FALSE(outcome) << deed;
        ASSERT_TRUE(outcome.error().limit) << outcome.error().message;
        EXPECT_EQ(outcome.error().limit->name, limit);
    }
}

TEST_F(RunOperation, APublishedFileHasItsNameAndNoRightsTheChildChose) {
    const auto outcome = run_operation(*zygote_, request("honest"), {}, {});
    ASSERT_TRUE(outcome) << outcome.error().message;
    const Target target{folder_, "clip", "mp4"};
    const auto first = publish_outcome(*outcome, target);
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(*first, folder_ / "clip.mp4");
    struct stat facts{};
    ASSERT_EQ(::stat(first->c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 06111U, 0U);
}

TEST_F(RunOperation, ATakenNameGetsANumberAndPartsLieBesideTheMainFile) {
    std::ofstream(folder_ / "clip.mp4") << "old";
    const auto outcome = run_operation(*zygote_, request("parts"), {}, {});
    ASSERT_TRUE(outcome) << outcome.error().message;
    const auto path = publish_outcome(*outcome, {folder_, "clip", "mp4"});
    ASSERT_TRUE(path) << path.error().message;
    EXPECT_EQ(*path, folder_ / "clip-1.mp4");
    EXPECT_TRUE(fs::exists(folder_ / "clip-12345678" / "segment.m4s"));
}

}  // namespace
}  // namespace ittybit::work
