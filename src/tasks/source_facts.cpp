#include "tasks/source_facts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <queue>
#include <span>
#include <string_view>
#include <utility>

#include "base/presentable.h"
#include "media/channels.h"
#include "media/charset.h"
#include "media/decoder.h"
#include "media/timing.h"
#include "tasks/copy_check.h"
#include "tasks/reading.h"

namespace ittybit::tasks {
namespace {

using media::Input;

/// Every other tag is dropped: among them are places, dates, devices, serial numbers, software.
constexpr std::array<std::string_view, 16> kKeptTags = {
    "title",      "artist",        "album",   "album_artist", "composer",  "performer",
    "genre",      "track",         "disc",    "copyright",    "publisher", "show",
    "episode_id", "season_number", "network", "grouping",
};

constexpr std::size_t kLongestTag = 4096;  // bytes of UTF-8; what is longer is cut

/// RIFF, ID3v1 and their like do not say how their words are coded.
std::string tag(const AVDictionary* tags, const char* name) {
    const AVDictionaryEntry* entry = av_dict_get(tags, name, nullptr, 0);
    return entry != nullptr ? media::as_utf8(entry->value).text : "";
}

std::string language_of(const AVStream& stream) {
    const std::string language = tag(stream.metadata, "language");
    return language == "und" ? "" : language;
}

Purpose purpose_of(const AVStream& stream) {
    const auto is = [&](int flag) { return (stream.disposition & flag) != 0; };
    if (is(AV_DISPOSITION_COMMENT)) return Purpose::kCommentary;
    if (is(AV_DISPOSITION_VISUAL_IMPAIRED | AV_DISPOSITION_DESCRIPTIONS))
        return Purpose::kDescription;
    return is(AV_DISPOSITION_HEARING_IMPAIRED) ? Purpose::kHardOfHearing : Purpose::kMain;
}

TrackLabel label_of(const AVStream& stream) {
    constexpr std::size_t kLongest = 100;  // bytes
    std::string title = tag(stream.metadata, "title");
    // It stands on one line of a playlist, between quotation marks.
    std::erase_if(title, [](unsigned char letter) {
        return letter < ' ' || letter == 0x7F || letter == '"';
    });
    if (title.size() > kLongest) title.clear();
    const bool is_forced = (stream.disposition & AV_DISPOSITION_FORCED) != 0;
    return {std::move(title), purpose_of(stream), is_forced};
}

/// In some containers streams show themselves only when their first packet comes.
void read_only(Input& reader, int index) {
    if (static_cast<std::size_t>(index) < reader.streams().size())
        reader.read_only(std::array{index});
}

/// Where packets of a stream are presented, in seconds from the input's origin.
double seconds_of(const Input& input, const AVPacket& packet, const AVStream& stream) {
    const auto at = packet.pts != media::kNoTime ? packet.pts : packet.dts;
    return input.seconds(at, stream.time_base);
}

bool has_flag(const AVPacket& packet, int flag) {
    return (packet.flags & flag) != 0;
}

/// What a stream's packets tell, one after another.
class PacketWalk {
public:
    PacketWalk(const Input& input, const AVStream& stream) : input_(input), stream_(stream) {
        facts_.is_seamless = true;
    }

    void see(const AVPacket& packet) {
        const double at = seconds_of(input_, packet, stream_);
        facts_.is_seamless = facts_.is_seamless && follows(packet, at);
        if (facts_.packets == 0) first_pts_ = packet.pts;
        ++facts_.packets;
        facts_.bytes += packet.size;
        const bool is_hidden = has_flag(packet, AV_PKT_FLAG_DISCARD);
        if (!is_presented_ && is_hidden) ++facts_.hidden;
        if (!is_presented_ && !is_hidden) facts_.begin = at;
        is_presented_ |= !is_hidden;
        if (packet.dts != media::kNoTime) last_dts_ = packet.dts;
        begin_ = std::min(begin_, at);
        const double length = static_cast<double>(packet.duration) * av_q2d(stream_.time_base);
        end_ = std::max(end_, at + length);
        if (!media::is_key(packet)) return;
        if (has_key()) facts_.longest_key_gap = std::max(facts_.longest_key_gap, at - last_key_);
        last_key_ = at;
    }

    bool has_key() const { return !std::isnan(last_key_); }

    PacketFacts facts() const {
        PacketFacts facts = facts_;
        facts.longest_key_gap = std::max(facts.longest_key_gap, end_ - last_key_);
        facts.seconds = end_ - begin_;
        return facts;
    }

private:
    /// Whether it goes on where those before it ended, and has nothing that a copy could not keep.
    bool follows(const AVPacket& packet, double at) const {
        const bool is_first = facts_.packets == 0;
        const bool has_last = last_dts_ != media::kNoTime;
        // Matroska stores no decoding times; where some are known, so must be all that follow.
        const bool has_times =
            packet.pts != media::kNoTime && (packet.dts != media::kNoTime || !has_last);
        const bool is_in_order = !has_last || packet.dts > last_dts_;
        const AVCodecID coding = media::told_coding(packet);
        const bool is_other = coding != AV_CODEC_ID_NONE && coding != stream_.codecpar->codec_id;
        if (!has_times || !is_in_order || is_other || has_flag(packet, AV_PKT_FLAG_CORRUPT))
            return false;
        if (!is_first && changes(packet)) return false;
        // Before the first presented sample a container may hide some (priming); later it may not.
        const bool is_discarded = has_flag(packet, AV_PKT_FLAG_DISCARD);
        if (is_discarded && is_presented_) return false;
        const auto kind = stream_.codecpar->codec_type;
        if (kind == AVMEDIA_TYPE_VIDEO && (is_discarded || is_orphan(packet))) return false;
        // What has no times of its own closes up where something is missing.
        constexpr double kLongestHole = 0.1;
        return kind != AVMEDIA_TYPE_AUDIO || is_first || at <= end_ + kLongestHole;
    }

    static bool changes(const AVPacket& packet) {
        return av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, nullptr) != nullptr ||
               av_packet_get_side_data(&packet, AV_PKT_DATA_PARAM_CHANGE, nullptr) != nullptr;
    }

    /// Of a recording that was cut open: pictures whose references are missing come first.
    bool is_orphan(const AVPacket& packet) const {
        return facts_.packets == 0 ? !media::is_key(packet) : packet.pts < first_pts_;
    }

    const Input& input_;
    const AVStream& stream_;
    PacketFacts facts_;
    double begin_ = std::numeric_limits<double>::infinity();
    double end_ = -std::numeric_limits<double>::infinity();
    double last_key_ = std::numeric_limits<double>::quiet_NaN();
    std::int64_t last_dts_ = media::kNoTime;
    std::int64_t first_pts_ = media::kNoTime;
    bool is_presented_ = false;
};

}  // namespace

PictureFacts picture_facts(const Input& input, int index) {
    const AVStream& stream = input.stream(index);
    const AVCodecParameters& codec = *stream.codecpar;
    const AVRational aspect = media::sample_aspect_of(input, stream);
    const AVRational fps = media::frame_rate_of(input, stream);
    PictureFacts facts;
    facts.stream = index;
    facts.codec = avcodec_get_name(codec.codec_id);
    facts.profile = codec.profile;
    facts.level = codec.level;
    facts.format = static_cast<AVPixelFormat>(codec.format);
    facts.stored = media::stored_size_of(input, stream);
    facts.is_cropped = input.crop(index) != media::Crop{};
    facts.display = media::display_size_of(input, stream);
    facts.has_square_pixels = aspect.num == aspect.den && !media::has_absurd_aspect(input, stream);
    facts.orientation = media::orientation_of(stream);
    facts.fps = {fps.num, fps.den};
    facts.is_steady = media::is_steady(stream);
    facts.is_irregular = media::is_irregular(stream);
    facts.is_interlaced = codec.field_order > AV_FIELD_PROGRESSIVE;
    facts.has_alpha = media::has_alpha(stream);
    facts.hdr = media::hdr_of(stream);
    facts.primaries = codec.color_primaries;
    facts.transfer = codec.color_trc;
    facts.matrix = codec.color_space;
    facts.range = codec.color_range;
    facts.language = language_of(stream);
    facts.told_end = input.told_end(index);
    return facts;
}

SoundFacts sound_facts(const Input& input, int index) {
    const AVStream& stream = input.stream(index);
    const AVCodecParameters& codec = *stream.codecpar;
    SoundFacts facts;
    facts.stream = index;
    facts.codec = avcodec_get_name(codec.codec_id);
    facts.profile = codec.profile;
    facts.channels = std::max(1, codec.ch_layout.nb_channels);
    AVChannelLayout layout = {};
    av_channel_layout_copy(&layout, &codec.ch_layout);
    media::name_channels(layout);
    std::array<char, 128> text{};
    av_channel_layout_describe(&layout, text.data(), text.size());
    av_channel_layout_uninit(&layout);
    facts.layout = text.data();
    facts.sample_rate = codec.sample_rate > 0 ? codec.sample_rate : 48000;
    facts.format = static_cast<AVSampleFormat>(codec.format);
    facts.bits =
        codec.bits_per_raw_sample > 0 ? codec.bits_per_raw_sample : codec.bits_per_coded_sample;
    const AVCodecDescriptor* about = avcodec_descriptor_get(codec.codec_id);
    facts.is_lossless = about != nullptr && (about->props & AV_CODEC_PROP_LOSSLESS) != 0;
    facts.language = language_of(stream);
    facts.label = label_of(stream);
    facts.told_end = input.told_end(index);
    return facts;
}

TextFacts text_facts(const Input& input, int index) {
    const AVStream& stream = input.stream(index);
    TextFacts facts;
    facts.stream = index;
    facts.codec = avcodec_get_name(stream.codecpar->codec_id);
    facts.language = language_of(stream);
    facts.label = label_of(stream);
    if (stream.nb_frames > 0) facts.cues = stream.nb_frames;
    return facts;
}

json::object kept_metadata(const Input& input) {
    json::object kept;
    const auto keep_from = [&](const AVDictionary* tags) {
        for (const std::string_view name : kKeptTags) {
            const auto value = presentable(tag(tags, std::string(name).c_str()), kLongestTag);
            if (!value.empty() && !kept.contains(name)) kept[name] = value;
        }
    };
    keep_from(input.format().metadata);
    // Ogg keeps the tags of a piece with its stream.
    for (const AVStream* stream : input.streams()) {
        if (stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO && input.streams().size() == 1)
            keep_from(stream->metadata);
    }
    return kept;
}

Result<PacketFacts> packet_facts(const Input& input, int index) {
    const auto reader = TRY(input.reopen());
    read_only(*reader, index);
    const AVStream& stream = input.stream(index);
    PacketWalk walk(input, stream);
    CopyCheck check(*stream.codecpar);
    while (const auto packet = TRY(reader->read())) {
        if (packet->stream_index != index) continue;
        check.see(*packet);
        walk.see(*packet);
    }
    PacketFacts facts = walk.facts();
    if (facts.packets == 0 || !walk.has_key()) return PacketFacts{};
    // Parts of a joined recording may have headers of their own.
    if (reader->is_patched() || reader->left_out() > 0) facts.is_seamless = false;
    if (TRY(reader->part_between_frames()) > 0) facts.is_seamless = false;
    if (facts.is_seamless) facts.is_seamless = TRY(check.decodes(input, index));
    return facts;
}

namespace {

/// The shortest step that is common: the mean of those around it. Steps are in order of length.
double common_step(std::span<const double> steps) {
    constexpr double kSpread = 1.6;   // of one step, by jitter
    constexpr double kCommon = 0.02;  // of all steps
    const auto least = std::max<std::size_t>(
        2, static_cast<std::size_t>(kCommon * static_cast<double>(steps.size()))
    );
    for (std::size_t first = 0; first < steps.size(); ++first) {
        std::size_t last = first;
        double sum = 0;
        while (last < steps.size() && steps[last] <= kSpread * steps[first]) sum += steps[last++];
        if (last - first >= least) return sum / static_cast<double>(last - first);
    }
    return steps.empty() ? 0 : steps.front();
}

}  // namespace

Result<Ratio> fastest_rate(const Input& input, int index) {
    constexpr std::size_t kMost = 50'000;      // pictures that are looked at
    constexpr double kLeastStep = 1.0 / 1000;  // less is no step
    const auto reader = TRY(input.reopen());
    read_only(*reader, index);
    const AVStream& stream = input.stream(index);
    std::vector<double> times;
    double end = 0;
    while (times.size() < kMost) {
        const auto packet = TRY(reader->read());
        if (packet == nullptr) break;
        if (packet->stream_index != index || (packet->flags & AV_PKT_FLAG_DISCARD) != 0) continue;
        times.push_back(seconds_of(input, *packet, stream));
        end = times.back() + static_cast<double>(packet->duration) * av_q2d(stream.time_base);
    }
    if (input.tells_lengths() && times.size() < kMost) times.push_back(end);
    std::ranges::sort(times);
    std::vector<double> steps;
    for (std::size_t i = 1; i < times.size(); ++i)
        if (times[i] - times[i - 1] >= kLeastStep) steps.push_back(times[i] - times[i - 1]);
    std::ranges::sort(steps);
    const double step = common_step(steps);
    if (step <= 0) return Ratio{};
    const AVRational rate = av_d2q(1 / step, 100'000);
    return Ratio{rate.num, rate.den};
}

Result<std::optional<double>> end_of_pictures(
    const Input& input, std::span<const int> streams, double start, std::int64_t count
) {
    const auto reader = TRY(input.reopen());
    const int index = streams.front();
    reader->read_only(streams);
    const bool is_there = static_cast<std::size_t>(index) < reader->streams().size();
    if (is_there) TRY(seek_to_start(*reader, start, index));
    const AVStream& stream = reader->stream(index);
    double first = std::numeric_limits<double>::infinity();
    bool has_one_before = false;
    // The smallest count + 1 times so far; pictures are decoded up to a few seconds out of order.
    std::priority_queue<double> times;
    const double slack = 0.5 * av_q2d(stream.time_base);
    while (const auto packet = TRY(reader->read())) {
        if (packet->stream_index != index || (packet->flags & AV_PKT_FLAG_DISCARD) != 0) continue;
        const bool is_full = times.size() > static_cast<std::size_t>(count);
        if (is_full && packet->dts != media::kNoTime &&
            input.seconds(packet->dts, stream.time_base) > times.top() + 2)
            break;
        const double at = seconds_of(input, *packet, stream);
        if (at < start - slack) {
            has_one_before = true;
            continue;
        }
        first = std::min(first, at);
        if (!is_full) {
            times.push(at);
        } else if (at < times.top()) {
            times.pop();
            times.push(at);
        }
    }
    const bool is_one_shown = has_one_before && first > start + media::kMostEarly;
    const auto wanted = static_cast<std::size_t>(is_one_shown ? count : count + 1);
    if (times.size() < wanted) return std::optional<double>{};
    if (times.size() > wanted) times.pop();
    return std::optional<double>(times.top());
}

}  // namespace ittybit::tasks
