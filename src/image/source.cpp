#include "image/source.h"

#include <array>
#include <cstdio>
#include <string_view>

namespace ittybit::image {
namespace {

using Shared = std::shared_ptr<SourceState>;

gint64 read_bytes(VipsSourceCustom*, void* buffer, gint64 length, void* shared) {
    SourceState& state = **static_cast<Shared*>(shared);
    if (length <= 0 || state.error) return state.error ? -1 : 0;
    const std::span out(static_cast<std::byte*>(buffer), static_cast<std::size_t>(length));
    auto count = state.bytes->read_at(state.position, out);
    if (!count) {
        state.error = std::move(count).error();
        return -1;
    }
    state.position += *count;
    return static_cast<gint64>(*count);
}

gint64 seek_bytes(VipsSourceCustom*, gint64 offset, int whence, void* shared) {
    SourceState& state = **static_cast<Shared*>(shared);
    std::int64_t base = 0;
    if (whence == SEEK_CUR) base = static_cast<std::int64_t>(state.position);
    if (whence == SEEK_END) {
        const auto size = find_size(state);
        if (!size) return -1;
        base = static_cast<std::int64_t>(*size);
    }
    if (base + offset < 0) return -1;
    state.position = static_cast<std::uint64_t>(base + offset);
    return static_cast<gint64>(state.position);
}

void drop(void* shared, GClosure*) {
    delete static_cast<Shared*>(shared);
}

}  // namespace

std::optional<std::uint64_t> find_size(SourceState& state) {
    if (const auto size = state.bytes->size()) return size;
    std::array<std::byte, 65536> skipped{};
    for (std::uint64_t end = state.position;;) {
        auto count = state.bytes->read_at(end, skipped);
        if (!count) {
            state.error = std::move(count).error();
            return std::nullopt;
        }
        if (*count == 0) return end;
        end += *count;
    }
}

Source make_source(std::shared_ptr<SourceState> state) {
    Source source(vips_source_custom_new());
    // Each handler keeps the state alive: libvips may hold the source longer than any picture.
    const auto connect = [&](const char* signal, GCallback handler) {
        g_signal_connect_data(
            source.get(), signal, handler, new Shared(state), drop, GConnectFlags{}
        );
    };
    connect("read", G_CALLBACK(read_bytes));
    connect("seek", G_CALLBACK(seek_bytes));
    return source;
}

std::string take_message() {
    std::string message = vips_error_buffer();
    vips_error_clear();
    // The first line is the reason, and what follows its consequence; but a library may have looked
    // for its file's end first.
    constexpr std::string_view kSeek = "source_custom: bad seek";
    while (message.starts_with(kSeek) && message.find('\n') + 1 < message.size())
        message.erase(0, message.find('\n') + 1);
    return message.substr(0, message.find('\n'));
}

}  // namespace ittybit::image
