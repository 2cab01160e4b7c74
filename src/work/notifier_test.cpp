#include "work/notifier.h"

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/fd.h"
#include "base/ids.h"
#include "base/pause.h"
#include "net/test_server.h"
#include "store/migrations.h"
#include "store/testing.h"
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

/// Takes connections and never says a word: on every address of 127/8, each its own receiver.
class SilentServer {
public:
    SilentServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        auto* any = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof(address);
        EXPECT_EQ(::bind(listener_.get(), any, size), 0);
        EXPECT_EQ(::listen(listener_.get(), 4096), 0);
        ::getsockname(listener_.get(), any, &size);
        port_ = ntohs(address.sin_port);
    }
    std::string url(int receiver) const {
        return fmt::format("http://127.1.{}.{}:{}/", receiver / 250, receiver % 250 + 1, port_);
    }
    /// How many have come since the last time.
    int connections() {
        int count = 0;
        for (;; ++count) {
            taken_.emplace_back(::accept(listener_.get(), nullptr, nullptr));
            if (!taken_.back()) return count;
        }
    }

private:
    Fd listener_;
    std::vector<Fd> taken_;
    int port_ = 0;
};

class Deliveries : public testing::Test {
protected:
    Deliveries() : fixture_(store::open_sqlite()), outbox_(*fixture_.database) {
        EXPECT_TRUE(store::migrate(*fixture_.database));
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    ~Deliveries() override {
        fixture_.database.reset();
        std::filesystem::remove_all(fixture_.folder);
    }

    /// One delivery for each URL, due in their order.
    void add(const std::vector<std::string>& urls) {
        const auto now = clock_.now();
        const auto added = fixture_.database->write([&](store::Session& session) -> Result<> {
            for (const auto& url : urls) {
                TRY(session.run(
                    "INSERT INTO deliveries (id, job_id, type, url, receiver, body, status, "
                    "attempts, next_at, lease_until, created_at, updated_at) VALUES ($1, 'job_1', "
                    "'job.failed', $2, $3, '{}', 'pending', 0, $4, 0, $4, $4)",
                    {make_id("msg", now), url, store::receiver_of(url), now}
                ));
            }
            return {};
        });
        ASSERT_TRUE(added);
    }
    std::int64_t count(std::string_view sql) const {
        std::int64_t number = -1;
        const auto read = fixture_.database->read([&](store::Session& session) -> Result<> {
            number = TRY(session.run(sql)).front().integer(0);
            return {};
        });
        return read ? number : -1;
    }
    /// Sends what is due until `is_enough`, at most for half a minute.
    void send_until(net::Client::Settings settings, const std::function<bool()>& is_enough) {
        net::Client client(std::move(settings));
        const FileLinks links;
        Notifier notifier(
            *fixture_.database, outbox_, client, metrics_, clock_, links, "whsec_eA=="
        );
        const std::jthread running([&](const std::stop_token& stop) { notifier.run(stop); });
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!is_enough() && std::chrono::steady_clock::now() < deadline) pause({}, kTick);
        EXPECT_TRUE(is_enough());
    }

    static constexpr auto kTick = std::chrono::milliseconds(5);
    store::Fixture fixture_;
    store::Outbox outbox_;
    Metrics metrics_;
    SystemClock clock_;
};

TEST_F(Deliveries, AThousandReceiversThatDoNotAnswerHoldNobodyUp) {
    const SilentServer silent;
    const net::TestServer healthy([](const auto&, auto& wire) { return wire.answer(204, ""); });
    std::vector<std::string> urls;
    for (int i = 0; i < 1000; ++i) urls.push_back(silent.url(i));
    urls.push_back(healthy.text());
    add(urls);
    send_until(net::loopback_settings(), [&] { return healthy.calls() == 1; });
    // Nobody had to be given up first.
    EXPECT_EQ(count("SELECT count(*) FROM delivery_attempts WHERE status IS NULL"), 0);
}

TEST_F(Deliveries, OneReceiverHasABoundOfItsOwn) {
    SilentServer silent;
    const net::TestServer healthy([](const auto&, auto& wire) { return wire.answer(204, ""); });
    std::vector<std::string> urls(500, silent.url(0));
    urls.insert(urls.end(), 40, healthy.text());
    add(urls);
    send_until(net::loopback_settings(), [&] { return healthy.calls() == 40; });
    EXPECT_EQ(silent.connections(), Notifier::kMostOfOne);
}

TEST_F(Deliveries, OnlyWhatMayEndBetterIsTriedAgain) {
    const net::TestServer server([](const net::TestServer::Call& call, auto& wire) {
        return wire.answer(std::stoi(call.target.substr(1)), "");
    });
    add(
        {server.text("/200"), server.text("/410"), server.text("/500"), server.text("/302"),
         "http://10.0.0.1/", "http://169.254.169.254/", "ftp://example.com/"}
    );
    net::Client::Settings settings;
    settings.policy.allow_hosts = {server.url().authority()};
    const auto is_enough = [&] { return count("SELECT count(*) FROM delivery_attempts") == 7; };
    send_until(settings, is_enough);
    const auto statuses = [&](const std::string& status, const std::string& like) {
        return count(fmt::format(
            "SELECT count(*) FROM deliveries WHERE status = '{}' AND url LIKE '{}'", status, like
        ));
    };
    EXPECT_EQ(statuses("delivered", "%/200"), 1);
    EXPECT_EQ(statuses("pending", "%/500") + statuses("pending", "%/302"), 2);
    EXPECT_EQ(statuses("failed", "%/410"), 1);
    EXPECT_EQ(statuses("failed", "http://10.%") + statuses("failed", "http://169.%"), 2);
    EXPECT_EQ(statuses("failed", "ftp:%"), 1);
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

TEST(Managed, NamesKeepTheLettersOfEveryScript) {
    const std::string id(32, 'a');
    for (const std::string name :
         {"日本語.jpg", "😀.mov", "Grüße-aus-Köln.mp4", "Привет.mp3", "शुभ.webm",
          "👩‍👩‍👧.gif", "a.mp4"}) {
        EXPECT_EQ(safe_name(name), name);
        const auto url = managed_url("http://h", {id, name});
        EXPECT_EQ(
            url.find_first_not_of(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%:/"
            ),
            url.npos
        );
        EXPECT_EQ(find_managed(url), (ManagedName{id, name}));
        EXPECT_EQ(
            find_managed(fmt::format("http://h/files/{}/{}", id, name)), (ManagedName{id, name})
        );
        EXPECT_EQ(name_of("https://h/x/" + name + "?sig=1"), name);
    }
    EXPECT_EQ(stem_of("https://h/%E6%97%A5%E6%9C%AC%E8%AA%9E.jpg"), "日本語");
    EXPECT_EQ(stem_of("https://h/a%2F..%2Fb%00c.jpg"), "b_c");
    EXPECT_EQ(safe_name("a\u202Egpj\u202C.exe"), "a_gpj_.exe") << "what turns a text around";
    EXPECT_EQ(safe_name("a\u0085\u2028\uFEFFb"), "a___b");
    EXPECT_EQ(safe_name("\xff\xfe.mov"), "\uFFFD\uFFFD.mov");
    std::string longest;
    for (int i = 0; i < 100; ++i) longest += "語";
    EXPECT_LE(safe_name(longest + ".jpg").size(), 200U);
    EXPECT_EQ(valid_utf8(safe_name(longest + ".jpg")), safe_name(longest + ".jpg"));
    EXPECT_TRUE(safe_name(longest + ".jpg").ends_with("語.jpg"));
    EXPECT_FALSE(find_managed("http://h/files/" + id + "/a%20b.mp4")) << "no name that we made";
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

TEST(Outputs, NoTwoHaveOneKeyOfOneConnection) {
    const std::array<OrderedOutput, 2> outputs{};
    const auto& [first, second] = outputs;
    TakenPlaces taken;
    EXPECT_TRUE(taken.take("mine", "s3://b/k.mp4", first));
    EXPECT_TRUE(taken.take("mine", "s3://b/k.mp4", first)) << "opened once more";
    EXPECT_TRUE(taken.take("another", "s3://b/k.mp4", second));
    const auto refused = taken.take("mine", "s3://b/k.mp4", second);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidOutput);
}

TEST(Outputs, AKeyWithoutAnExtensionGetsThatOfTheFormat) {
    net::Client client{net::Client::Settings{}};
    const auto key = [&](const std::string& output, const std::string& kind) {
        const OutputWords words{0, "https://h/talk.2024.mov", kind, "mp4", "job_12345678"};
        return s3_place(client, storage::S3Account(), output, words, false).main_key;
    };
    EXPECT_EQ(key("s3://bkt/{filename}", "video"), "talk.2024.mp4");
    EXPECT_EQ(key("s3://bkt/{filename}.{format}", "video"), "talk.2024.mp4");
    EXPECT_EQ(key("s3://bkt/{filename}.bin", "video"), "talk.2024.bin");
    EXPECT_EQ(key("s3://bkt/copy", "export"), "copy") << "a copy is called as was said";
    EXPECT_EQ(key("s3://bkt/copy.{format}", "export"), "copy.mp4");
}

}  // namespace
}  // namespace ittybit::work
