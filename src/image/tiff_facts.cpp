#include "image/tiff_facts.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "image/overlaid_source.h"

namespace ittybit::image {
namespace {

constexpr std::uint64_t kMostEntries = 1000;

std::uint64_t number_in(
    std::string_view bytes, std::size_t at, std::size_t length, bool is_little
) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < length; ++i) {
        const std::size_t place = is_little ? at + length - 1 - i : at + i;
        number = number << 8U |
                 (place < bytes.size() ? static_cast<std::uint8_t>(bytes[place]) : std::uint8_t{0});
    }
    return number;
}

}  // namespace

Result<TiffFacts> read_tiff_facts(ByteSource& source) {
    std::string head;  // in two steps, for g++ 12 sees something uninitialised otherwise
    head = TRY(read_text(source, 0, 16));
    const bool is_little = number_in(head, 0, 1, true) == 'I';
    const bool is_big = number_in(head, 2, 2, is_little) == 43;
    const std::size_t width = is_big ? 8 : 4;  // of offsets
    const std::uint64_t directory = number_in(head, width, width, is_little);
    const std::size_t count_length = is_big ? 8 : 2;
    const std::size_t entry_length = is_big ? 20 : 12;
    const std::string table =
        TRY(read_text(source, directory, count_length + kMostEntries * entry_length));
    const std::uint64_t count = number_in(table, 0, count_length, is_little);
    TiffFacts facts;
    for (std::uint64_t i = 0; i < count && i < kMostEntries; ++i) {
        const std::size_t at = count_length + i * entry_length;
        const auto tag = number_in(table, at, 2, is_little);
        const auto value = static_cast<int>(number_in(table, at + 4 + width, 2, is_little));
        if (tag == 262) facts.photometric = value;
        if (tag == 259) facts.compression = value;
    }
    return facts;
}

}  // namespace ittybit::image
