#pragma once

#include <functional>
#include <map>

#include "media/input.h"
#include "media/sink.h"
#include "model/plan.h"

/// Reading the part of an input that a plan uses.
namespace ittybit::tasks {

/// Where packets go, by the streams of the input that they are of.
using PacketSinks = std::map<int, media::Sink<media::Packet>*>;

/// Goes to where reading must begin for what starts at `start`: to the last key frame of a stream
/// before it, with room for decoders to find in; to the front when the container cannot seek.
/// It may have been read before. Errors: as media::Input::seek.
Result<> seek_to_start(media::Input& input, double start, int stream);

/// Reads a container from the window's start to its end, for these sinks. Each packet is shown to
/// `see`, which ends the reading where it says true. The first stream leads to the start. Errors:
/// as media::pump.
Result<> read_window(
    media::Input& input,
    const Window& window,
    int first_stream,
    const PacketSinks& sinks,
    const std::function<bool(const AVPacket&)>& see
);

}  // namespace ittybit::tasks
