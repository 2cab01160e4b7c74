#include "tasks/stream_reading.h"

#include <algorithm>

#include "media/decoder.h"
#include "tasks/joined_alpha.h"
#include "tasks/told_colours.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::Packet;
using media::Sink;

/// Audio packets waiting for their thread: they are small, and badly interleaved files have many.
constexpr std::size_t kSoundPackets = 512;

/// But for the number of threads.
bool gives_the_same(const PlannedRead& one, PlannedRead other) {
    other.threads = one.threads;
    return one == other;
}

}  // namespace

Taps& StreamReading::taps_of(const PlannedRead& read) {
    const auto known = std::ranges::find_if(tapped_, [&](const Tapped& tapped) {
        return gives_the_same(tapped.read, read);
    });
    if (known == tapped_.end()) {
        tapped_.push_back({read});
        return tapped_.back().taps;
    }
    known->read.threads = std::max(known->read.threads, read.threads);
    return known->taps;
}

Result<PacketSinks> StreamReading::open() {
    PacketSinks sinks;
    for (Tapped& tapped : tapped_) TRY(decode(tapped, sinks));
    return sinks;
}

Result<> StreamReading::decode(Tapped& tapped, PacketSinks& sinks) {
    const auto& [read, taps] = tapped;
    media::Input& input = *job_.media;
    std::vector<Sink<Packet>*> packets = taps.packets;
    if (!taps.frames.empty()) {
        Sink<Frame>* next = TRY(add_told_colours(pipeline_, job_, joined(pipeline_, taps.frames)));
        const media::DecoderOptions options{.threads = read.threads};
        const AVStream& stream = input.stream(read.stream);
        if (read.alpha) {
            auto& both = pipeline_.make<JoinedAlpha>(
                stream.time_base, input.stream(*read.alpha).time_base, *next
            );
            auto alpha = TRY(media::Decoder::open(input, *read.alpha, options, both.alpha()));
            sinks[*read.alpha] = &pipeline_.add(std::move(alpha));
            next = &both.colour();
        }
        Sink<Packet>* decoder =
            &pipeline_.add(TRY(media::Decoder::open(input, read.stream, options, *next)));
        if (stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
            decoder = &pipeline_.detach<Packet>(kSoundPackets, *decoder);
        packets.push_back(decoder);
    }
    if (!packets.empty()) sinks[read.stream] = &joined(pipeline_, packets);
    return {};
}

media::Intake& StreamReading::take_in(const media::Cut& cut) {
    return intake_.emplace(*job_.media, cut);
}

}  // namespace ittybit::tasks
