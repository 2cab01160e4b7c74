#include "media/fragment_reader.h"

#include <algorithm>

#include "media/handles.h"

namespace ittybit::media {
namespace {

/// Two pieces of memory read as one file.
struct TwoPieces {
    ByteView first;
    ByteView second;
    std::size_t position = 0;

    static int read(void* self, std::uint8_t* buffer, int size) {
        auto& file = *static_cast<TwoPieces*>(self);
        const bool is_in_first = file.position < file.first.size();
        const ByteView rest = is_in_first ? file.first.subspan(file.position)
                                          : file.second.subspan(file.position - file.first.size());
        if (rest.empty()) return AVERROR_EOF;
        const auto count = std::min(rest.size(), static_cast<std::size_t>(size));
        std::copy_n(rest.begin(), count, buffer);
        file.position += count;
        return static_cast<int>(count);
    }
};

struct CloseInput {
    void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
};
using Demuxer = std::unique_ptr<AVFormatContext, CloseInput>;

Error unreadable() {
    return {
        ErrorKind::kOutputInvalid, "a segment that was made does not read back; please report it",
        ""
    };
}

Result<Demuxer> open(AVIOContext& io) {
    AVFormatContext* format = avformat_alloc_context();
    if (format == nullptr) return unreadable();
    format->pb = &io;
    // What the boxes say, not what a parser of the bit stream would make of it.
    format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_NOPARSE;
    // Frees the context itself when it fails.
    if (avformat_open_input(&format, nullptr, av_find_input_format("mov"), nullptr) < 0)
        return unreadable();
    Demuxer demuxer(format);
    if (demuxer->nb_streams != 1) return unreadable();
    return demuxer;
}

}  // namespace

Result<std::vector<ReadSample>> read_fragments(ByteView init, ByteView segment) {
    constexpr int kBufferSize = 65536;
    TwoPieces file{init, segment};
    CustomIo io(avio_alloc_context(
        static_cast<unsigned char*>(av_malloc(kBufferSize)), kBufferSize, 0, &file,
        &TwoPieces::read, nullptr, nullptr
    ));
    if (io == nullptr) return unreadable();
    const Demuxer demuxer = TRY(open(*io));
    const Packet packet = make_packet();
    std::vector<ReadSample> samples;
    for (;;) {
        const int code = av_read_frame(demuxer.get(), packet.get());
        if (code == AVERROR_EOF) return samples;
        if (code < 0 || (packet->flags & AV_PKT_FLAG_CORRUPT) != 0) return unreadable();
        samples.push_back({packet->pts, packet->dts, is_key(*packet)});
        av_packet_unref(packet.get());
    }
}

}  // namespace ittybit::media
