#include "image/png_chunks.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>
#include <zlib.h>

#include "image/overlaid_source.h"

namespace ittybit::image {
namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t kSignature = 8;
/// Length and type in front of a chunk's bytes, and a checksum behind.
constexpr std::uint64_t kAround = 12;
/// All text of a file, unpacked; and of it no more pieces than this.
constexpr std::size_t kMostText = 4'000'000;
constexpr int kMostTexts = 500;
constexpr std::size_t kMostProfile = 16'000'000;
/// In front of the pixels; who has more is after something else.
constexpr int kMostChunks = 10'000;

/// Ancillary, private, safe to copy: nobody knows it, so everybody passes over it.
constexpr auto kPassedOver = "skIp"sv;

constexpr std::array kKept = {"tRNS"sv, "gAMA"sv, "cHRM"sv, "sRGB"sv, "cICP"sv, "sBIT"sv,
                              "bKGD"sv, "pHYs"sv, "acTL"sv, "fcTL"sv, "fdAT"sv};

std::uint32_t number_in(std::string_view bytes, std::size_t at, std::size_t length = 4) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < length; ++i)
        number =
            number << 8U | (at + i < bytes.size() ? static_cast<std::uint8_t>(bytes[at + i]) : 0U);
    return number;
}

std::string big_endian(std::uint32_t number) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes += static_cast<char>((number >> static_cast<unsigned>(shift)) & 0xFFU);
    return bytes;
}

struct Chunk {
    std::uint64_t offset = 0;  // of its length
    std::uint32_t length = 0;
    std::string type;

    std::uint64_t body() const { return offset + 8; }
    std::uint64_t end() const { return offset + kAround + length; }
    bool is_critical() const { return !type.empty() && (type[0] & 0x20) == 0; }
};

/// Nothing at the end, and where no chunk is.
Result<std::optional<Chunk>> chunk_at(ByteSource& source, std::uint64_t offset) {
    const std::string head = TRY(read_text(source, offset, 8));
    if (head.size() < 8) return std::optional<Chunk>();
    Chunk chunk{.offset = offset, .length = number_in(head, 0), .type = head.substr(4)};
    if (chunk.length > INT32_MAX) return std::optional<Chunk>();
    return std::optional(std::move(chunk));
}

/// How much zlib's data unpacks to, or something beyond `most`; nothing when it is no such data.
std::optional<std::size_t> unpacked_size(std::string_view packed, std::size_t most) {
    z_stream stream = {};
    if (inflateInit(&stream) != Z_OK) return std::nullopt;
    std::array<Bytef, 32768> room{};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    std::size_t size = 0;
    int code = Z_OK;
    while (code == Z_OK && size <= most) {
        stream.next_out = room.data();
        stream.avail_out = room.size();
        code = inflate(&stream, Z_NO_FLUSH);
        size += room.size() - stream.avail_out;
    }
    inflateEnd(&stream);
    if (code != Z_STREAM_END && size <= most) return std::nullopt;
    return size;
}

/// The part of a chunk that is packed: behind a keyword and, in `iTXt`, two more words.
std::string_view packed_part(std::string_view type, std::string_view body) {
    const std::size_t keyword = body.find('\0');
    if (keyword == body.npos) return {};
    if (type != "iTXt") return body.substr(std::min(body.size(), keyword + 2));
    if (number_in(body, keyword + 1, 1) == 0) return {};
    const std::size_t language = body.find('\0', keyword + 3);
    const std::size_t translated =
        language == body.npos ? body.npos : body.find('\0', language + 1);
    return translated == body.npos ? std::string_view() : body.substr(translated + 1);
}

/// A PNG whose chunks are judged as reading comes to them.
class WithoutBulk final : public ByteSource {
public:
    explicit WithoutBulk(ByteSource& source) : source_(source), shown_(source) {}

    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        while (!is_done_ && judged_ < offset + out.size()) TRY(judge_next());
        return shown_.read_at(offset, out);
    }
    std::optional<std::uint64_t> size() override { return source_.size(); }

private:
    Result<> judge_next() {
        const auto chunk = TRY(chunk_at(source_, judged_));
        is_done_ = !chunk || chunk->type == "IEND";
        if (!chunk) return {};
        judged_ = chunk->end();
        if (!TRY(is_wanted(*chunk))) hide(*chunk);
        return {};
    }

    Result<bool> is_wanted(const Chunk& chunk) {
        if (chunk.is_critical()) return true;
        if (std::ranges::find(kKept, chunk.type) != kKept.end()) return true;
        if (chunk.type == "iCCP") return is_wanted_profile(chunk);
        if (chunk.type == "tEXt" || chunk.type == "eXIf") return spend(chunk.length);
        if (chunk.type == "zTXt" || chunk.type == "iTXt") return is_wanted_text(chunk);
        return false;
    }

    Result<bool> is_wanted_text(const Chunk& chunk) {
        if (chunk.length > text_left_) return false;
        const std::string body = TRY(read_text(source_, chunk.body(), chunk.length));
        const std::string_view packed = packed_part(chunk.type, body);
        if (packed.empty()) return spend(chunk.length);
        const auto size = unpacked_size(packed, text_left_);
        return size && spend(*size);
    }

    Result<bool> is_wanted_profile(const Chunk& chunk) {
        if (has_profile_) return false;
        has_profile_ = true;
        const std::size_t length = std::min<std::size_t>(chunk.length, kMostProfile + 1);
        const std::string body = TRY(read_text(source_, chunk.body(), length));
        const std::string_view packed = packed_part(chunk.type, body);
        const auto size = unpacked_size(packed, kMostProfile);
        if (chunk.length <= kMostProfile && size.value_or(0) <= kMostProfile)
            return size.has_value();
        return Error{
            ErrorKind::kLimitExceeded,
            fmt::format("the picture's colour profile is larger than {} bytes", kMostProfile), "",
            LimitReached{"profile_bytes", static_cast<double>(kMostProfile)}
        };
    }

    bool spend(std::size_t bytes) {
        if (bytes > text_left_ || texts_ == kMostTexts) return false;
        text_left_ -= bytes;
        ++texts_;
        return true;
    }

    void hide(const Chunk& chunk) {
        std::uint32_t sum = static_cast<std::uint32_t>(
            crc32(0, reinterpret_cast<const Bytef*>(kPassedOver.data()), kPassedOver.size())
        );
        static constexpr std::array<Bytef, 4096> kZeros{};
        for (std::uint64_t left = chunk.length; left > 0;) {
            const auto part = std::min<std::uint64_t>(left, kZeros.size());
            sum = static_cast<std::uint32_t>(crc32(sum, kZeros.data(), static_cast<uInt>(part)));
            left -= part;
        }
        shown_.add({chunk.offset + 4, kPassedOver.size(), std::string(kPassedOver)});
        if (chunk.length > 0) shown_.add({chunk.body(), chunk.length, {}});
        shown_.add({chunk.body() + chunk.length, 4, big_endian(sum)});
    }

    ByteSource& source_;
    OverlaidSource shown_;
    std::uint64_t judged_ = kSignature;  // how far
    bool is_done_ = false;
    bool has_profile_ = false;
    std::size_t text_left_ = kMostText;
    int texts_ = 0;
};

void read_fact(std::string_view type, std::string_view body, PngFacts& facts) {
    constexpr double kUnit = 100'000;
    if (type == "IHDR") {
        facts.bit_depth = static_cast<int>(number_in(body, 8, 1));
        facts.colour_type = static_cast<int>(number_in(body, 9, 1));
    } else if (type == "cICP") {
        facts.primaries = static_cast<int>(number_in(body, 0, 1));
        facts.transfer = static_cast<int>(number_in(body, 1, 1));
    } else if (type == "sRGB") {
        facts.is_srgb = true;
    } else if (type == "gAMA" && number_in(body, 0) > 0) {
        facts.gamma = number_in(body, 0) / kUnit;
    } else if (type == "cHRM") {
        Chromaticities& values = facts.chromaticities.emplace();
        for (std::size_t i = 0; i < values.size(); ++i)
            values.at(i) = number_in(body, i * 4) / kUnit;
    } else if (type == "acTL") {
        facts.plays = static_cast<int>(number_in(body, 4) & INT32_MAX);
    }
}

}  // namespace

Result<PngFacts> read_png_facts(ByteSource& source) {
    PngFacts facts;
    std::uint64_t at = kSignature;
    for (int chunks = 0; chunks < kMostChunks; ++chunks) {
        const auto chunk = TRY(chunk_at(source, at));
        if (!chunk || chunk->type == "IDAT") break;
        if (chunk->length <= 32)
            read_fact(chunk->type, TRY(read_text(source, chunk->body(), chunk->length)), facts);
        at = chunk->end();
    }
    return facts;
}

std::unique_ptr<ByteSource> without_bulk(ByteSource& png) {
    return std::make_unique<WithoutBulk>(png);
}

}  // namespace ittybit::image
