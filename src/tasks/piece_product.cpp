#include "media/encoder.h"
#include "media/pieces.h"
#include "tasks/product.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::Sink;

class PieceProduct : public Product {
public:
    PieceProduct(const Making& making, std::unique_ptr<media::PieceWriter> writer)
        : making_(making), writer_(std::move(writer)) {}

    Result<Sink<Frame>*> add_picture(
        media::Pipeline& pipeline, const PicturePlan& picture, const PictureBranch& branch
    ) override {
        auto& encoder = pipeline.add(TRY(media::Encoder::open(*branch.encoding, *writer_)));
        // Where one picture is shown for long there may be none in a piece.
        encoder.allow_nothing();
        const PlannedPiece& piece = *making_.plan.piece;
        TRY(writer_->begin(piece, encoder.codec()));
        const int number = making_.meter.add_output();
        writer_->tell([this, number, &piece, ticks = picture.clock.ticks](std::int64_t pts) {
            const auto made = static_cast<double>(pts - piece.from);
            making_.meter.written(number, made / ticks);
        });
        return &encoder;
    }

    Result<File> finish() override {
        File file;
        file.size = writer_->size();
        making_.events.file_ready({.name = making_.output.name, .size = writer_->size()});
        return file;
    }

private:
    const Making making_;
    const std::unique_ptr<media::PieceWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<Product>> make_piece(const Making& making) {
    auto writer = TRY(media::PieceWriter::create(making.output.name, making.assignment.limits));
    return {std::make_unique<PieceProduct>(making, std::move(writer))};
}

}  // namespace ittybit::tasks
