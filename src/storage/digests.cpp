#include "storage/digests.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/text.h"

namespace ittybit::storage {
namespace {

std::string hash_of(const EVP_MD* kind, std::string_view text) {
    Hash hash(kind);
    hash.add(text);
    return hash.end();
}

}  // namespace

void Hash::Free::operator()(EVP_MD_CTX* context) const {
    EVP_MD_CTX_free(context);
}

Hash::Hash() : Hash(EVP_sha256()) {}

Hash::Hash(const EVP_MD* kind) : context_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(context_.get(), kind, nullptr);
}

void Hash::add(std::span<const std::byte> bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Hash::end() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes = {};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), bytes.data(), &size);
    return {bytes.begin(), bytes.begin() + size};
}

std::string sha256(std::string_view text) {
    return hash_of(EVP_sha256(), text);
}
std::string md5(std::string_view text) {
    return hash_of(EVP_md5(), text);
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes = {};
    unsigned size = 0;
    HMAC(
        EVP_sha256(), key.data(), static_cast<int>(key.size()),
        reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes.data(), &size
    );
    return {bytes.begin(), bytes.begin() + size};
}

std::string to_base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and a zero behind it
    const int size = EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(text.data()),
        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size())
    );
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::optional<std::string> from_base64(std::string text) {
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    const auto padding = static_cast<std::size_t>(std::ranges::count(text, '='));
    if (text.size() % 4 != 0 || padding > 2) return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    const int size = EVP_DecodeBlock(
        reinterpret_cast<unsigned char*>(bytes.data()),
        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size())
    );
    if (size < 0 || std::cmp_less(size, padding)) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return bytes;
}

std::string hex_of(std::string_view bytes) {
    return to_hex(std::span(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

Result<Digests> digests_of(ByteSource& source) {
    Hash sha;
    Hash md(EVP_md5());
    std::vector<std::byte> piece(256U << 10U);
    for (std::uint64_t offset = 0;;) {
        const std::size_t count = TRY(source.read_at(offset, piece));
        if (count == 0) return Digests{sha.end(), md.end()};
        sha.add(std::span(piece).first(count));
        md.add(std::span(piece).first(count));
        offset += count;
    }
}

}  // namespace ittybit::storage
