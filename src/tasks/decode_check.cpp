#include "tasks/decode_check.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "media/decoder.h"
#include "media/input.h"
#include "model/error_kinds.h"
#include "model/sniff.h"

namespace ittybit::tasks {
namespace {

using conformance::Files;
using manifest::MediaPlaylist;
using manifest::rule;

constexpr int kThreads = 2;
constexpr std::string_view kUndecodable = "a picture or packet of sound does not decode";

/// An initialization section and the segments behind it as the one file that they make together.
class JoinedSource : public ByteSource {
public:
    explicit JoinedSource(Files& files) : files_(files) {}

    void add(const std::string& uri, const std::optional<manifest::ByteRange>& range) {
        if (files_.presence(uri) != Files::Presence::kThere) return;
        const auto size = files_.size(uri);
        const auto offset = range ? std::min(range->offset, size) : 0;
        const auto length = range ? std::min(range->length, size - offset) : size;
        if (length == 0) return;
        pieces_.push_back({uri, offset, length, size_});
        size_ += length;
    }

    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        const auto at = static_cast<std::int64_t>(std::min<std::uint64_t>(offset, INT64_MAX));
        const auto behind = std::ranges::upper_bound(pieces_, at, {}, &Piece::begin);
        if (behind == pieces_.begin() || at >= size_) return std::size_t{0};
        const auto& piece = *std::prev(behind);
        const auto inside = at - piece.begin;
        const auto length = std::min(piece.length - inside, std::ssize(out));
        const auto bytes = TRY(files_.read(piece.uri, piece.offset + inside, length));
        std::memcpy(out.data(), bytes.data(), bytes.size());
        return bytes.size();
    }
    std::optional<std::uint64_t> size() override { return static_cast<std::uint64_t>(size_); }

private:
    struct Piece {
        std::string uri;
        std::int64_t offset = 0;
        std::int64_t length = 0;
        std::int64_t begin = 0;  // in the whole
    };
    Files& files_;
    std::vector<Piece> pieces_;
    std::int64_t size_ = 0;
};

/// Decodes the media of one playlist.
class PlaylistDecoding {
public:
    PlaylistDecoding(
        const MediaPlaylist& playlist,
        Files& files,
        const Limits& limits,
        manifest::Report& report,
        const std::function<void(double)>& progress
    )
        : playlist_(playlist),
          files_(files),
          limits_(limits),
          report_(report),
          progress_(progress) {}

    Result<> decode() {
        auto first = playlist_.segments.begin();
        while (first != playlist_.segments.end()) {
            const auto end =
                std::find_if(std::next(first), playlist_.segments.end(), [&](const auto& segment) {
                    return segment.is_discontinuity || segment.map != first->map;
                });
            TRY(decode_run({first, end}));
            for (; first != end; ++first) begin_ += first->duration;
        }
        return {};
    }

private:
    using Segments = std::span<const manifest::Segment>;

    /// Segments that one decoder can go through.
    Result<> decode_run(Segments segments) {
        const bool is_clear = std::ranges::all_of(segments, [&](const auto& segment) {
            return segment.encryption == manifest::Encryption::kNone || is_decrypted(segment);
        });
        JoinedSource source(files_);
        if (const auto map = segments.front().map)
            source.add(playlist_.maps[*map].uri, playlist_.maps[*map].range);
        for (const auto& segment : segments)
            if (!segment.is_gap) source.add(segment.uri, segment.range);
        if (!is_clear || source.size() == 0U) return {};
        const auto input = open(source);
        if (!input) return note(segments.front(), input.error());
        return decode_all(**input, segments);
    }

    bool is_decrypted(const manifest::Segment& segment) {
        return segment.encryption == manifest::Encryption::kAes128 &&
               files_.presence(segment.uri) == Files::Presence::kThere &&
               files_.encrypted_size(segment.uri);
    }

    Result<std::unique_ptr<media::Input>> open(ByteSource& source) {
        const auto sniffed = TRY(sniff(source));
        return media::Input::open(source, sniffed, limits_);
    }

    /// What cannot be decoded is a finding; what cannot be read is an error.
    Result<> note(const manifest::Segment& segment, const Error& error) {
        if (!is_of_media(error.kind)) return error;
        report_.add(rule("decodes"), playlist_.at(segment), error.message);
        return {};
    }

    Result<> decode_all(media::Input& input, Segments segments) {
        std::vector<std::unique_ptr<media::Decoder>> decoders(input.streams().size());
        std::vector<int> wanted;
        for (const auto* stream : input.streams()) {
            const auto type = stream->codecpar->codec_type;
            if ((type != AVMEDIA_TYPE_VIDEO && type != AVMEDIA_TYPE_AUDIO) ||
                !media::is_decodable(*stream))
                continue;
            decoders[static_cast<std::size_t>(stream->index)] = TRY(media::Decoder::open(
                input, stream->index, {.threads = kThreads, .is_strict = true}, nowhere_
            ));
            wanted.push_back(stream->index);
        }
        input.read_only(wanted);
        double time = 0;  // of the last packet, from where the media begins
        for (;;) {
            auto packet = TRY(input.read());
            if (packet == nullptr) break;
            const auto index = static_cast<std::size_t>(packet->stream_index);
            if (index >= decoders.size() || decoders[index] == nullptr) continue;
            if (packet->pts != AV_NOPTS_VALUE) {
                const auto base = input.stream(packet->stream_index).time_base;
                time = input.seconds(packet->pts, base);
            }
            tell(begin_ + time);
            const auto before = decoders[index]->damaged();
            TRY(decoders[index]->push(std::move(packet)));
            if (decoders[index]->damaged() > before) note_damage(segments, time, kUndecodable);
        }
        if (input.gave_up())
            note_damage(segments, time, "what follows the damage here could not be read");
        for (const auto& decoder : decoders) {
            if (decoder == nullptr) continue;
            const auto before = decoder->damaged();
            if (const auto finished = decoder->finish(); !finished)
                TRY(note(segments.front(), finished.error()));
            if (decoder->damaged() > before) note_damage(segments, 1e18, kUndecodable);
        }
        return {};
    }

    /// `time`: seconds from the first of these segments.
    void note_damage(Segments segments, double time, std::string_view what) {
        double end = 0;
        for (const auto& segment : segments) {
            end += segment.duration;
            if (time >= end && &segment != &segments.back()) continue;
            report_.add(rule("decodes"), {segment.uri, {}, {}}, std::string(what));
            return;
        }
    }

    void tell(double time) {
        using namespace std::chrono_literals;
        const auto now = std::chrono::steady_clock::now();
        if (now - told_ < 500ms) return;
        told_ = now;
        progress_(std::clamp(time / std::max(playlist_.duration(), 1.0), 0.0, 1.0));
    }

    const MediaPlaylist& playlist_;
    Files& files_;
    const Limits& limits_;
    manifest::Report& report_;
    const std::function<void(double)>& progress_;
    media::Nowhere<media::Frame> nowhere_;
    double begin_ = 0;  // seconds, of the segments that are decoded now
    std::chrono::steady_clock::time_point told_;
};

}  // namespace

Result<> check_decoding(
    const conformance::Stream& stream,
    Files& files,
    const Limits& limits,
    manifest::Report& report,
    const std::function<void(double)>& progress
) {
    double done = 0;
    const auto all = static_cast<double>(stream.playlists.size());
    for (const auto& [uri, playlist] : stream.playlists) {
        const auto* rendition = stream.rendition(uri);
        const bool has_media = rendition != nullptr && (rendition->picture || rendition->sound);
        if (has_media && !playlist.is_frames_only && !playlist.segments.empty())
            TRY(PlaylistDecoding(playlist, files, limits, report, [&](double part) {
                    progress((done + part) / all);
                }).decode());
        ++done;
    }
    return {};
}

}  // namespace ittybit::tasks
