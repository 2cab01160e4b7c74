// The sniffer: decides from the first bytes which reader a file gets.
#include "fuzz.h"
#include "model/sniff.h"

using namespace ittybit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = fuzz::bytes_of(data, size);
    const auto head = sniff(bytes);
    fuzz::must((head.family == Family::kRefused) != head.refusal.empty());
    MemorySource source(bytes);
    const auto whole = sniff(source);
    if (!whole) {
        fuzz::must(
            whole.error().kind == ErrorKind::kUnsupportedMedia && !whole.error().message.empty()
        );
        return 0;
    }
    fuzz::must(whole->family != Family::kRefused && !whole->format.empty());
    fuzz::must(whole->start <= size);
    return 0;
}
