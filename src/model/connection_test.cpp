#include "model/connection.h"

#include <gtest/gtest.h>

namespace ittybit {
namespace {

ConnectionRequest connection_to(std::string endpoint) {
    ConnectionRequest connection;
    connection.name = "store";
    connection.endpoint = std::move(endpoint);
    connection.access_key_id = "AK";
    connection.secret_access_key = "hush";
    return connection;
}

TEST(Connection, AnEndpointIsTheAddressOfAServiceAndNothingElse) {
    for (const auto* good :
         {"", "https://s3.example.com", "HTTP://127.0.0.1:9000/", "https://h/storage/v1/s3"}) {
        EXPECT_TRUE(check(connection_to(good)).empty()) << good;
    }
    for (const auto* bad :
         {"s3.example.com", "http", "ftp://h/", "http://user:PW@h/", "https://h/?a=b",
          "https://h/#x", "https://h?x"}) {
        const auto problems = check(connection_to(bad));
        ASSERT_FALSE(problems.empty()) << bad;
        EXPECT_EQ(problems.front().where, "endpoint");
        EXPECT_EQ(problems.front().message.find("PW"), std::string::npos);
    }
}

TEST(Connection, NullIsAsIfAbsent) {
    const auto body = parse_json(R"({"kind": "s3", "name": "a", "access_key_id": "AK",
        "secret_access_key": "hush", "region": null, "session_token": null, "is_default": null})");
    ConnectionRequest connection;
    Reader reader;
    reader.read(*body, connection);
    EXPECT_TRUE(reader.problems().empty());
    EXPECT_EQ(connection.region, "us-east-1");
    Reader strict;
    strict.read(*parse_json(R"({"kind": "s3", "name": null})"), connection);
    ASSERT_EQ(strict.problems().size(), 3U);
    EXPECT_EQ(strict.problems().front().message, "name is required");
}

}  // namespace
}  // namespace ittybit
