#include "tasks/split_check.h"

#include <algorithm>

namespace ittybit::tasks {
namespace {

/// Whether reading may begin anywhere and shows each picture at the same time as ever: where an
/// index leads, and not a clock that may begin anew.
bool is_indexed(const media::Input& input) {
    const auto& demuxer = input.sniffed().demuxer;
    return demuxer == "mov" || demuxer == "matroska";
}

bool aims_at_rate(const PictureBranch& branch) {
    return branch.encoding->bitrate.value_or(0) > 0;
}

}  // namespace

bool can_be_split(const Plan& plan, const SourceFacts& source, const media::Input& input) {
    if (plan.pictures.empty() || !is_indexed(input) || input.is_patched()) return false;
    const PicturePlan& picture = plan.pictures.front();
    const bool counts = picture.most_frames && !picture.cadence;
    // Tracks of text are written as far as sound has been read; those of a stream are files.
    const bool has_text_alone =
        plan.sounds.empty() && !plan.texts.empty() && plan.outputs.front().muxer != "hls";
    const bool is_burnt_in = std::ranges::any_of(plan.texts, [](const TextPlan& text) {
        return text.burnt_into.has_value();
    });
    const bool has_alpha = plan.read_at(picture.read).alpha.has_value();
    return !picture.copied && std::ranges::none_of(picture.branches, aims_at_rate) &&
           source.is_duration_sure && plan.window.duration && !counts && !is_burnt_in &&
           !has_text_alone && !has_alpha;
}

}  // namespace ittybit::tasks
