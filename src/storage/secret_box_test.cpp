#include "storage/secret_box.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ittybit::storage {
namespace {

using testing::HasSubstr;

class SecretBoxTest : public testing::Test {
protected:
    void TearDown() override { std::filesystem::remove(path); }
    SecretBox box() { return *SecretBox::open(path, ""); }
    const std::string path = testing::TempDir() + "/key_" + std::to_string(::getpid());
};

TEST_F(SecretBoxTest, GivesBackWhatWasSealedAfterARestart) {
    const auto sealed = box().seal("s3cret", "conn_1");
    ASSERT_TRUE(sealed);
    EXPECT_THAT(*sealed, testing::Not(HasSubstr("s3cret")));
    EXPECT_EQ(*box().unseal(*sealed, "conn_1"), "s3cret");
    EXPECT_EQ(*box().unseal(*box().seal("", "x"), "x"), "");
    EXPECT_NE(*box().seal("s3cret", "conn_1"), *sealed);
}

TEST_F(SecretBoxTest, MakesAKeyFileNobodyElseCanRead) {
    box();
    struct stat status = {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    ::chmod(path.c_str(), 0644);
    EXPECT_THAT(SecretBox::open(path, "").error().message, HasSubstr("0600"));
}

TEST_F(SecretBoxTest, RefusesWhatWasChangedOrMoved) {
    auto sealed = *box().seal("s3cret", "conn_1");
    EXPECT_FALSE(box().unseal(sealed, "conn_2"));
    sealed.back() = sealed.back() == '0' ? '1' : '0';
    EXPECT_FALSE(box().unseal(sealed, "conn_1"));
    EXPECT_FALSE(box().unseal("", ""));
    EXPECT_FALSE(box().unseal("v1.zz.zz", ""));
}

TEST_F(SecretBoxTest, TakesItsKeyFromTheEnvironmentInHexOrBase64) {
    const std::string hex(64, 'a');
    const auto by_hex = SecretBox::open(path, hex);
    ASSERT_TRUE(by_hex);
    EXPECT_FALSE(std::filesystem::exists(path));
    const auto by_base64 = SecretBox::open(path, "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=");
    ASSERT_TRUE(by_base64) << by_base64.error().message;
    EXPECT_EQ(*by_base64->unseal(*by_hex->seal("same", ""), ""), "same");
    EXPECT_THAT(SecretBox::open(path, "short").error().message, HasSubstr("openssl rand"));
}

TEST_F(SecretBoxTest, RotatesKeys) {
    const auto old = *box().seal("s3cret", "");
    ASSERT_TRUE(SecretBox::add_key(path));
    EXPECT_EQ(*box().unseal(old, ""), "s3cret");
    EXPECT_FALSE(box().is_current(old));
    const auto fresh = *box().seal("s3cret", "");
    EXPECT_TRUE(box().is_current(fresh));
    ASSERT_TRUE(SecretBox::forget_old_keys(path));
    EXPECT_EQ(*box().unseal(fresh, ""), "s3cret");
    EXPECT_THAT(box().unseal(old, "").error().message, HasSubstr("another key"));
}

TEST(EqualInConstantTime, ComparesWholeTexts) {
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
    EXPECT_TRUE(equal_in_constant_time("", ""));
}

}  // namespace
}  // namespace ittybit::storage
