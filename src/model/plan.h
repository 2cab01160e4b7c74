#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/json.h"
#include "base/result.h"
#include "model/encoding.h"
#include "model/geometry.h"
#include "model/placement.h"

/// What one media operation will do, as a value: decided from facts and options, printed by
/// `--explain`, read back by whoever does it. Free of the libraries' types: both executables know
/// it.
///
///     reads ──▶ pictures {treatment, cadence} ──▶ branches {steps, encoder} ──▶ tracks of outputs
///          ├──▶ sounds   {mix, resample}      ──▶ branches {encoder}        ──▶ tracks of outputs
///          └──▶ texts    {burnt into pictures, or in a form that goes}       ──▶ tracks of outputs
namespace ittybit {

struct Ratio {
    int num = 0;
    int den = 1;
    double value() const { return den > 0 ? static_cast<double>(num) / den : 0; }
    static constexpr auto kFields = Fields{
        Field{&Ratio::num, "num", ""},
        Field{&Ratio::den, "den", ""},
    };
    bool operator==(const Ratio&) const = default;
};

/// The part of the inputs that is used, in seconds from their origin.
struct Window {
    double start = 0;
    std::optional<double> end = {};       // nothing: the input's end
    std::optional<double> duration = {};  // of the outputs, when known
    static constexpr auto kFields = Fields{
        Field{&Window::start, "start", ""},
        Field{&Window::end, "end", ""},
        Field{&Window::duration, "duration", ""},
    };
    bool operator==(const Window&) const = default;
};

/// How an input is read.
enum class ReadAs { kStream, kAnimation, kFrame, kPicture, kText, kPieces };
constexpr auto names(ReadAs) {
    return std::array{
        Name{ReadAs::kStream, "stream", "demuxed and decoded, within the window"},
        Name{ReadAs::kAnimation, "animation", "the frames of an animated WebP"},
        Name{ReadAs::kFrame, "frame", "the one frame on screen at the window's start"},
        Name{ReadAs::kPicture, "picture", "a still picture"},
        Name{ReadAs::kText, "text", "subtitles: a file, or a stream, before all else"},
        Name{ReadAs::kPieces, "pieces", "a picture encoded before, piece behind piece"},
    };
}

struct PlannedRead {
    int input = 0;  // its place in Assignment.inputs
    ReadAs as = ReadAs::kStream;
    int stream = 0;                 // of the container; of a picture its page; of a subtitle file 0
    std::optional<int> alpha = {};  // the stream that has the transparency of this one
    int threads = 1;                // of the decoder
    bool is_still = false;          // frame: all there is, and no damage is let pass
    bool is_cover = false;          // picture: attached to the input
    int shrink_by = 1;              // picture: how much smaller the decoder may make it

    static constexpr auto kFields = Fields{
        Field{&PlannedRead::input, "input", ""},
        Field{&PlannedRead::as, "as", ""},
        Field{&PlannedRead::stream, "stream", ""},
        Field{&PlannedRead::alpha, "alpha", ""}.or_absent(),
        Field{&PlannedRead::threads, "threads", ""},
        Field{&PlannedRead::is_still, "still", ""},
        Field{&PlannedRead::is_cover, "cover", ""},
        Field{&PlannedRead::shrink_by, "shrink_by", ""},
    };
    bool operator==(const PlannedRead&) const = default;
};

/// One filter of libavfilter, or one step of libvips, and its options, all made by us: no text of
/// a user is ever in them.
struct FilterStep {
    std::string filter;
    json::object options;
    static constexpr auto kFields = Fields{
        Field{&FilterStep::filter, "filter", ""},
        Field{&FilterStep::options, "options", ""},
    };
    bool operator==(const FilterStep&) const = default;
};

/// What of a decoded picture decides how it must be treated; libav's names.
struct DecodedShape {
    Size size;
    std::string format;
    std::string matrix;
    std::string range;
    std::string primaries;
    std::string transfer;
    bool is_interlaced = false;
    static constexpr auto kFields = Fields{
        Field{&DecodedShape::size, "size", ""},
        Field{&DecodedShape::format, "format", ""},
        Field{&DecodedShape::matrix, "matrix", ""},
        Field{&DecodedShape::range, "range", ""},
        Field{&DecodedShape::primaries, "primaries", ""},
        Field{&DecodedShape::transfer, "transfer", ""},
        Field{&DecodedShape::is_interlaced, "interlaced", ""},
    };
    bool operator==(const DecodedShape&) const = default;
};

/// What decoded pictures become: upright, square pixels, progressive, SDR, in one format and of
/// exactly one size. `steps` are the filters for pictures as the headers describe them; to others
/// (a change of size in mid-stream, fields that no header told of) the same is done.
struct Treatment {
    Placement placement;  // of the picture as shown, after turning
    bool is_mirrored = false;
    int rotation = 0;
    bool is_field_rate = false;     // a picture from each field, where there are fields
    std::string format;             // libav's name: yuv420p, limited range; rgb24, rgba, full range
    PictureColour colour;           // of yuv420p
    Colour padding;                 // around the picture
    std::optional<Colour> flatten;  // what transparency is laid on; nothing: it is kept
    bool has_alpha = false;
    DecodedShape shape = {};
    std::vector<FilterStep> steps = {};

    static constexpr auto kFields = Fields{
        Field{&Treatment::placement, "placement", ""},
        Field{&Treatment::is_mirrored, "mirrored", ""},
        Field{&Treatment::rotation, "rotation", ""},
        Field{&Treatment::is_field_rate, "field_rate", ""},
        Field{&Treatment::format, "format", ""},
        Field{&Treatment::colour, "colour", ""},
        Field{&Treatment::padding, "padding", ""},
        Field{&Treatment::flatten, "flatten", ""}.or_absent(),
        Field{&Treatment::has_alpha, "alpha", ""},
        Field{&Treatment::shape, "shape", ""},
        Field{&Treatment::steps, "steps", ""},
    };
    bool operator==(const Treatment&) const = default;
};

/// The clock of pictures: `ticks` a second, and the nominal rate whose grid near times snap to.
struct PlannedClock {
    int ticks = 90000;
    Ratio fps;     // 0: none
    int grid = 1;  // ticks; pictures begin at its multiples
    static constexpr auto kFields = Fields{
        Field{&PlannedClock::ticks, "ticks", ""},
        Field{&PlannedClock::fps, "fps", ""},
        Field{&PlannedClock::grid, "grid", ""},
    };
    bool operator==(const PlannedClock&) const = default;
};

/// A constant rate: for each instant the nearest picture, repeated or left out.
struct PlannedCadence {
    bool is_first = false;  // before the treatment, which is saved for what is left out
    int key_seconds = 0;    // a key frame at or after each multiple; 0: where the encoder likes
    int key_grid = 1;       // of how many pictures one may be a key frame
    static constexpr auto kFields = Fields{
        Field{&PlannedCadence::is_first, "first", ""},
        Field{&PlannedCadence::key_seconds, "key_seconds", ""},
        Field{&PlannedCadence::key_grid, "key_grid", ""},
    };
    bool operator==(const PlannedCadence&) const = default;
};

inline constexpr int kMostInstants = 10'000;

/// Not one picture but many: what is on screen at the window's start, and at every step behind it
/// while there are pictures.
struct PlannedInstants {
    double interval = 1;           // seconds
    std::optional<int> most = {};  // pictures; nothing: nobody knows where the input ends
    static constexpr auto kFields = Fields{
        Field{&PlannedInstants::interval, "interval", ""}.between(0.1, 3600),
        Field{&PlannedInstants::most, "most", ""}.between(1, kMostInstants).or_absent(),
    };
    bool operator==(const PlannedInstants&) const = default;
};

inline constexpr int kMostTiles = 10;       // in a row and in a column
inline constexpr int kLongestSheet = 4096;  // pixels a side of several tiles: every device shows it

/// Pictures as the tiles of one sheet after the other, row by row.
struct PlannedSheet {
    int columns = 1;
    int rows = 1;  // fewer on the last one
    static constexpr auto kFields = Fields{
        Field{&PlannedSheet::columns, "columns", ""}.between(1, kMostTiles),
        Field{&PlannedSheet::rows, "rows", ""}.between(1, kMostTiles),
    };
    bool operator==(const PlannedSheet&) const = default;
};

/// What a track is for, where several say the same.
enum class Purpose { kMain, kCommentary, kDescription, kHardOfHearing };
constexpr auto names(Purpose) {
    return std::array{
        Name{Purpose::kMain, "main", ""},
        Name{Purpose::kCommentary, "commentary", "about the film"},
        Name{Purpose::kDescription, "description", "sound: tells what is seen"},
        Name{Purpose::kHardOfHearing, "hard_of_hearing", "clear speech; subtitles of all sounds"},
    };
}

/// How players of a stream tell a sound or a text from others.
struct PlannedRendition {
    std::string group;  // of those among which players choose
    std::string label;  // for people; no other of the group has it
    Purpose purpose = Purpose::kMain;
    bool is_default = false;    // taken until somebody chooses
    bool is_automatic = false;  // may be taken for its language
    bool is_forced = false;     // text that must be read to understand the film
    static constexpr auto kFields = Fields{
        Field{&PlannedRendition::group, "group", ""},
        Field{&PlannedRendition::label, "label", ""},
        Field{&PlannedRendition::purpose, "purpose", ""},
        Field{&PlannedRendition::is_default, "default", ""},
        Field{&PlannedRendition::is_automatic, "automatic", ""},
        Field{&PlannedRendition::is_forced, "forced", ""},
    };
    bool operator==(const PlannedRendition&) const = default;
};

/// Where packets go. An output's tracks are in the order of the plan: pictures, sounds, texts.
struct PlannedTrack {
    int output = 0;                   // its place in Plan.outputs
    std::string name;                 // of a rendition: its files' names begin with it
    std::string language;             // as the source says it
    std::optional<Ratio> frame_rate;  // told where every picture lasts as long as it says
    std::optional<PlannedRendition> rendition = {};  // of the sounds and texts of a stream
    static constexpr auto kFields = Fields{
        Field{&PlannedTrack::output, "output", ""},
        Field{&PlannedTrack::name, "name", ""},
        Field{&PlannedTrack::language, "language", ""},
        Field{&PlannedTrack::frame_rate, "frame_rate", ""}.or_absent(),
        Field{&PlannedTrack::rendition, "rendition", ""}.or_absent(),
    };
    bool operator==(const PlannedTrack&) const = default;
};

/// What the inputs present of a track within the window, by their own tables; what they do not say
/// is absent.
struct Expectation {
    std::optional<double> seconds = {};
    std::optional<std::int64_t> pictures = {};
    static constexpr auto kFields = Fields{
        Field{&Expectation::seconds, "seconds", ""},
        Field{&Expectation::pictures, "pictures", ""}.or_absent(),
    };
    bool operator==(const Expectation&) const = default;
};

/// Pictures on their way into one track, by one of the encoders.
struct PictureBranch {
    int every = 1;                  // of the treated pictures
    std::vector<FilterStep> steps;  // from the branch before to this one; of an image, libvips'
    std::optional<PictureEncoding> encoding;
    std::optional<GifSettings> gif;
    std::optional<AnimationSettings> webp;
    std::optional<SaveSettings> image;
    std::optional<PlannedSheet> sheet;  // of images; nothing: each has a file
    PlannedTrack track;
    static constexpr auto kFields = Fields{
        Field{&PictureBranch::every, "every", ""},
        Field{&PictureBranch::steps, "steps", ""},
        Field{&PictureBranch::encoding, "encoding", ""}.or_absent(),
        Field{&PictureBranch::gif, "gif", ""}.or_absent(),
        Field{&PictureBranch::webp, "webp", ""}.or_absent(),
        Field{&PictureBranch::image, "image", ""}.or_absent(),
        Field{&PictureBranch::sheet, "sheet", ""}.or_absent(),
        Field{&PictureBranch::track, "track", ""},
    };
    bool operator==(const PictureBranch&) const = default;
};

/// One stream of pictures: copied into a track, or treated once and encoded in each branch.
struct PicturePlan {
    int read = 0;                        // its place in Plan.reads
    std::string why_encoded;             // empty when copied
    std::optional<PlannedTrack> copied;  // then nothing below matters but what is expected
    Treatment treatment;
    PlannedClock clock;
    std::optional<PlannedCadence> cadence;    // nothing: the source's own times
    std::optional<PlannedInstants> instants;  // of images; nothing: one
    std::optional<std::int64_t> most_frames;  // of the source, not counted by a cadence
    std::vector<PictureBranch> branches;      // best first: each is scaled from the one before
    Expectation expects;
    static constexpr auto kFields = Fields{
        Field{&PicturePlan::read, "read", ""},
        Field{&PicturePlan::why_encoded, "why_encoded", ""},
        Field{&PicturePlan::copied, "copied", ""}.or_absent(),
        Field{&PicturePlan::treatment, "treatment", ""},
        Field{&PicturePlan::clock, "clock", ""},
        Field{&PicturePlan::cadence, "cadence", ""}.or_absent(),
        Field{&PicturePlan::instants, "instants", ""}.or_absent(),
        Field{&PicturePlan::most_frames, "most_frames", ""}.or_absent(),
        Field{&PicturePlan::branches, "branches", ""},
        Field{&PicturePlan::expects, "expects", ""},
    };
    bool operator==(const PicturePlan&) const = default;
};

/// The loudness that sound is brought to, by one gain for all of it, which a first pass finds.
struct LoudnessTarget {
    double lufs = -16;
    double most_dbtp = -1;  // true peak in front of the encoders: louder peaks are held there
    static constexpr auto kFields = Fields{
        Field{&LoudnessTarget::lufs, "lufs", ""},
        Field{&LoudnessTarget::most_dbtp, "most_dbtp", ""},
    };
    bool operator==(const LoudnessTarget&) const = default;
};

/// Sound on its way into one track, by one of the encoders.
struct SoundBranch {
    std::optional<SoundEncoding> encoding;
    std::optional<WaveformSettings> waveform;  // of the sound as it was decoded
    PlannedTrack track;
    static constexpr auto kFields = Fields{
        Field{&SoundBranch::encoding, "encoding", ""}.or_absent(),
        Field{&SoundBranch::waveform, "waveform", ""}.or_absent(),
        Field{&SoundBranch::track, "track", ""},
    };
    bool operator==(const SoundBranch&) const = default;
};

/// One stream of sound: copied into a track, or resampled once and encoded in each branch.
struct SoundPlan {
    int read = 0;
    std::string why_encoded;  // empty when copied
    std::optional<PlannedTrack> copied;
    bool is_mixed = false;                   // to fewer channels than the source has
    std::optional<LoudnessTarget> loudness;  // nothing: as loud as the source
    std::vector<SoundBranch> branches;       // all in the format of the first
    Expectation expects;
    static constexpr auto kFields = Fields{
        Field{&SoundPlan::read, "read", ""},
        Field{&SoundPlan::why_encoded, "why_encoded", ""},
        Field{&SoundPlan::copied, "copied", ""}.or_absent(),
        Field{&SoundPlan::is_mixed, "mixed", ""},
        Field{&SoundPlan::loudness, "loudness", ""}.or_absent(),
        Field{&SoundPlan::branches, "branches", ""},
        Field{&SoundPlan::expects, "expects", ""},
    };
    bool operator==(const SoundPlan&) const = default;
};

/// The forms that text has in tracks and files.
enum class TextForm { kMovText, kWebvtt };
constexpr auto names(TextForm) {
    return std::array{
        Name{TextForm::kMovText, "mov_text", "3GPP timed text: mp4, mov"},
        Name{TextForm::kWebvtt, "webvtt", "WebVTT: webm, and files of its own"},
    };
}

struct TextBranch {
    TextForm form = TextForm::kWebvtt;
    PlannedTrack track = {};
    static constexpr auto kFields = Fields{
        Field{&TextBranch::form, "form", ""},
        Field{&TextBranch::track, "track", ""},
    };
    bool operator==(const TextBranch&) const = default;
};

/// Subtitles: laid into pictures, or written into tracks.
struct TextPlan {
    int read = 0;
    std::string codec;              // as they come: subrip, webvtt, ass, mov_text
    Size size;                      // of the pictures that they are shown with
    std::optional<int> burnt_into;  // its place in Plan.pictures
    std::vector<TextBranch> branches;
    static constexpr auto kFields = Fields{
        Field{&TextPlan::read, "read", ""},
        Field{&TextPlan::codec, "codec", ""},
        Field{&TextPlan::size, "size", ""},
        Field{&TextPlan::burnt_into, "burnt_into", ""}.or_absent(),
        Field{&TextPlan::branches, "branches", ""},
    };
    bool operator==(const TextPlan&) const = default;
};

/// One file, or for `hls` one playlist with its parts. The first of a plan is the one that users
/// ask for; others lie beside it.
struct OutputFile {
    std::string name;   // in the current folder
    std::string muxer;  // libav's name; of other writers the format: gif, jpeg, hls, waveform …
    json::object options = {};   // the muxer's own
    std::int64_t moov_size = 0;  // mp4, mov: bytes reserved in front for the index; 0: none
    json::object metadata = {};  // title, artist, …
    static constexpr auto kFields = Fields{
        Field{&OutputFile::name, "name", ""},
        Field{&OutputFile::muxer, "muxer", ""},
        Field{&OutputFile::options, "options", ""},
        Field{&OutputFile::moov_size, "moov_size", ""},
        Field{&OutputFile::metadata, "metadata", ""},
    };
    bool operator==(const OutputFile&) const = default;
};

/// Of one picture, encoded apart from the rest in all its branches: what begins in [from, to),
/// timed as in the whole.
struct PlannedPiece {
    std::int64_t number = 0;  // among all pieces, the first being 0
    std::int64_t from = 0;    // ticks of the picture's clock; 0: the front, whatever comes before
    std::optional<std::int64_t> to = {};  // nothing: to the end of all
    static constexpr auto kFields = Fields{
        Field{&PlannedPiece::number, "number", ""},
        Field{&PlannedPiece::from, "from", ""},
        Field{&PlannedPiece::to, "to", ""}.or_absent(),
    };
    bool operator==(const PlannedPiece&) const = default;
};

struct Plan {
    std::vector<PlannedRead> reads;
    Window window;
    bool has_common_end = false;  // all tracks last equally long: silence, or the last picture
    bool can_be_split = false;  // who encodes a piece of the picture makes what the whole has there
    std::optional<PlannedPiece> piece = {};  // this alone is made
    std::int64_t pieces = 0;                 // how many are joined; 0: it is encoded here
    std::vector<PicturePlan> pictures;
    std::vector<SoundPlan> sounds;
    std::vector<TextPlan> texts;
    std::vector<OutputFile> outputs;
    std::vector<std::string> warnings;

    /// What a picture, sound or text is made of, by its `read`.
    const PlannedRead& read_at(int place) const { return reads[static_cast<std::size_t>(place)]; }

    static constexpr auto kFields = Fields{
        Field{&Plan::reads, "reads", ""},
        Field{&Plan::window, "window", ""},
        Field{&Plan::has_common_end, "common_end", ""},
        Field{&Plan::can_be_split, "can_be_split", ""},
        Field{&Plan::piece, "piece", ""}.or_absent(),
        Field{&Plan::pieces, "pieces", ""},
        Field{&Plan::pictures, "pictures", ""},
        Field{&Plan::sounds, "sounds", ""},
        Field{&Plan::texts, "texts", ""},
        Field{&Plan::outputs, "outputs", ""},
        Field{&Plan::warnings, "warnings", ""},
    };
    bool operator==(const Plan&) const = default;
};

/// The plan's canonical JSON.
json::value plan_json(const Plan& plan);

/// Reads it back, and checks that all it refers to is there. Errors: `internal_error`, since only
/// we write plans.
Result<Plan> read_plan(const json::value& document);

}  // namespace ittybit
