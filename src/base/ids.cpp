#include "base/ids.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <sys/random.h>

#include "base/text.h"
#include "base/thread_safety.h"

namespace ittybit {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kLength = 26;
constexpr std::uint64_t kFollowers = 255;  // so many ids behind each that make_id gives

void fill_random(std::span<unsigned char> out) {
    std::size_t done = 0;
    while (done < out.size()) {
        const auto count = ::getrandom(out.data() + done, out.size() - done, 0);
        if (count < 0) std::abort();  // no randomness: ids would be guessable
        done += static_cast<std::size_t>(count);
    }
}

/// The 74 bits behind the timestamp: random, or a little more than the last within a millisecond,
/// which leaves room for those that follow from it.
struct Tail {
    UnixMillis millis = 0;
    std::uint64_t high = 0;  // 12 bits
    std::uint64_t low = 0;   // 62 bits
};

Tail next_tail(UnixMillis now) {
    static Mutex mutex;
    static Tail last GUARDED_BY(mutex);
    const MutexLock lock(mutex);
    if (now > last.millis) {
        std::array<unsigned char, 10> random{};
        fill_random(random);
        last = {now, 0, 0};
        for (std::size_t i = 0; i < 2; ++i) last.high = (last.high << 8U) | random[i];
        for (std::size_t i = 2; i < 10; ++i) last.low = (last.low << 8U) | random[i];
        last.high &= 0x7FF;  // one bit free, so that counting up cannot overflow
        last.low &= ((1ULL << 62U) - 1) & ~kFollowers;
        return last;
    }
    last.low = (last.low + kFollowers + 1) & ((1ULL << 62U) - 1);
    if (last.low == 0) ++last.high;
    return last;
}

std::string encode(std::uint64_t high, std::uint64_t low) {
    std::string text(kLength, '0');
    for (std::size_t i = kLength; i-- > 0;) {
        text[i] = kAlphabet[low & 31U];
        low = (low >> 5U) | (high << 59U);
        high >>= 5U;
    }
    return text;
}

}  // namespace

std::string make_id(std::string_view prefix, UnixMillis now) {
    const Tail tail = next_tail(now);
    const auto high =
        (static_cast<std::uint64_t>(tail.millis) << 16U) | (7ULL << 12U) | (tail.high & 0xFFF);
    const auto low = (2ULL << 62U) | tail.low;
    return std::string(prefix) + "_" + encode(high, low);
}

std::string following_id(std::string_view id, std::string_view prefix, unsigned place) {
    std::string digits(id.substr(id.size() - kLength));
    std::size_t carry = place;
    for (std::size_t i = digits.size(); carry > 0 && i-- > 0;) {
        const auto sum = kAlphabet.find(digits[i]) + carry;
        digits[i] = kAlphabet[sum % kAlphabet.size()];
        carry = sum / kAlphabet.size();
    }
    return std::string(prefix) + "_" + digits;
}

std::string leading_id(std::string_view id, std::string_view prefix) {
    std::string digits(id.substr(id.size() - std::min(id.size(), kLength)));
    // The last eight bits: five in the last digit, three in the one before.
    if (digits.size() == kLength) {
        const auto before = kAlphabet.find(digits[kLength - 2]);
        digits[kLength - 1] = kAlphabet[0];
        if (before != std::string_view::npos) digits[kLength - 2] = kAlphabet[before & ~7U];
    }
    return fmt::format("{}_{}", prefix, digits);
}

std::string id_before(std::string_view prefix, UnixMillis moment) {
    const auto millis = static_cast<std::uint64_t>(std::clamp<UnixMillis>(moment, 0, 1LL << 47));
    return fmt::format("{}_{}", prefix, encode((millis << 16U) | (7ULL << 12U), 2ULL << 62U));
}

bool is_id(std::string_view text, std::string_view prefix) {
    if (text.size() != prefix.size() + 1 + kLength) return false;
    if (!text.starts_with(prefix) || text[prefix.size()] != '_') return false;
    const auto digits = text.substr(prefix.size() + 1);
    return digits[0] <= '7' && digits.find_first_not_of(kAlphabet) == std::string_view::npos;
}

std::string random_hex(int bits) {
    std::vector<unsigned char> bytes(static_cast<std::size_t>(bits / 8));
    fill_random(bytes);
    return to_hex(bytes);
}

}  // namespace ittybit
