#include "tasks/joined_picture.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace ittybit::tasks {
namespace {

std::vector<media::PieceTrack> made_by(const std::vector<Joint>& joints) {
    std::vector<media::PieceTrack> made;
    for (const Joint& joint : joints) made.push_back(joint.made);
    return made;
}

}  // namespace

Result<std::unique_ptr<JoinedPicture>> JoinedPicture::begin(
    const PicturePlan& picture, ByteSource& pieces, Settings settings
) {
    std::vector<Joint> joints;
    for (const PictureBranch& branch : picture.branches)
        joints.push_back(TRY(settings.product.join(picture, branch)));
    return std::unique_ptr<JoinedPicture>(
        new JoinedPicture(picture, pieces, std::move(settings), joints)
    );
}

JoinedPicture::JoinedPicture(
    const PicturePlan& picture,
    ByteSource& pieces,
    Settings settings,
    const std::vector<Joint>& joints
)
    : settings_(std::move(settings)),
      clock_(picture.clock),
      reader_(pieces, settings_.pieces, made_by(joints)) {
    for (const Joint& joint : joints) tracks_.push_back(joint.track);
}

Result<> JoinedPicture::up_to(double seconds) {
    for (;;) {
        if (next_ == nullptr) next_ = TRY(reader_.next());
        if (next_ == nullptr) return {};
        const double at = static_cast<double>(next_->dts) * av_q2d(next_->time_base);
        if (at >= seconds) return {};
        end_ = std::max(end_, next_->pts + next_->duration);
        const auto track = static_cast<std::size_t>(next_->stream_index);
        TRY(tracks_[track]->push(std::exchange(next_, nullptr)));
        settings_.moved();
    }
}

Result<> JoinedPicture::finish() {
    TRY(up_to(std::numeric_limits<double>::infinity()));
    if (end_ == 0) {
        return Error{
            ErrorKind::kCorruptMedia, "no picture of the video could be decoded in the chosen part",
            ""
        };
    }
    for (auto* const track : tracks_) TRY(track->finish());
    settings_.product.tell_captions(reader_.captions());
    if (settings_.common_end == nullptr) return {};
    const auto& [ticks, fps, grid] = clock_;
    settings_.common_end->after_pictures(av_rescale(end_, fps.num, std::int64_t{ticks} * fps.den));
    return {};
}

}  // namespace ittybit::tasks
