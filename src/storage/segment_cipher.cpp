#include "storage/segment_cipher.h"

#include <algorithm>

#include "base/hex.h"

namespace ittybit::storage {
namespace {

unsigned char* raw(std::vector<std::byte>& bytes) {
    return reinterpret_cast<unsigned char*>(bytes.data());
}

}  // namespace

std::optional<Block> block_of(std::string_view digits) {
    const auto bytes = from_hex(digits);
    Block block{};
    if (!bytes || bytes->size() != block.size()) return std::nullopt;
    std::ranges::copy(*bytes, block.begin());
    return block;
}

Block iv_of(std::uint64_t media_sequence) {
    Block iv{};
    for (auto at = iv.rbegin(); media_sequence > 0; ++at, media_sequence >>= 8U)
        *at = static_cast<unsigned char>(media_sequence & 0xFFU);
    return iv;
}

SegmentCipher::SegmentCipher(const Block& key, const Block& iv, int is_encrypting) {
    EVP_CipherInit_ex(
        cipher_.get(), EVP_aes_128_cbc(), nullptr, key.data(), iv.data(), is_encrypting
    );
}

Result<std::span<const std::byte>> SegmentCipher::next(std::span<const std::byte> bytes) {
    out_.resize(bytes.size() + std::tuple_size_v<Block>);
    int count = 0;
    const auto* const in = reinterpret_cast<const unsigned char*>(bytes.data());
    const auto size = static_cast<int>(bytes.size());
    if (EVP_CipherUpdate(cipher_.get(), raw(out_), &count, in, size) != 1)
        return Error{ErrorKind::kInternalError, "a segment could not be encrypted", ""};
    return std::span<const std::byte>(out_).first(static_cast<std::size_t>(count));
}

Result<std::span<const std::byte>> SegmentCipher::end() {
    out_.resize(std::tuple_size_v<Block>);
    int count = 0;
    if (EVP_CipherFinal_ex(cipher_.get(), raw(out_), &count) != 1)
        return Error{ErrorKind::kInvalidInput, "it ends in no padding", ""};
    return std::span<const std::byte>(out_).first(static_cast<std::size_t>(count));
}

}  // namespace ittybit::storage
