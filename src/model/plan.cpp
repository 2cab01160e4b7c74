#include "model/plan.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/fields_json.h"

namespace ittybit {
namespace {

Error wrong(const std::string& what) {
    return {ErrorKind::kInternalError, "bad plan: " + what, ""};
}

template <typename T>
bool has(const std::vector<T>& list, int place) {
    return place >= 0 && static_cast<std::size_t>(place) < list.size();
}

/// Each kind of encoder is told apart by which of them is there.
bool has_one_encoder(const PictureBranch& branch) {
    const std::array is_there = {
        branch.encoding.has_value(), branch.gif.has_value(), branch.webp.has_value(),
        branch.image.has_value()
    };
    return std::ranges::count(is_there, true) == 1;
}

bool has_one_encoder(const SoundBranch& branch) {
    return branch.encoding.has_value() != branch.waveform.has_value();
}

template <typename Branch>
const OutputFile& output_of(const Plan& plan, const Branch& branch) {
    return plan.outputs[static_cast<std::size_t>(branch.track.output)];
}

bool fits(const PictureBranch& branch, const std::string& muxer) {
    if (branch.gif) return muxer == "gif";
    if (branch.webp) return muxer == "webp";
    return branch.image.has_value() || (muxer != "gif" && muxer != "webp");
}

ReadAs kind_of(const Plan& plan, int read) {
    return plan.read_at(read).as;
}

Result<> check_read(const Plan& plan, const PlannedRead& read) {
    if (read.stream < 0 || read.alpha.value_or(0) < 0) return wrong("no stream has such a number");
    const auto texts = std::ranges::count(plan.reads, ReadAs::kText, &PlannedRead::as);
    const bool is_alone = std::ssize(plan.reads) == texts + 1;
    const bool has_company =
        read.as == ReadAs::kStream || read.as == ReadAs::kText || read.as == ReadAs::kPieces;
    if (!has_company && !is_alone) return wrong("what is no stream is read beside others");
    return {};
}

/// What pictures and sounds have in common.
template <typename Stream>
Result<> check_places(const Plan& plan, const Stream& stream) {
    if (!has(plan.reads, stream.read)) return wrong("a stream is read from nowhere");
    const ReadAs kind = kind_of(plan, stream.read);
    if (kind == ReadAs::kText) return wrong("a text is no picture and no sound");
    if (stream.copied.has_value() == !stream.branches.empty())
        return wrong("a stream is to be copied and encoded, or neither");
    if (stream.copied && kind != ReadAs::kStream) return wrong("what is no stream is to be copied");
    if (stream.copied && !has(plan.outputs, stream.copied->output))
        return wrong("a stream is copied to nowhere");
    for (const auto& branch : stream.branches) {
        if (!has(plan.outputs, branch.track.output)) return wrong("a branch leads nowhere");
        if (!has_one_encoder(branch)) return wrong("a branch has no one encoder");
    }
    return {};
}

Result<> check_clock(const PicturePlan& picture) {
    const PlannedClock& clock = picture.clock;
    if (clock.ticks < 1 || clock.grid < 1 || clock.fps.den < 1)
        return wrong("a clock stands still");
    if (!picture.cadence) return {};
    if (clock.fps.num < 1 || picture.cadence->key_grid < 1) return wrong("a cadence has no rate");
    return {};
}

/// Several tiles in a line are no longer than sheets may be.
bool is_too_long(int tiles, int side) {
    return side < 1 || (tiles > 1 && std::int64_t{tiles} * side > kLongestSheet);
}

Result<> check_series(const Plan& plan, const PicturePlan& picture) {
    const bool is_image = !picture.branches.empty() && picture.branches.front().image;
    const auto sheet = is_image ? picture.branches.front().sheet : std::nullopt;
    if (!picture.instants) return sheet ? wrong("a sheet is of one picture") : Result<>();
    if (!is_image) return wrong("what is no image is taken in steps");
    const PlannedRead& read = plan.read_at(picture.read);
    const bool is_moving =
        read.as == ReadAs::kAnimation || (read.as == ReadAs::kFrame && !read.is_still);
    if (!is_moving) return wrong("a still picture is taken in steps");
    const Size tile = picture.branches.front().image->size;
    if (sheet && (is_too_long(sheet->columns, tile.width) || is_too_long(sheet->rows, tile.height)))
        return wrong("a sheet is too large");
    return {};
}

Result<> check_branches(const Plan& plan, const PicturePlan& picture) {
    const bool is_alone =
        plan.pictures.size() == 1 && plan.sounds.empty() && picture.branches.size() == 1;
    for (const PictureBranch& branch : picture.branches) {
        const std::string& muxer = output_of(plan, branch).muxer;
        if (branch.image && !is_alone) return wrong("a still picture is made beside others");
        if (!fits(branch, muxer)) return wrong("an encoder is of another kind than its output");
        if (branch.every < 1) return wrong("a branch takes no pictures");
    }
    return {};
}

Result<> check_picture(const Plan& plan, const PicturePlan& picture) {
    TRY(check_places(plan, picture));
    TRY(check_clock(picture));
    TRY(check_series(plan, picture));
    return check_branches(plan, picture);
}

Result<> check_waveform(const SoundPlan& sound, const WaveformSettings& settings) {
    if (sound.branches.size() > 1) return wrong("a waveform is made beside others");
    const auto points = settings.points;
    if (points < 1 || settings.samples.value_or(points) < points)
        return wrong("a waveform has parts without a sample");
    const auto size = settings.drawing ? settings.drawing->size : Size{points, 1};
    if (size.width != points || size.height < 1) return wrong("a waveform does not fit its size");
    return {};
}

Result<> check_sound(const Plan& plan, const SoundPlan& sound) {
    TRY(check_places(plan, sound));
    if (kind_of(plan, sound.read) != ReadAs::kStream)
        return wrong("what is no stream has no sound");
    const bool is_encoded = !sound.branches.empty() && sound.branches.front().encoding;
    if (sound.loudness && !is_encoded) return wrong("what is not encoded is to have a loudness");
    for (const SoundBranch& branch : sound.branches) {
        if (branch.waveform.has_value() != (output_of(plan, branch).muxer == "waveform"))
            return wrong("an encoder is of another kind than its output");
        if (branch.waveform) TRY(check_waveform(sound, *branch.waveform));
    }
    return {};
}

/// Whether subtitles can be laid into a picture.
bool takes_text(const Plan& plan, int place) {
    if (!has(plan.pictures, place)) return false;
    const PicturePlan& picture = plan.pictures[static_cast<std::size_t>(place)];
    return !picture.copied && picture.treatment.format == "yuv420p";
}

Result<> check_text(const Plan& plan, const TextPlan& text) {
    if (!has(plan.reads, text.read)) return wrong("a text is read from nowhere");
    if (kind_of(plan, text.read) != ReadAs::kText) return wrong("what is read is no text");
    if (text.burnt_into.has_value() == !text.branches.empty())
        return wrong("a text is to be burnt in and written, or neither");
    const bool is_track = plan.read_at(text.read).input == 0;
    const ReadAs first = plan.reads.front().as;
    if (is_track && first != ReadAs::kStream && first != ReadAs::kPieces)
        return wrong("what is no stream has no text");
    if (text.burnt_into && !takes_text(plan, *text.burnt_into))
        return wrong("a text is burnt into no picture");
    for (const auto& branch : text.branches)
        if (!has(plan.outputs, branch.track.output)) return wrong("a text leads nowhere");
    return {};
}

/// Whether all there is of pictures is one that is encoded for the first output; for a file once.
bool has_one_encoded_picture(const Plan& plan) {
    if (plan.pictures.size() != 1 || plan.outputs.empty()) return false;
    const auto& branches = plan.pictures.front().branches;
    const auto& muxer = plan.outputs.front().muxer;
    const bool may_be_many = muxer == "hls" || muxer == "pieces";
    const auto is_fit = [](const PictureBranch& branch) {
        return branch.encoding && branch.track.output == 0;
    };
    return !branches.empty() && (may_be_many || branches.size() == 1) &&
           std::ranges::all_of(branches, is_fit);
}

Result<> check_pieces(const Plan& plan) {
    const bool is_joined =
        std::ranges::find(plan.reads, ReadAs::kPieces, &PlannedRead::as) != plan.reads.end();
    if (is_joined != (plan.pieces > 0)) return wrong("pieces are joined that are not read");
    if (!is_joined && !plan.piece && !plan.can_be_split) return {};
    if (!has_one_encoded_picture(plan)) return wrong("what is in pieces is no one picture");
    const auto& picture = plan.pictures.front();
    if (is_joined && (plan.piece || kind_of(plan, picture.read) != ReadAs::kPieces))
        return wrong("pieces are no picture");
    if (!plan.piece) return {};
    const auto heard = plan.has_common_end ? plan.sounds.size() : 0;
    if (plan.reads.size() != 1 + heard || plan.outputs.size() != 1 || plan.sounds.size() != heard)
        return wrong("a piece is of more than a picture");
    const bool is_empty = plan.piece->to && *plan.piece->to <= plan.piece->from;
    return plan.piece->from < 0 || is_empty ? wrong("a piece is empty") : Result<>();
}

bool has_stream(const Plan& plan) {
    return std::ranges::find(plan.outputs, "hls", &OutputFile::muxer) != plan.outputs.end();
}

bool are_encoded(const std::vector<SoundPlan>& sounds) {
    return std::ranges::all_of(sounds, [](const SoundPlan& sound) {
        return !sound.branches.empty() && sound.branches.front().encoding;
    });
}

/// Whether each sound and text of a stream says what it is.
bool are_renditions(const Plan& plan) {
    const auto are_told = [](const auto& stream) {
        return std::ranges::all_of(stream.branches, [](const auto& branch) {
            return branch.track.rendition.has_value();
        });
    };
    return std::ranges::all_of(plan.sounds, are_told) && std::ranges::all_of(plan.texts, are_told);
}

Result<> check(const Plan& plan) {
    if (plan.outputs.empty() || (plan.pictures.empty() && plan.sounds.empty()))
        return wrong("it makes nothing");
    for (const PlannedRead& read : plan.reads) TRY(check_read(plan, read));
    for (const PicturePlan& picture : plan.pictures) TRY(check_picture(plan, picture));
    for (const SoundPlan& sound : plan.sounds) TRY(check_sound(plan, sound));
    for (const TextPlan& text : plan.texts) TRY(check_text(plan, text));
    TRY(check_pieces(plan));
    if (plan.reads.front().as == ReadAs::kText) return wrong("a text is read before all else");
    const bool has_cadence = plan.pictures.empty() || plan.pictures.front().cadence;
    if (plan.has_common_end && !has_cadence) return wrong("a common end has no cadence");
    if (plan.has_common_end && plan.pictures.empty() && !are_encoded(plan.sounds))
        return wrong("a common end is of sounds that are not encoded");
    if (has_stream(plan) && !has_cadence) return wrong("a stream has no cadence");
    if (has_stream(plan) && !are_renditions(plan))
        return wrong("players cannot tell the renditions of a stream");
    return {};
}

}  // namespace

json::value plan_json(const Plan& plan) {
    return to_json(plan);
}

Result<Plan> read_plan(const json::value& document) {
    auto plan = TRY(read_as<Plan>(document, ErrorKind::kInternalError, "bad plan: "));
    TRY(check(plan));
    return plan;
}

}  // namespace ittybit
