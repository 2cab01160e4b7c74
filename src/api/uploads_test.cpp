// Tokens for one upload.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/auth.h"
#include "api/test_service.h"

namespace ittybit::api {
namespace {

class UploadTokens : public testing::Test {
protected:
    std::string make(const json::value& wanted = json::object()) {
        const auto made = ask(service_, "POST", "/uploads/tokens", wanted);
        EXPECT_EQ(made.status, 201) << made.body;
        return string_at(body_of(made), "token");
    }

    /// What the gate and, behind it, the upload say to a token and so many bytes.
    int upload(const std::string& token, std::size_t bytes, bool is_in_query = true) {
        auto request = request_of("POST", "/uploads");
        request.peer = "10.0.0.1";
        if (is_in_query) {
            request.query = {{"token", token}};
        } else {
            request.headers.push_back({"Authorization", "Bearer " + token});
        }
        const auto route = router_.find(request);
        EXPECT_FALSE(gate_.admits_at_once(request, **route)) << "the server's thread never waits";
        if (const auto refusal = gate_.admit(request, **route)) return refusal->status;
        request.read_body = [bytes](std::span<std::byte> out) mutable -> Result<std::size_t> {
            const auto count = std::min(bytes, out.size());
            bytes -= count;
            return count;
        };
        const auto answer = (*route)->handler(*service_, request);
        return answer ? answer->status : error_response(answer.error()).status;
    }

    TestService service_;
    Gate gate_{*service_};
    const Router router_{all_routes()};
};

TEST_F(UploadTokens, AreForOneUpload) {
    const auto token = make();
    EXPECT_EQ(upload(token, 5), 201);
    EXPECT_EQ(upload(token, 5), 401);
    EXPECT_EQ(upload(make(), 5, false), 201) << "sent as a key is";
    EXPECT_EQ(upload("up_guess", 5), 401);
}

TEST_F(UploadTokens, AreGivenBackByAnUploadThatFails) {
    const auto token = make({{"max_bytes", 10}});
    EXPECT_EQ(upload(token, 11), 413);
    EXPECT_EQ(upload(token, 0), 400);
    EXPECT_EQ(upload(token, 10), 201);
    EXPECT_EQ(upload(token, 10), 401);
}

TEST_F(UploadTokens, End) {
    const auto token = make({{"expires_in", "45m"}});
    service_.clock.time += 45 * 60'000;
    EXPECT_EQ(upload(token, 5), 401);
}

TEST_F(UploadTokens, AreForNothingElse) {
    auto request = request_of("GET", "/jobs", {{"Authorization", "Bearer " + make()}});
    request.peer = "10.0.0.1";
    const auto route = router_.find(request);
    EXPECT_EQ(gate_.admit(request, **route)->status, 401);
}

TEST_F(UploadTokens, AreMadeAsTheyAreAskedFor) {
    const auto made = ask(service_, "POST", "/uploads/tokens");
    const auto token = body_of(made).as_object();
    EXPECT_EQ(token.at("expires_at"), service_.clock.now() + 3'600'000);
    EXPECT_EQ(token.at("max_bytes"), service_->settings.largest_input);
    EXPECT_THAT(string_at(token, "url"), testing::HasSubstr("/uploads?token=up_"));
    for (const auto* body :
         {R"({"max_bytes":0})", R"({"expires_in":"2d"})", R"({"expires_in":5})", R"({"size":1})"}) {
        EXPECT_EQ(ask(service_, "POST", "/uploads/tokens", *parse_json(body)).status, 400) << body;
    }
}

}  // namespace
}  // namespace ittybit::api
