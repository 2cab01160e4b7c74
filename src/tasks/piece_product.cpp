#include "media/closed_captions.h"
#include "media/encoder.h"
#include "media/pieces.h"
#include "tasks/product.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::Sink;

/// Whether this piece and the next begin with pictures that one encoder of all makes key frames of.
/// Then it is given those beside the piece too, whose packets are left out: at the joints it knows
/// what came and what will come.
bool begins_with_key(const PicturePlan& picture, const PictureBranch& branch) {
    return picture.cadence && picture.cadence->key_seconds > 0 &&
           !branch.encoding->restarts_at_keys;
}

class PieceProduct : public Product {
public:
    PieceProduct(const Making& making, std::unique_ptr<media::PieceWriter> writer)
        : making_(making), writer_(std::move(writer)) {}

    Result<Sink<Frame>*> add_picture(
        media::Pipeline& pipeline, const PicturePlan& picture, const PictureBranch& branch
    ) override {
        auto& track = writer_->add_track();
        auto& encoder = pipeline.add(TRY(media::Encoder::open(*branch.encoding, track)));
        // Where one picture is shown for long there may be none in a piece.
        encoder.allow_nothing();
        encoder.end_when([&track] { return track.is_past(); });
        TRY(track.describe(encoder.codec()));
        const int number = making_.meter.add_output();
        const auto from = making_.plan.piece->from;
        track.tell([this, number, from, ticks = picture.clock.ticks](std::int64_t pts) {
            const auto made = static_cast<double>(pts - from);
            making_.meter.written(number, made / ticks);
        });
        Sink<Frame>* first = &encoder;
        if (!begins_with_key(picture, branch))
            first = &pipeline.make<media::PieceOf>(*making_.plan.piece, encoder);
        if (captions_ != nullptr) return first;
        captions_ = &pipeline.make<media::CaptionChannels>(*first);
        return captions_;
    }

    Result<File> finish() override {
        TRY(writer_->finish(captions_->seen()));
        File file;
        file.size = writer_->size();
        making_.events.file_ready({.name = making_.output.name, .size = writer_->size()});
        return file;
    }

private:
    const Making making_;
    const std::unique_ptr<media::PieceWriter> writer_;
    media::CaptionChannels* captions_ = nullptr;  // of the best picture; the pipeline's
};

}  // namespace

Result<std::unique_ptr<Product>> make_piece(const Making& making) {
    const Plan& plan = making.plan;
    auto writer = TRY(media::PieceWriter::create(
        making.output.name, *plan.piece, plan.pictures.front().branches.size(),
        making.assignment.limits
    ));
    return {std::make_unique<PieceProduct>(making, std::move(writer))};
}

}  // namespace ittybit::tasks
