#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conformance/boxes.h"
#include "conformance/picture.h"
#include "manifest/report.h"

namespace ittybit::conformance {

/// Ticks. No stream has a later time, and sums of it and of all samples stay far from overflow.
inline constexpr std::int64_t kLatest = std::int64_t{1} << 60;

/// What `trex` and `tfhd` say where a sample says nothing.
struct SampleDefaults {
    std::uint32_t duration = 0;
    std::uint32_t size = 0;
    std::uint32_t flags = 0;
};

/// One track of an initialization section.
struct Track {
    std::uint32_t id = 0;
    std::uint32_t timescale = 0;
    std::string handler;  // "vide", "soun"
    std::string entry;    // the sample entry: "avc1"; of encrypted ones what it was before
    std::string codec;    // RFC 6381; the entry where nothing more is known
    int entries = 1;      // in stsd
    bool is_encrypted = false;
    bool is_dolby = false;  // has a configuration of Dolby Vision
    SampleDefaults defaults;

    std::int64_t width = 0;  // of the sample entry
    std::int64_t height = 0;
    std::optional<PictureFacts> picture;  // of the first parameter set
    int references = 1;                   // in dref
    int nal_length = 0;                   // bytes of a NAL unit's length; 0: no NAL units
    std::vector<std::vector<std::uint8_t>> parameter_sets;
    std::optional<int> transfer;  // of the pictures or the colr box
    std::int64_t aspect_width = 1;
    std::int64_t aspect_height = 1;

    int channels = 0;
    int rate = 0;  // Hz of the sound, as the sample entry says
    std::optional<AudioConfig> audio;

    std::int64_t skipped = 0;  // ticks that the edit list cuts away in front
    double delay = 0;          // seconds that the edit list puts in front
    bool has_edits = false;

    bool is_picture() const { return handler == "vide"; }
    bool is_sound() const { return handler == "soun"; }
    double seconds(std::int64_t ticks) const {
        return timescale > 0 ? static_cast<double>(ticks) / timescale : 0;
    }
};

/// An initialization section (HLS 3.1.1).
struct Init {
    std::string file;
    std::vector<std::string> brands;
    std::vector<Track> tracks;

    const Track* track(std::uint32_t id) const;
    bool has_brand(std::string_view brand) const;
};

/// Reads `bytes` of `file` and reports what is wrong with them.
Init read_init(Bytes bytes, const std::string& file, manifest::Report& report);

}  // namespace ittybit::conformance
