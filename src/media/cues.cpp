#include "media/cues.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <ranges>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "media/charset.h"
#include "media/error.h"
#include "media/stand_ins.h"
#include "media/stream.h"
#include "media/webvtt_blocks.h"

namespace ittybit::media {
namespace {

constexpr AVRational kMilliseconds = {1, 1000};

/// Of one cue, tags included: libav's reader of SRT takes the square of that for its time.
constexpr int kLongestCue = 10'000;

/// How long a cue is shown that does not say it, and is followed by none.
constexpr std::int64_t kUntold = 5'000;

/// What began longer before the start of a cut than this is not looked for.
constexpr double kLongestShown = 60;

/// When reading goes on this far behind the end, what is missing is badly interleaved.
constexpr double kPatience = 10;

struct FreeSubtitle {
    void operator()(AVSubtitle* subtitle) const { avsubtitle_free(subtitle); }
};

Error over_limit(std::string_view name, std::int64_t value, std::string message) {
    return {
        ErrorKind::kLimitExceeded, std::move(message), "",
        LimitReached{std::string(name), static_cast<double>(value)}
    };
}

std::int64_t time_of(const AVPacket& packet) {
    return packet.pts != kNoTime ? packet.pts : packet.dts;
}

std::int64_t in_ms(std::int64_t at, AVRational unit, std::int64_t origin_us) {
    return av_rescale_q(at, unit, kMilliseconds) -
           av_rescale_q(origin_us, kMicroseconds, kMilliseconds);
}

/// Reads the packets of one stream.
class CueReader {
public:
    CueReader(const Input& input, int stream, std::int64_t origin_us)
        : input_(input), stream_(stream), origin_us_(origin_us) {}

    int stream() const { return stream_; }

    /// What cannot be read is told at the end.
    void open() { outcome_ = open_decoder(); }
    void take(const AVPacket& packet) {
        if (outcome_) outcome_ = read(packet);
    }

    /// All that there are.
    Result<Cues> finish() {
        TRY(std::move(outcome_));
        std::ranges::stable_sort(cues_.cues, {}, &Cue::start);
        tell_ends();
        tell_of_losses();
        return std::move(cues_);
    }

private:
    Result<> open_decoder() {
        const AVCodecParameters& parameters = *input_.stream(stream_).codecpar;
        const AVCodec* decoder = avcodec_find_decoder(parameters.codec_id);
        codec_.reset(avcodec_alloc_context3(decoder));
        int code = avcodec_parameters_to_context(codec_.get(), &parameters);
        codec_->pkt_timebase = input_.stream(stream_).time_base;
        if (code >= 0) code = avcodec_open2(codec_.get(), decoder, nullptr);
        if (code < 0) return input_error(code, "read the subtitles");
        cues_.codec = avcodec_get_name(parameters.codec_id);
        if (parameters.codec_id == AV_CODEC_ID_ASS && codec_->subtitle_header != nullptr) {
            cues_.header.assign(
                reinterpret_cast<const char*>(codec_->subtitle_header),
                static_cast<std::size_t>(codec_->subtitle_header_size)
            );
        }
        return {};
    }

    Result<> read(const AVPacket& packet) {
        const auto at = time_of(packet);
        if (at == kNoTime || packet.size <= 0) return {};
        if (packet.size > kLongestCue) {
            ++too_long_;
            return {};
        }
        bytes_ += packet.size;
        const Limits& limits = input_.limits();
        if (bytes_ > limits.subtitle_bytes) {
            return over_limit(
                "subtitle_bytes", limits.subtitle_bytes,
                fmt::format("the subtitles have more than {} bytes", limits.subtitle_bytes)
            );
        }
        AVSubtitle decoded = {};
        int is_there = 0;
        const Packet coded = recoded(packet);
        const int code = avcodec_decode_subtitle2(codec_.get(), &decoded, &is_there, coded.get());
        const std::unique_ptr<AVSubtitle, FreeSubtitle> subtitle(&decoded);
        if (code < 0) ++damaged_;
        if (code < 0 || is_there == 0) return {};
        const AVRational unit = input_.stream(stream_).time_base;
        const std::int64_t start = in_ms(at, unit, origin_us_);
        const std::int64_t length = av_rescale_q(packet.duration, unit, kMilliseconds);
        for (unsigned i = 0; i < decoded.num_rects; ++i) {
            if (decoded.rects[i]->ass == nullptr) continue;
            cues_.cues.push_back(
                {start, start + std::max<std::int64_t>(length, 0),
                 without_stand_ins(decoded.rects[i]->ass)}
            );
        }
        if (std::cmp_less_equal(cues_.cues.size(), limits.cues)) return {};
        return over_limit(
            "cues", limits.cues, fmt::format("there are more than {} subtitles", limits.cues)
        );
    }

    /// The same in UTF-8, as old files have old codings, and with stand-ins. In ISO media a length
    /// is in front of the text, and boxes may be behind it (TS 26.245, 5.17).
    Packet recoded(const AVPacket& packet) {
        const AVCodecID codec = codec_->codec_id;
        const bool is_iso = codec == AV_CODEC_ID_MOV_TEXT;
        const std::string_view bytes(
            reinterpret_cast<const char*>(packet.data), static_cast<std::size_t>(packet.size)
        );
        const std::size_t head = is_iso ? std::min<std::size_t>(2, bytes.size()) : 0;
        const std::size_t length =
            head == 2 ? std::size_t{packet.data[0]} << 8U | packet.data[1] : bytes.npos;
        const std::string_view text = bytes.substr(head, length);
        Utf8 read = as_utf8(text);
        is_guessed_ = is_guessed_ || read.is_guessed;
        if (codec != AV_CODEC_ID_ASS)
            read.text = with_stand_ins(read.text, codec == AV_CODEC_ID_SUBRIP);
        Packet other = make_packet();
        const auto rest = bytes.substr(head + text.size());
        const auto size = head + read.text.size() + rest.size();
        if (read.text == text || av_new_packet(other.get(), static_cast<int>(size)) < 0)
            return share(packet);
        av_packet_copy_props(other.get(), &packet);
        auto* at = other->data;
        if (head == 2) {
            at[0] = static_cast<std::uint8_t>(read.text.size() >> 8U);
            at[1] = static_cast<std::uint8_t>(read.text.size());
        }
        at = std::ranges::copy(read.text, at + head).out;
        std::ranges::copy(rest, at);
        return other;
    }

    /// Those without an end are shown until the next begins.
    void tell_ends() {
        constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
        std::int64_t at = kNever;    // where the cues that were seen last begin
        std::int64_t next = kNever;  // and those behind them
        for (Cue& cue : cues_.cues | std::views::reverse) {
            if (cue.start != at) next = std::exchange(at, cue.start);
            if (cue.end <= cue.start) cue.end = std::min(cue.start + kUntold, next);
        }
    }

    void tell_of_losses() {
        if (is_guessed_) {
            cues_.warnings.emplace_back("the subtitles are not UTF-8, and were read as Windows-1252"
            );
        }
        if (too_long_ > 0) {
            cues_.warnings.push_back(fmt::format(
                "subtitles of more than {} bytes were left out: {}", kLongestCue, too_long_
            ));
        }
        if (damaged_ > 0) {
            cues_.warnings.push_back(
                fmt::format("subtitles that could not be read were left out: {}", damaged_)
            );
        }
    }

    const Input& input_;
    const int stream_;
    const std::int64_t origin_us_;
    Result<> outcome_;
    CodecContext codec_;
    Cues cues_;
    std::int64_t bytes_ = 0;
    int too_long_ = 0;
    int damaged_ = 0;
    bool is_guessed_ = false;
};

/// Where only reading on tells that the end is reached, the pictures tell it too.
Result<> go_to(Input& input, std::vector<int> streams, double start) {
    const auto video = find_video(input);
    if (video && !input.tells_lengths()) streams.push_back(*video);
    input.read_only(streams);
    if (!video || start <= kLongestShown) return {};
    return input.seek(*video, start - kLongestShown);
}

Result<std::vector<Result<Cues>>> read_all(
    Input& input,
    const std::vector<int>& streams,
    std::int64_t origin_us,
    const Cut& cut,
    const std::function<void()>& moved
) {
    std::vector<std::unique_ptr<CueReader>> readers;
    for (const int stream : streams) {
        readers.push_back(std::make_unique<CueReader>(input, stream, origin_us));
        readers.back()->open();
    }
    TRY(go_to(input, streams, cut.start));
    while (const Packet packet = TRY(input.read())) {
        moved();
        const auto at = time_of(*packet);
        const AVRational unit = input.stream(packet->stream_index).time_base;
        const bool is_behind =
            cut.end && at != kNoTime &&
            static_cast<double>(in_ms(at, unit, origin_us)) > (*cut.end + kPatience) * 1000;
        if (is_behind) break;
        for (const auto& reader : readers)
            if (reader->stream() == packet->stream_index) reader->take(*packet);
    }
    std::vector<Result<Cues>> all;
    for (const auto& reader : readers) all.push_back(reader->finish());
    return all;
}

Result<std::string> read_whole(ByteSource& source, std::int64_t most) {
    std::string bytes;
    for (;;) {
        constexpr std::size_t kBlock = 1 << 20;
        const auto filled = bytes.size();
        bytes.resize(filled + kBlock);
        const auto room = std::as_writable_bytes(std::span(bytes).subspan(filled));
        const auto count = TRY(source.read_at(filled, room));
        bytes.resize(filled + count);
        if (std::cmp_greater(bytes.size(), most)) {
            return over_limit(
                "subtitle_bytes", most, fmt::format("the subtitles have more than {} bytes", most)
            );
        }
        if (count == 0) return bytes;
    }
}

/// What text of subtitles begins with, or has somewhere.
Result<Sniffed> sniff_text(std::string_view text) {
    const auto first = std::min(text.find_first_not_of(" \t\r\n"), text.size());
    const auto sniffed = [](std::string_view format, std::string_view demuxer) {
        return Sniffed{.family = Family::kMedia, .format = format, .demuxer = demuxer};
    };
    const std::string_view begin = text.substr(first, 8);
    if (begin.starts_with("WEBVTT")) return sniffed("vtt", "webvtt");
    if (to_lower(text.substr(0, kSniffBytes)).find("[script info]") != text.npos)
        return sniffed("ass", "ass");
    const bool is_markup = begin.starts_with("<");
    if (!is_markup && text.find("-->") != text.npos) return sniffed("srt", "srt");
    return Error{
        ErrorKind::kUnsupportedMedia,
        begin.empty()
            ? "the subtitles are empty"
            : "the subtitles are of a format that is not read here: give SRT, WebVTT or ASS",
        ""
    };
}

}  // namespace

std::string_view Cue::text() const {
    constexpr int kFieldsBefore = 8;
    std::size_t at = 0;
    for (int i = 0; i < kFieldsBefore; ++i) {
        const auto comma = event.find(',', at);
        if (comma == event.npos) return {};
        at = comma + 1;
    }
    return std::string_view(event).substr(at);
}

bool is_text(const AVStream& stream) {
    constexpr std::array kRead = {
        AV_CODEC_ID_SUBRIP, AV_CODEC_ID_ASS,  AV_CODEC_ID_MOV_TEXT,
        AV_CODEC_ID_WEBVTT, AV_CODEC_ID_TEXT,
    };
    return std::ranges::find(kRead, stream.codecpar->codec_id) != kRead.end();
}

Result<std::vector<Result<Cues>>> read_cues(
    const Input& input,
    const std::vector<int>& streams,
    const Cut& cut,
    const std::function<void()>& moved
) {
    const auto reader = TRY(input.reopen());
    return read_all(*reader, streams, input.origin_us(), cut, moved);
}

Result<Cues> read_subtitle_file(ByteSource& source, const Limits& limits) {
    Utf8 read = as_utf8(TRY(read_whole(source, limits.subtitle_bytes)));
    const Sniffed sniffed = TRY(sniff_text(read.text));
    int left_out = 0;
    if (sniffed.demuxer == "webvtt") {
        auto kept = webvtt_cues(read.text);
        read.text = std::move(kept.text);
        left_out = kept.left_out;
    }
    MemorySource text(std::as_bytes(std::span(read.text)));
    const auto input = TRY(Input::open(text, sniffed, limits));
    if (input->streams().empty())
        return Error{ErrorKind::kCorruptMedia, "the subtitles cannot be read", ""};
    auto all = TRY(read_all(*input, {0}, 0, {}, [] {}));
    Cues cues = TRY(std::move(all.front()));
    if (read.is_guessed)
        cues.warnings.emplace_back("the subtitles are not UTF-8, and were read as Windows-1252");
    if (read.has_lost_zeros)
        cues.warnings.emplace_back("zero bytes were left out of the subtitles: they may be damaged"
        );
    if (left_out > 0)
        cues.warnings.push_back(
            fmt::format("the times of {} subtitles cannot be read: they are left out", left_out)
        );
    if (cues.cues.empty() && sniffed.demuxer == "srt")
        return Error{ErrorKind::kCorruptMedia, "there are no subtitles in the file", ""};
    return cues;
}

std::vector<Cue> within(std::vector<Cue> cues, const Cut& cut) {
    const auto start = std::llround(cut.start * 1000);
    const auto end =
        cut.end ? std::llround(*cut.end * 1000) : std::numeric_limits<std::int64_t>::max();
    std::erase_if(cues, [&](const Cue& cue) {
        return cue.end <= start || cue.start >= end || cue.end <= cue.start;
    });
    for (Cue& cue : cues) {
        cue.start = std::max(cue.start, static_cast<std::int64_t>(start)) - start;
        cue.end = std::min(cue.end, static_cast<std::int64_t>(end)) - start;
    }
    return cues;
}

}  // namespace ittybit::media
