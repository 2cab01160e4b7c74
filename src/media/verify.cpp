#include "media/verify.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "media/compat.h"
#include "media/facts.h"
#include "media/handles.h"
#include "media/input.h"

namespace ittybit::media {
namespace {

constexpr int kIoBytes = 1 << 20;

Error invalid(const std::string& what) {
    return {ErrorKind::kOutputInvalid, "the result did not pass its own check: " + what, ""};
}

/// The finished file, read by libav's demuxer of its own format.
class Reader {
public:
    Result<> open(const OutputFile& file) {
        descriptor_ = Fd(::open(file.name.c_str(), O_RDONLY | O_CLOEXEC));
        if (!descriptor_) return invalid("the file is gone");
        size_ = ::lseek(descriptor_.get(), 0, SEEK_END);
        io_.reset(avio_alloc_context(
            static_cast<unsigned char*>(av_malloc(kIoBytes)), kIoBytes, 0, this, &Reader::read,
            nullptr, &Reader::seek
        ));
        AVFormatContext* format = avformat_alloc_context();
        format->pb = io_.get();
        AVDictionary* raw = nullptr;
        // Hidden samples are counted too.
        av_dict_set(&raw, "ignore_editlist", "1", 0);
        const AVInputFormat* demuxer = av_find_input_format(demuxer_of(file.muxer).c_str());
        const int code = avformat_open_input(&format, "", demuxer, &raw);
        const Dictionary left(raw);
        if (code < 0) return invalid("its container cannot be read back");
        format_.reset(format);
        return {};
    }

    AVFormatContext& format() { return *format_; }

private:
    static std::string demuxer_of(const std::string& muxer) {
        if (muxer == "mp4") return "mov";
        if (muxer == "webm") return "matroska";
        if (muxer == "adts") return "aac";
        if (muxer == "opus") return "ogg";
        return muxer;
    }

    static int read(void* self, std::uint8_t* out, int count) {
        auto& reader = *static_cast<Reader*>(self);
        const auto got = ::pread(
            reader.descriptor_.get(), out, static_cast<std::size_t>(count), reader.position_
        );
        if (got < 0) return AVERROR(errno);
        if (got == 0) return AVERROR_EOF;
        reader.position_ += got;
        return static_cast<int>(got);
    }

    static std::int64_t seek(void* self, std::int64_t offset, int whence) {
        auto& reader = *static_cast<Reader*>(self);
        if (whence == AVSEEK_SIZE) return reader.size_;
        if (whence == SEEK_CUR) offset += reader.position_;
        if (whence == SEEK_END) offset += reader.size_;
        reader.position_ = offset;
        return offset;
    }

    struct Close {
        void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
    };
    Fd descriptor_;
    std::int64_t position_ = 0;
    std::int64_t size_ = 0;
    CustomIo io_;
    std::unique_ptr<AVFormatContext, Close> format_;
};

struct Seen {
    std::int64_t packets = 0;
    std::int64_t bytes = 0;
    double begin = INFINITY;
    double end = -INFINITY;
};

/// libav's Ogg reader lets the length of a packet that is cut to less than nothing wrap.
std::int64_t length_of(const AVPacket& packet) {
    constexpr std::int64_t kWrapped = std::int64_t{1} << 31;
    return packet.duration < kWrapped ? packet.duration : 0;
}

/// What the muxer writes where nothing is shown: a length of 0.
bool is_empty_caption(const AVPacket& packet) {
    return packet.size <= 2;
}

Result<std::vector<Seen>> read_through(AVFormatContext& format) {
    std::vector<Seen> seen(format.nb_streams);
    const Packet packet = make_packet();
    for (;;) {
        const int code = av_read_frame(&format, packet.get());
        if (code == AVERROR_EOF) return seen;
        if (code < 0) return invalid("its packets cannot be read back");
        const auto index = static_cast<std::size_t>(packet->stream_index);
        if (index >= seen.size()) seen.resize(index + 1);
        const AVCodecParameters& codec = *format.streams[index]->codecpar;
        if (codec.codec_id == AV_CODEC_ID_MOV_TEXT && is_empty_caption(*packet)) {
            av_packet_unref(packet.get());
            continue;
        }
        Seen& it = seen.at(index);
        const double unit = av_q2d(format.streams[index]->time_base);
        ++it.packets;
        it.bytes += packet->size;
        if (packet->pts != kNoTime) {
            it.begin = std::min(it.begin, static_cast<double>(packet->pts) * unit);
            it.end = std::max(it.end, static_cast<double>(packet->pts + length_of(*packet)) * unit);
        }
        if ((packet->flags & AV_PKT_FLAG_CORRUPT) != 0) return invalid("a packet is damaged");
        av_packet_unref(packet.get());
    }
}

/// Seconds that the headers say a stream lasts; 0 when they do not.
double declared_length(const AVFormatContext& format, const AVStream& stream) {
    if (stream.duration > 0) return static_cast<double>(stream.duration) * av_q2d(stream.time_base);
    return format.duration > 0 ? static_cast<double>(format.duration) / AV_TIME_BASE : 0;
}

Result<> compare(
    const TrackFacts& wanted, const Seen& seen, const AVStream& stream, double declared
) {
    const std::string what = wanted.is_video ? "video" : wanted.is_text ? "text" : "sound";
    if (wanted.codec != avcodec_get_name(stream.codecpar->codec_id))
        return invalid(fmt::format("its {} is not {}", what, wanted.codec));
    // PCM has no packets of its own: readers cut it as they like.
    const bool is_pcm = wanted.codec.starts_with("pcm_");
    const bool is_same = is_pcm ? wanted.bytes == seen.bytes : wanted.packets == seen.packets;
    if (!is_same) {
        return invalid(
            fmt::format("{} of {} {} packets can be read back", seen.packets, wanted.packets, what)
        );
    }
    const bool is_hevc = stream.codecpar->codec_id == AV_CODEC_ID_HEVC;
    if (is_hevc && stream.codecpar->codec_tag != MKTAG('h', 'v', 'c', '1'))
        return invalid("its HEVC is not tagged hvc1");
    if (seen.packets == 0) return {};
    const double length = wanted.end - wanted.begin;
    const double slack = 0.15 + 0.001 * length + wanted.longest;
    const double packets = seen.end - seen.begin;
    // How long the last sample lasts only the header may say.
    const double most = std::max(packets, declared);
    const bool is_timed = declared > 0 || packets > 0;  // ADTS is not
    if (is_timed && (most < length - slack || packets > length + slack))
        return invalid(fmt::format("its {} lasts {:.3f} s, not {:.3f} s", what, most, length));
    return {};
}

}  // namespace

Result<File> verify(
    const OutputFile& file, std::span<const TrackFacts> tracks, const Limits& limits
) {
    {
        Reader reader;
        TRY(reader.open(file));
        const auto seen = TRY(read_through(reader.format()));
        if (seen.size() != tracks.size())
            return invalid(fmt::format("it has {} streams, not {}", seen.size(), tracks.size()));
        for (std::size_t i = 0; i < tracks.size(); ++i) {
            const AVStream& stream = *reader.format().streams[i];
            TRY(compare(tracks[i], seen.at(i), stream, declared_length(reader.format(), stream)));
        }
    }
    if (file.muxer == "webvtt") {
        File facts;
        facts.format = "vtt";
        return facts;
    }
    const Fd descriptor(::open(file.name.c_str(), O_RDONLY | O_CLOEXEC));
    FileSource source(descriptor.get());
    const auto facts = [&]() -> Result<File> {
        const Sniffed sniffed = TRY(sniff(source));
        const auto input = TRY(Input::open(source, sniffed, limits));
        return facts_of(*input);
    }();
    if (!facts) return invalid(facts.error().message);
    return *facts;
}

}  // namespace ittybit::media
