#include "storage/origin.h"

#include <cstdlib>
#include <fstream>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/ids.h"
#include "net/test_server.h"
#include "storage/s3.h"
#include "storage/source.h"
#include "storage/storage.h"

/// The conformance suite of Origin: wherever bytes come from, a Source makes the same of them.
namespace ittybit::storage {
namespace {

constexpr std::int64_t kSize = 5'000'000;

std::string all_bytes() {
    std::string bytes(kSize, '\0');
    unsigned state = 7;
    for (char& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<char>(state >> 24U);
    }
    return bytes;
}

/// A web server, or an S3 service that believes every signature, of one file.
class OneFile {
public:
    explicit OneFile(std::string path) : path_(std::move(path)) {}
    net::Url url(const std::string& path) const { return server_.url(path); }
    std::string text() const { return server_.text(); }

private:
    bool answer(const net::TestServer::Call& call, net::TestServer::Wire& wire) {
        if (call.target != path_) return wire.answer(404, "<Error><Code>NoSuchKey</Code></Error>");
        const std::string range(net::header_value(call.headers, "range"));
        if (range.empty()) return wire.answer(200, bytes_, {"ETag: \"1\""});
        const auto dash = range.find('-');
        const auto from = std::stoul(range.substr(6));
        auto to = bytes_.size();
        if (dash + 1 < range.size())
            to = std::min<std::size_t>(to, std::stoul(range.substr(dash + 1)) + 1);
        const auto content = "Content-Range: bytes " + std::to_string(from) + "-" +
                             std::to_string(to - 1) + "/" + std::to_string(bytes_.size());
        return wire.answer(206, bytes_.substr(from, to - from), {"ETag: \"1\"", content});
    }

    const std::string path_;
    const std::string bytes_ = all_bytes();
    net::TestServer server_{[this](const auto& call, auto& wire) { return answer(call, wire); }};
};

/// What an origin is of, kept as long as a test.
struct World {
    std::unique_ptr<Storage> storage;
    std::unique_ptr<OneFile> server;
    std::unique_ptr<net::Client> client = std::make_unique<net::Client>(net::loopback_settings());
};

struct Kind {
    std::string name;
    bool is_elsewhere;  // bytes are fetched
    std::function<Result<std::unique_ptr<Origin>>(World&, const std::string& name)> open;
};

Result<std::unique_ptr<Origin>> of_storage(World& world, const std::string& name) {
    const auto bytes = all_bytes();
    TRY(put(*world.storage, "file", std::as_bytes(std::span(bytes)), {}, {}));
    return world.storage->origin(name);
}

Result<std::unique_ptr<Origin>> of_file(World&, const std::string& name) {
    const auto folder = testing::TempDir();
    std::ofstream(folder + "/file") << all_bytes();
    return file_origin(folder + "/" + name);
}

Result<std::unique_ptr<Origin>> of_folder(World& world, const std::string& name) {
    world.storage = TRY(open_folder(testing::TempDir() + "/origin_" + random_hex(64)));
    return of_storage(world, name);
}

Result<std::unique_ptr<Origin>> of_memory(World& world, const std::string& name) {
    world.storage = memory_storage();
    return of_storage(world, name);
}

Result<std::unique_ptr<Origin>> of_web(World& world, const std::string& name) {
    world.server = std::make_unique<OneFile>("/file");
    return http_origin(*world.client, world.server->url("/" + name));
}

Result<std::unique_ptr<Origin>> of_s3(World& world, const std::string& name) {
    world.server = std::make_unique<OneFile>("/films/file");
    S3Account account;
    account.endpoint = world.server->text();
    account.access_key_id = account.secret_access_key = "key";
    return s3_origin(*world.client, account, "films", name);
}

const std::vector<Kind> kKinds = {
    {"File", false, of_file}, {"Folder", false, of_folder}, {"Memory", true, of_memory},
    {"Http", true, of_web},   {"S3", true, of_s3},
};

class OriginTest : public testing::TestWithParam<Kind> {
protected:
    Result<std::unique_ptr<Source>> open(const std::string& name) {
        auto origin = TRY(GetParam().open(world, name));
        return Source::open(std::move(origin), {.scratch_folder = testing::TempDir()});
    }
    static std::string read(Source& source, std::int64_t offset, std::size_t length) {
        std::string part(length, '\0');
        const auto count = ::pread(source.descriptor(), part.data(), length, offset);
        part.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        return part;
    }
    World world;
    const std::string bytes = all_bytes();
};

TEST_P(OriginTest, GivesEveryByte) {
    const auto source = open("file");
    ASSERT_TRUE(source) << source.error().message;
    EXPECT_EQ((*source)->size(), kSize);
    ASSERT_TRUE((*source)->complete({}));
    EXPECT_TRUE(read(**source, 0, kSize) == bytes);
}

TEST_P(OriginTest, GivesTheEndWithoutTheMiddle) {
    const auto source = open("file");
    ASSERT_TRUE(source) << source.error().message;
    ASSERT_TRUE((*source)->ensure(kSize - 100, 100, {}));
    EXPECT_EQ(read(**source, kSize - 100, 200), bytes.substr(kSize - 100));
    EXPECT_LE((*source)->bytes_fetched(), GetParam().is_elsewhere ? 600'000 : 0);
}

TEST_P(OriginTest, IsReadInSeveralPlacesAtOnce) {
    const auto source = open("file");
    ASSERT_TRUE(source) << source.error().message;
    std::vector<std::future<bool>> readers;
    for (std::int64_t i = 0; i < 8; ++i) {
        readers.push_back(std::async(std::launch::async, [&, at = i * 600'000] {
            return (*source)->ensure(at, 5'000, {}) &&
                   read(**source, at, 5'000) == bytes.substr(static_cast<std::size_t>(at), 5'000);
        }));
    }
    for (auto& reader : readers) EXPECT_TRUE(reader.get());
    EXPECT_LE((*source)->bytes_fetched(), kSize);
}

TEST_P(OriginTest, SaysWhenThereIsNothing) {
    const auto source = open("none");
    ASSERT_FALSE(source);
    EXPECT_THAT(
        source.error().kind,
        testing::AnyOf(
            ErrorKind::kInvalidInput, ErrorKind::kFileNotFound, ErrorKind::kDownloadFailed
        )
    );
    EXPECT_NE(source.error().message, "");
}

INSTANTIATE_TEST_SUITE_P(All, OriginTest, testing::ValuesIn(kKinds), [](const auto& each) {
    return each.param.name;
});

}  // namespace
}  // namespace ittybit::storage
