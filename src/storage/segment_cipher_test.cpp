#include "storage/segment_cipher.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "base/hex.h"
#include "storage/digests.h"

namespace ittybit::storage {
namespace {

std::string through(SegmentCipher cipher, const std::string& text, std::size_t step) {
    std::string out;
    const auto keep = [&](const Result<std::span<const std::byte>>& bytes) {
        ASSERT_TRUE(bytes) << bytes.error().message;
        for (const auto byte : *bytes) out += static_cast<char>(byte);
    };
    const auto bytes = std::as_bytes(std::span(text));
    for (std::size_t at = 0; at < text.size(); at += step)
        keep(cipher.next(bytes.subspan(at, std::min(step, text.size() - at))));
    keep(cipher.end());
    return out;
}

// NIST SP 800-38A, F.2.1.
const Block kKey = *block_of("2b7e151628aed2a6abf7158809cf4f3c");
const Block kIv = *block_of("000102030405060708090A0B0C0D0E0F");

TEST(SegmentCipher, IsAes128InCipherBlockChaining) {
    const auto clear =
        *from_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    const auto made = through(SegmentCipher::encrypting(kKey, kIv), clear, clear.size());
    EXPECT_EQ(
        hex_of(made.substr(0, 32)),
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
    );
    EXPECT_EQ(made.size(), 48U) << "a whole block of padding behind whole blocks";
}

TEST(SegmentCipher, GivesBackWhatWasEncryptedWhateverThePieces) {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += static_cast<char>(i * 7);
    for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 1000U}) {
        const auto clear = text.substr(0, size);
        const auto made = through(SegmentCipher::encrypting(kKey, kIv), clear, 13);
        EXPECT_EQ(made, through(SegmentCipher::encrypting(kKey, kIv), clear, 1000));
        EXPECT_EQ(through(SegmentCipher::decrypting(kKey, kIv), made, 33), clear);
    }
}

TEST(SegmentCipher, AnotherKeyOrPartOfASegmentIsNoticed) {
    const auto made = through(SegmentCipher::encrypting(kKey, kIv), "a segment", 100);
    for (const auto& [key, text] : {std::pair(kIv, made), std::pair(kKey, made.substr(1))}) {
        auto cipher = SegmentCipher::decrypting(key, kIv);
        ASSERT_TRUE(cipher.next(std::as_bytes(std::span(text))));
        EXPECT_EQ(cipher.end().error().kind, ErrorKind::kInvalidInput);
    }
}

TEST(SegmentCipher, TheNumberOfASegmentIsItsVector) {
    const auto hex = [](const Block& block) {
        return hex_of({reinterpret_cast<const char*>(block.data()), block.size()});
    };
    EXPECT_EQ(hex(iv_of(0)), std::string(32, '0'));
    EXPECT_EQ(hex(iv_of(0x0102030405060708)), "00000000000000000102030405060708");
    for (const auto* digits : {"", "00", "zz0102030405060708090a0b0c0d0e0f"})
        EXPECT_EQ(block_of(digits), std::nullopt);
}

}  // namespace
}  // namespace ittybit::storage
