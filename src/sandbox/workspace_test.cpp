#include "sandbox/workspace.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace ittybit::sandbox {
namespace {

namespace fs = std::filesystem;

class WorkspaceTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "ittybit-workspace-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        scratch = folder / "scratch";
        fs::create_directory(scratch);
        std::ofstream(folder / "canary") << "secret";
    }
    void TearDown() override { fs::remove_all(folder); }

    fs::path folder;
    fs::path scratch;
};

TEST_F(WorkspaceTest, FoldersWithoutAnOwnerAreRemovedHoweverYoung) {
    const auto living = Workspace::make(scratch);
    ASSERT_TRUE(living) << living.error().message;
    const auto dead = scratch / ".ittybit-0123456789abcdef";
    fs::create_directory(dead);
    std::ofstream(dead / "left.mp4") << "behind";
    Workspace::remove_abandoned(scratch);
    EXPECT_FALSE(fs::exists(dead));
    EXPECT_TRUE(fs::exists(living->path()));
}

TEST_F(WorkspaceTest, AFolderIsNotTakenFromItsMakerByWhoTidiesUp) {
    std::jthread tidy([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) Workspace::remove_abandoned(scratch);
    });
    for (int i = 0; i < 300; ++i) {
        const auto made = Workspace::make(scratch);
        ASSERT_TRUE(made) << made.error().message;
        ASSERT_TRUE(fs::exists(made->path()));
    }
}

TEST_F(WorkspaceTest, FilesOfAnUntrustedFolderAreOpenedByCheckedNamesOnly) {
    const auto workspace = Workspace::make(scratch);
    ASSERT_TRUE(workspace) << workspace.error().message;
    const auto& path = workspace->path();
    std::ofstream(path / "good.mp4") << "12345";
    fs::create_symlink("/etc/passwd", path / "link");
    fs::create_hard_link(folder / "canary", path / "hard");
    fs::create_directory(path / "folder");
    ASSERT_EQ(::mkfifo((path / "pipe").c_str(), 0600), 0);
    EXPECT_TRUE(workspace->open_file("good.mp4"));
    for (const char* name :
         {"../../canary", "/etc/passwd", "link", "hard", "folder", "pipe", "", ".", "..", ".hidden",
          "absent", "a/b", "a\nb"}) {
        const auto file = workspace->open_file(name);
        EXPECT_EQ(file ? "" : name_of(file.error().kind), "task_crashed") << name;
    }
    EXPECT_FALSE(workspace->open_file(std::string(300, 'a')));
    EXPECT_GE(workspace->usage().bytes, 5);
}

}  // namespace
}  // namespace ittybit::sandbox
