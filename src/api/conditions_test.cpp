#include "api/conditions.h"

#include <gtest/gtest.h>

namespace ittybit::api {
namespace {

constexpr std::time_t kModified = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
const Validators kFile{"\"abc\"", kModified};

Request with(std::vector<Header> headers) {
    Request request;
    request.method = "GET";
    request.headers = std::move(headers);
    return request;
}

TEST(Dates, AreReadInAllThreeForms) {
    for (const auto* text :
         {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
          "Sun Nov  6 08:49:37 1994"}) {
        EXPECT_EQ(read_http_date(text), kModified) << text;
    }
    EXPECT_EQ(http_date(kModified), "Sun, 06 Nov 1994 08:49:37 GMT");
    for (const auto* text :
         {"", "yesterday", "784111777", "Sun, 06 Nov 1994 08:49:37",
          "Sun, 06 Nov 1994 08:49:37 GMT and more"}) {
        EXPECT_FALSE(read_http_date(text)) << text;
    }
}

TEST(Conditions, AreJudgedInHttpsOrder) {
    struct Case {
        std::vector<Header> headers;
        Verdict verdict;
    };
    const std::string before = "Sun, 06 Nov 1994 08:49:36 GMT";
    const std::string same = "Sun, 06 Nov 1994 08:49:37 GMT";
    const std::string after = "Mon, 07 Nov 1994 08:49:37 GMT";
    for (const auto& known : std::vector<Case>{
             {{}, Verdict::kGo},
             {{{"If-Match", "\"abc\""}}, Verdict::kGo},
             {{{"If-Match", "*"}}, Verdict::kGo},
             {{{"If-Match", "\"x\", \"abc\""}}, Verdict::kGo},
             {{{"If-Match", "\"x\""}}, Verdict::kFailed},
             {{{"If-Match", "W/\"abc\""}}, Verdict::kFailed},
             {{{"If-Match", "abc"}}, Verdict::kFailed},
             {{{"If-Unmodified-Since", before}}, Verdict::kFailed},
             {{{"If-Unmodified-Since", same}}, Verdict::kGo},
             {{{"If-Unmodified-Since", "soon"}}, Verdict::kGo},
             {{{"If-Match", "\"abc\""}, {"If-Unmodified-Since", before}}, Verdict::kGo},
             {{{"If-None-Match", "\"abc\""}}, Verdict::kUnchanged},
             {{{"If-None-Match", "W/\"abc\""}}, Verdict::kUnchanged},
             {{{"If-None-Match", "\"x\" , W/\"abc\""}}, Verdict::kUnchanged},
             {{{"If-None-Match", "*"}}, Verdict::kUnchanged},
             {{{"If-None-Match", "\"abcd\""}}, Verdict::kGo},
             {{{"If-None-Match", "\"x\\\"abc\""}}, Verdict::kGo},
             {{{"If-Modified-Since", same}}, Verdict::kUnchanged},
             {{{"If-Modified-Since", after}}, Verdict::kUnchanged},
             {{{"If-Modified-Since", before}}, Verdict::kGo},
             {{{"If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"}}, Verdict::kUnchanged},
             {{{"If-None-Match", "\"x\""}, {"If-Modified-Since", after}}, Verdict::kGo},
             {{{"If-Match", "\"x\""}, {"If-None-Match", "\"abc\""}}, Verdict::kFailed},
         }) {
        const auto& first = known.headers.empty() ? Header{} : known.headers.front();
        EXPECT_EQ(judge_conditions(with(known.headers), kFile), known.verdict)
            << first.name << ": " << first.value;
    }
}

TEST(Conditions, ARangeIsOfTheVersionThatItsSenderKnows) {
    EXPECT_TRUE(may_give_range(with({}), kFile));
    EXPECT_TRUE(may_give_range(with({{"If-Range", "\"abc\""}}), kFile));
    EXPECT_TRUE(may_give_range(with({{"If-Range", "Sun, 06 Nov 1994 08:49:37 GMT"}}), kFile));
    EXPECT_FALSE(may_give_range(with({{"If-Range", "\"x\""}}), kFile));
    EXPECT_FALSE(may_give_range(with({{"If-Range", "W/\"abc\""}}), kFile));
    EXPECT_FALSE(may_give_range(with({{"If-Range", "Mon, 07 Nov 1994 08:49:37 GMT"}}), kFile));
}

}  // namespace
}  // namespace ittybit::api
