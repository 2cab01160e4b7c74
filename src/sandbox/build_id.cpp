#include <cstdint>

#include <fmt/format.h>

#include "base/fields_schema.h"
#include "model/protocol.h"
#include "model/stream_copy.h"
#include "sandbox/zygote.h"

namespace ittybit::sandbox {
namespace {

/// FNV-1a, 64 bits: told apart, not proved.
std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 0xCBF29CE484222325;
    for (const char letter : text) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3;
    }
    return hash;
}

template <std::size_t... Index>
std::string words_exchanged(std::index_sequence<Index...> /*alternatives*/) {
    std::string words = compact_json(schema_of<Assignment>()) + compact_json(schema_of<Reply>());
    ((words += compact_json(schema_of<std::variant_alternative_t<Index, Event>>())), ...);
    for (const auto kind : kKinds) words += compact_json(options_schema(kind));
    words += compact_json(schema_of<ValidateOptions>()) + compact_json(schema_of<StreamIndex>());
    return words;
}

}  // namespace

std::string build_id() {
    static const std::string id = fmt::format(
        "{}+{}.{:016x}", ITTYBIT_VERSION, ITTYBIT_REVISION,
        hash_of(words_exchanged(std::make_index_sequence<std::variant_size_v<Event>>()))
    );
    return id;
}

}  // namespace ittybit::sandbox
