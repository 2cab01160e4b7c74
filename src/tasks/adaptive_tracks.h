#pragma once

#include <string>

#include "model/options.h"
#include "model/plan.h"
#include "tasks/source_facts.h"

/// The sounds and texts of a stream's plan: what viewers choose among.
namespace ittybit::tasks {

inline constexpr std::size_t kMostSounds = 16;  // of one stream

/// The group of sound at full rate, those of it at half, which goes with the lowest picture, and
/// those of several channels; that of the texts, and that of closed captions in the pictures.
inline constexpr std::string_view kSoundGroup = "audio";
inline constexpr std::string_view kLowSoundGroup = "audio-low";
inline constexpr std::string_view kSurroundGroup = "audio-surround";
inline constexpr std::string_view kTextGroup = "text";
inline constexpr std::string_view kCaptionGroup = "captions";

/// Adds all sounds of the source, the first as the default one: each in one format at two rates,
/// and in 5.1 what has as many channels. No playlist may be called like the main one, `stem`.
void add_sounds(
    Plan& plan,
    const SourceFacts& source,
    const AdaptiveVideoOptions& options,
    const std::string& stem
);

/// Adds all texts of the source, behind the sounds.
void add_texts(Plan& plan, const SourceFacts& source, const std::string& stem);

}  // namespace ittybit::tasks
