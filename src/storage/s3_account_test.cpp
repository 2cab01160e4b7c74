#include "storage/s3_account.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.h"
#include "net/test_server.h"

namespace ittybit::storage {
namespace {

using testing::HasSubstr;

class AccountTest : public testing::Test {
protected:
    AccountTest() {
        std::filesystem::create_directories(home + "/.aws");
        variables["HOME"] = home;
    }
    ~AccountTest() override { std::filesystem::remove_all(home); }
    void write(const std::string& name, const std::string& text) {
        std::ofstream(home + "/.aws/" + name) << text;
    }
    Result<std::optional<S3Account>> read() {
        return account_from_environment([this](const std::string& name) {
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
        });
    }
    const std::string home = testing::TempDir() + "/home_" + random_hex(64);
    std::map<std::string, std::string> variables;
};

TEST_F(AccountTest, IsNothingWhereNothingIsConfigured) {
    const auto account = read();
    ASSERT_TRUE(account);
    EXPECT_FALSE(account->has_value());
}

TEST_F(AccountTest, ComesFromTheVariables) {
    variables["AWS_ACCESS_KEY_ID"] = "id";
    variables["AWS_SECRET_ACCESS_KEY"] = "secret";
    variables["AWS_SESSION_TOKEN"] = "token";
    variables["AWS_DEFAULT_REGION"] = "eu-west-1";
    variables["AWS_ENDPOINT_URL"] = "https://other.example";
    variables["AWS_ENDPOINT_URL_S3"] = "https://s3.example";
    write("credentials", "[default]\naws_access_key_id = file\naws_secret_access_key = file\n");
    auto account = **read();
    EXPECT_EQ(account.access_key_id, "id");
    EXPECT_EQ(account.secret_access_key, "secret");
    EXPECT_EQ(account.session_token, "token");
    EXPECT_EQ(account.region, "eu-west-1");
    EXPECT_EQ(account.endpoint, "https://s3.example");
    variables["AWS_REGION"] = "eu-west-2";
    variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
    account = **read();
    EXPECT_EQ(account.region, "eu-west-2");
    EXPECT_EQ(account.endpoint, "");
}

TEST_F(AccountTest, ComesFromTheSharedFilesByProfile) {
    write(
        "credentials",
        "# mine\n[default]\naws_access_key_id=id1\naws_secret_access_key=secret1\n"
        "[work]\naws_access_key_id = id2\naws_secret_access_key = secret2\n"
    );
    write(
        "config",
        "[default]\nregion = us-west-2\n[profile work]\nregion = auto\n"
        "endpoint_url = https://work.example\ns3 =\n  addressing_style = virtual\n"
    );
    EXPECT_EQ((*read())->access_key_id, "id1");
    EXPECT_EQ((*read())->region, "us-west-2");
    variables["AWS_PROFILE"] = "work";
    const auto account = **read();
    EXPECT_EQ(account.secret_access_key, "secret2");
    EXPECT_EQ(account.region, "auto");
    EXPECT_EQ(account.endpoint, "https://work.example");
    EXPECT_EQ(account.path_style, false);
    variables["AWS_PROFILE"] = "none";
    EXPECT_THAT(read().error().message, HasSubstr("\"none\""));
}

TEST_F(AccountTest, SaysWhichHalfOfAKeyIsMissing) {
    variables["AWS_ACCESS_KEY_ID"] = "id";
    EXPECT_THAT(read().error().message, HasSubstr("no AWS_SECRET_ACCESS_KEY"));
    variables.erase("AWS_ACCESS_KEY_ID");
    variables["AWS_SECRET_ACCESS_KEY"] = "secret";
    EXPECT_THAT(read().error().message, HasSubstr("no AWS_ACCESS_KEY_ID"));
}

std::string url_of(const S3Account& account, const std::string& bucket = "films") {
    const auto url = account.bucket_url(bucket);
    return url ? url->text() : std::string(name_of(url.error().kind));
}

TEST(BucketUrl, PutsTheBucketInTheHostOnlyAtAws) {
    S3Account account;
    account.region = "eu-west-1";
    EXPECT_EQ(url_of(account), "https://films.s3.eu-west-1.amazonaws.com/");
    EXPECT_EQ(url_of(account, "a.b"), "https://s3.eu-west-1.amazonaws.com/a.b/");
    account.path_style = true;
    EXPECT_EQ(url_of(account), "https://s3.eu-west-1.amazonaws.com/films/");
    account.endpoint = "http://127.0.0.1:9000";
    account.path_style.reset();
    EXPECT_EQ(url_of(account), "http://127.0.0.1:9000/films/");
    account.path_style = false;
    account.endpoint = "http://minio.local:9000/";
    EXPECT_EQ(url_of(account), "http://films.minio.local:9000/");
    account.endpoint = "https://project.example/storage/v1/s3";
    account.path_style.reset();
    EXPECT_EQ(url_of(account), "https://project.example/storage/v1/s3/films/");
    account.endpoint = "minio.local";
    EXPECT_EQ(url_of(account), "invalid_request");
}

/// A credentials service on this machine.
class RoleTest : public AccountTest {
protected:
    RoleTest() {
        end = "2999-01-01T00:00:00Z";
        variables["AWS_REGION"] = "eu-west-1";
    }
    /// The keys that are signed with now.
    std::string keys() {
        const auto account = read();
        if (!account) return account.error().message;
        if (!*account) return "none";
        const auto current = (*account)->with_keys({});
        if (!current) return current.error().message;
        return current->access_key_id + "/" + current->secret_access_key + "/" +
               current->session_token.value_or("");
    }
    std::string end;
    std::vector<net::TestServer::Call> calls;
    net::TestServer server{[this](const auto& call, auto& wire) {
        calls.push_back(call);
        if (call.method == "POST")
            return wire.answer(
                200,
                "<R><Credentials><AccessKeyId>role</AccessKeyId><SecretAccessKey>its"
                "</SecretAccessKey><SessionToken>token</SessionToken><Expiration>" +
                    end + "</Expiration></Credentials></R>"
            );
        return wire.answer(
            200, R"({"AccessKeyId":"task","SecretAccessKey":"own","Token":"t","Expiration":")" +
                     end + "\"}"
        );
    }};
};

TEST_F(RoleTest, GetsKeysForAWebIdentity) {
    write("token", "who-i-am\n");
    variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = home + "/.aws/token";
    EXPECT_THAT(keys(), HasSubstr("no AWS_ROLE_ARN"));
    variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/r";
    variables["AWS_ENDPOINT_URL_STS"] = server.text();
    EXPECT_EQ(keys(), "role/its/token");
    ASSERT_EQ(calls.size(), 1);
    EXPECT_THAT(calls[0].body, HasSubstr("Action=AssumeRoleWithWebIdentity"));
    EXPECT_THAT(calls[0].body, HasSubstr("WebIdentityToken=who-i-am"));
    EXPECT_THAT(calls[0].body, HasSubstr("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"));
    variables["AWS_ACCESS_KEY_ID"] = variables["AWS_SECRET_ACCESS_KEY"] = "mine";
    EXPECT_EQ(keys(), "mine/mine/");
}

TEST_F(RoleTest, GetsKeysFromTheContainersService) {
    write("token", "Bearer x");
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.text("/keys");
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = home + "/.aws/token";
    EXPECT_EQ(keys(), "task/own/t");
    EXPECT_EQ(net::header_value(calls.at(0).headers, "authorization"), "Bearer x");
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://example.com/keys";
    EXPECT_THAT(keys(), HasSubstr("must be https://"));
}

TEST_F(RoleTest, RenewsKeysBeforeTheyEnd) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.text("/keys");
    const auto account = read();
    ASSERT_TRUE(account && *account);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE((*account)->with_keys({}));
    EXPECT_EQ(calls.size(), 1);
    end = "2020-01-01T00:00:00Z";
    const auto ended = read();
    ASSERT_TRUE(ended && *ended);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE((*ended)->with_keys({}));
    EXPECT_EQ(calls.size(), 4);
}

}  // namespace
}  // namespace ittybit::storage
