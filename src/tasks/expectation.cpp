#include "tasks/expectation.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace ittybit::tasks {
namespace {

/// Seconds by which containers, encoder delay and the last packet's padding differ.
constexpr double kSlack = 0.15;

bool are_many_seconds(double missing, double expected) {
    return missing > 1 || missing > 0.01 * expected;
}

void compare_ends(
    std::string_view what,
    const std::optional<double>& expected,
    double start,
    const media::Intake::Stream& seen,
    std::vector<Missing>& found
) {
    if (!expected) return;
    const double missing = *expected - std::max(0.0, seen.end - start);
    if (missing <= kSlack) return;
    found.push_back(
        {fmt::format(
             "the input ends early: {:.1f} of {:.1f} seconds of the {} are not in it", missing,
             *expected, what
         ),
         are_many_seconds(missing, *expected)}
    );
}

/// Two packets may hold the fields of one picture.
void compare_pictures(
    const Through& through, const media::Intake::Stream& seen, std::vector<Missing>& found
) {
    constexpr std::int64_t kSlackPictures = 2;
    if (!through.pictures) return;
    const std::int64_t missing = seen.pictures - *through.pictures;
    const bool are_fields = seen.pictures - 2 * *through.pictures <= kSlackPictures &&
                            seen.pictures - 2 * *through.pictures >= -kSlackPictures;
    if (missing <= kSlackPictures || are_fields) return;
    found.push_back(
        {fmt::format(
             "{} of {} pictures could not be decoded, and those before them are shown longer",
             missing, seen.pictures
         ),
         missing * 100 > seen.pictures}
    );
}

void compare_sound(
    const Through& through, const media::Intake::Stream& seen, std::vector<Missing>& found
) {
    if (!through.seconds) return;
    if (seen.seconds <= 0 && *through.seconds <= 0)
        found.push_back({"no sound of the input lies in this part: it is silent"});
    const double missing = seen.seconds - *through.seconds;
    if (missing <= kSlack + 0.002 * seen.seconds) return;
    found.push_back(
        {fmt::format(
             "{:.1f} of {:.1f} seconds of the sound could not be decoded or overlap others, and "
             "are left out",
             missing, seen.seconds
         ),
         are_many_seconds(missing, seen.seconds)}
    );
}

/// What is heard as silence: no container leaves times out, but where something is lost. ISO media
/// may mean it.
void compare_times(
    const media::Input& input, const media::Intake::Stream& seen, std::vector<Missing>& found
) {
    if (input.tells_lengths() || input.is_patched() || seen.holes <= kSlack) return;
    found.push_back(
        {fmt::format(
             "{:.1f} of {:.1f} seconds of the sound are not in the input, and are silent",
             seen.holes, seen.seconds + seen.holes
         ),
         are_many_seconds(seen.holes, seen.seconds)}
    );
}

/// Where frames have no times, only their bytes are missed.
void compare_bytes(double part, double seconds, std::vector<Missing>& found) {
    const double missing = part * seconds;
    if (missing <= 0) return;
    found.push_back(
        {fmt::format(
             "the input is damaged: about {:.2f} seconds of the sound could not be read, and are "
             "left out",
             missing
         ),
         are_many_seconds(missing, seconds)}
    );
}

void compare_claim(const media::Input& input, const media::Cut& cut, std::vector<Missing>& found) {
    const auto claimed = input.claimed_duration();
    const double there = input.duration().value_or(0);
    if (!claimed || cut.end) return;
    // Samples and frames are counted; other words on the length are rounded, or are an estimate.
    const auto kind = input.sniffed().demuxer;
    const bool is_counted = kind == "flac" || kind == "mp3" || kind == "wv";
    const double slack = is_counted ? kSlack : std::max(1.0, 0.01 * *claimed);
    if (*claimed - there <= slack) return;
    found.push_back({fmt::format(
        "the input says that it lasts {:.1f} seconds, and only {:.1f} are in it", *claimed, there
    )});
}

}  // namespace

Result<std::vector<Missing>> shortfall(
    const media::Input& input,
    const media::Intake& intake,
    const media::Cut& cut,
    const AllThrough& through
) {
    std::vector<Missing> found;
    compare_claim(input, cut, found);
    for (const Through& picture : through.pictures) {
        const auto seen = intake.of(picture.stream);
        compare_ends("picture", picture.expects.seconds, cut.start, seen, found);
        compare_pictures(picture, seen, found);
    }
    for (const Through& sound : through.sounds) {
        const auto seen = intake.of(sound.stream);
        compare_ends("sound", sound.expects.seconds, cut.start, seen, found);
        compare_sound(sound, seen, found);
        compare_times(input, seen, found);
        compare_bytes(
            TRY(input.part_between_frames()), sound.seconds.value_or(seen.seconds), found
        );
    }
    if (input.gave_up())
        found.push_back({"the input is damaged, and what follows the damage could not be read"});
    if (input.stops_short())
        found.push_back(
            {"another recording begins behind the one that the input begins with, and was left out",
             true}
        );
    if (input.has_rests())
        found.push_back({"FLAC files were joined, of which each last half second is left out"});
    if (input.edits().are_several && !through.pictures.empty())
        found.push_back(
            {"the edit list puts parts together: pictures may be up to 0.2 seconds beside the "
             "sound",
             false}
        );
    if (input.edits().are_pauses)
        found.push_back({"pauses amid the edit list are not heeded: what they cover is wrong", true}
        );
    if (input.left_out() > 0) {
        found.push_back({fmt::format(
            "a stream that begins in the middle of the input ({} packets) was left out",
            input.left_out()
        )});
    }
    if (input.is_cut_off() && found.empty())
        found.push_back(
            {"the input is cut off: it ends before its last frame or its container does, and "
             "nobody knows how much is missing"}
        );
    return found;
}

std::vector<Missing> shortfall(const AllThrough& through) {
    std::vector<Missing> found;
    for (const Through& picture : through.pictures) {
        const std::int64_t expected = picture.expects.pictures.value_or(0);
        const std::int64_t missing = expected - picture.pictures.value_or(expected);
        if (missing <= 0) continue;
        found.push_back(
            {fmt::format("{} of {} pictures of the input are missing", missing, expected),
             missing * 100 > expected}
        );
    }
    return found;
}

void tell(const std::vector<Missing>& missing, Finished& finished) {
    for (const auto& [said, is_much] : missing) {
        finished.warnings.push_back(said);
        if (is_much) finished.file.warnings.push_back(said);
    }
}

}  // namespace ittybit::tasks
