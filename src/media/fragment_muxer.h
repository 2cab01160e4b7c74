#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "media/bitstream.h"
#include "media/compat.h"
#include "media/handles.h"

/// Fragmented MP4 as CMAF wants it (ISO/IEC 23000-19): one track, bytes only, no files.
namespace ittybit::media {

/// `styp`, which begins a media segment.
ByteView segment_head();

/// Makes fragments of one encoder's packets with libavformat's MP4 muxer. Decode times begin at 0;
/// pictures have signed composition offsets and no edit list, the priming of sound has one.
class FragmentMuxer {
public:
    /// For what `codec` makes, of a language (ISO 639-2/T). Errors: `encode_failed`.
    static Result<std::unique_ptr<FragmentMuxer>> open(
        const AVCodecContext& codec, const std::string& language
    );
    FragmentMuxer(const FragmentMuxer&) = delete;
    FragmentMuxer& operator=(const FragmentMuxer&) = delete;
    ~FragmentMuxer() = default;

    /// `moof` and `mdat`: the next packets in decode order, at least one, times in the codec's time
    /// base. Errors: `encode_failed`.
    Result<Bytes> chunk(std::span<const Packet> packets);

    /// `ftyp` and `moov`: everything a decoder needs before the first fragment. Its edit list
    /// follows from the first packets: empty before the first chunk.
    ByteView init() const { return init_; }

private:
    FragmentMuxer();
    Result<> begin(const AVCodecContext& codec, const std::string& language);
    Result<Bytes> flush();
    static int write_bytes(void* self, WriteBuffer bytes, int size);

    struct FreeMuxer {
        void operator()(AVFormatContext* format) const { avformat_free_context(format); }
    };
    Bytes written_;  // since the last flush
    Bytes init_;
    CustomIo io_;
    std::unique_ptr<AVFormatContext, FreeMuxer> format_;
};

}  // namespace ittybit::media
