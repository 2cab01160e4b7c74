#include "api/idempotency.h"

#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_service.h"

namespace ittybit::api {
namespace {

using namespace std::chrono_literals;

class Idempotency : public testing::Test {
protected:
    Request post(const std::string& key, std::string body, std::string path = "/things") {
        auto request = request_of("POST", std::move(path), {{"Idempotency-Key", key}});
        request.body = std::move(body);
        return request;
    }

    /// The same as a stream, in pieces of three bytes.
    Request upload(const std::string& key, const std::string& body, bool tells_length) {
        auto request = post(key, "", "/uploads");
        if (tells_length) request.body_size = body.size();
        request.read_body = [body, at = std::size_t{0}](std::span<std::byte> out) mutable {
            const auto count = std::min({out.size(), body.size() - at, std::size_t{3}});
            std::memcpy(out.data(), body.data() + at, count);
            at += count;
            return Result<std::size_t>(count);
        };
        return request;
    }

    std::string answer(Request request) {
        auto response = handler_(*service_, request);
        return response ? response->body : std::string(name_of(response.error().kind));
    }

    TestService service_;
    std::atomic<int> effects_ = 0;
    int status_ = 201;
    Handler handler_ = idempotent([this](Service&, Request& request) -> Result<Response> {
        std::vector<std::byte> piece(10);
        while (request.read_body && TRY(request.read_body(piece)) > 0) {
        }
        std::this_thread::sleep_for(5ms);
        Response response;
        response.status = status_;
        response.body = fmt::format("effect {}", ++effects_);
        response.with("Location", "/things/1");
        return response;
    });
};

TEST_F(Idempotency, OneKeyHasOneEffect) {
    EXPECT_EQ(answer(post("a", "body")), "effect 1");
    auto again = post("a", "body");
    const auto replayed = handler_(*service_, again);
    ASSERT_TRUE(replayed);
    EXPECT_EQ(replayed->status, 200);
    EXPECT_EQ(replayed->body, "effect 1");
    std::vector<std::string> headers;
    for (const auto& header : replayed->headers)
        headers.push_back(header.name + ": " + header.value);
    EXPECT_THAT(
        headers, testing::IsSupersetOf({"Idempotent-Replayed: true", "Location: /things/1"})
    );
    EXPECT_EQ(answer(post("\"a\"", "body")), "effect 1") << "quoted or bare";
    EXPECT_EQ(answer(post("b", "body")), "effect 2");
    EXPECT_EQ(answer(post("a", "body", "/others")), "effect 3") << "a key is of its route";
    EXPECT_EQ(answer(request_of("POST", "/things")), "effect 4");
    EXPECT_EQ(answer(request_of("POST", "/things")), "effect 5");
}

TEST_F(Idempotency, OneKeyIsForOneRequest) {
    EXPECT_EQ(answer(post("a", "body")), "effect 1");
    EXPECT_EQ(answer(post("a", "other")), "idempotency_key_reused");
    auto asked = post("a", "body");
    asked.query = {{"x", "1"}};
    EXPECT_EQ(answer(asked), "idempotency_key_reused");
    EXPECT_EQ(answer(post(std::string(255, 'k'), "body")), "effect 2");
    EXPECT_EQ(answer(post(std::string(256, 'k'), "body")), "invalid_request");
}

TEST_F(Idempotency, OnlyWhatWentWellIsRemembered) {
    status_ = 400;
    EXPECT_EQ(answer(post("a", "body")), "effect 1");
    status_ = 201;
    EXPECT_EQ(answer(post("a", "body")), "effect 2");
    EXPECT_EQ(answer(post("a", "body")), "effect 2");
}

TEST_F(Idempotency, OfTwoAtOnceTheSecondWaitsForTheFirst) {
    std::vector<std::jthread> threads;
    std::atomic<int> same = 0;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] { same += answer(post("a", "body")) == "effect 1" ? 1 : 0; });
    }
    threads.clear();
    EXPECT_EQ(same, 8);
    EXPECT_EQ(effects_, 1);
}

TEST_F(Idempotency, AnUploadIsKnownByItsLength) {
    EXPECT_EQ(answer(upload("a", "12345", true)), "effect 1");
    EXPECT_EQ(answer(upload("a", "12345", true)), "effect 1");
    EXPECT_EQ(answer(upload("a", "123456", true)), "idempotency_key_reused");
}

TEST_F(Idempotency, AnUploadWithoutALengthIsKnownByItsBytes) {
    EXPECT_EQ(answer(upload("a", "12345", false)), "effect 1");
    EXPECT_EQ(answer(upload("a", "12345", false)), "effect 1");
    EXPECT_EQ(answer(upload("a", "12346", false)), "idempotency_key_reused");
    EXPECT_EQ(answer(upload("a", "", false)), "idempotency_key_reused");
    EXPECT_EQ(answer(upload("a", "12345", true)), "idempotency_key_reused");
    EXPECT_EQ(answer(upload("b", "12345", true)), "effect 2");
    EXPECT_EQ(answer(upload("b", "12345", false)), "idempotency_key_reused");
}

TEST_F(Idempotency, ABrokenBodyIsRememberedForNothing) {
    auto broken = upload("a", "", false);
    broken.read_body = [](std::span<std::byte>) -> Result<std::size_t> {
        return Error{ErrorKind::kInvalidRequest, "the body ended early", ""};
    };
    EXPECT_EQ(answer(std::move(broken)), "invalid_request");
    EXPECT_EQ(answer(upload("a", "12345", false)), "effect 1");
}

}  // namespace
}  // namespace ittybit::api
