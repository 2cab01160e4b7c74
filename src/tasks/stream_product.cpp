#include "media/closed_captions.h"
#include "media/encoder.h"
#include "tasks/adaptive_stream.h"
#include "tasks/product.h"
#include "tasks/stream_check.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::Packet;
using media::Pipeline;
using media::Sink;

class StreamProduct : public Product {
public:
    explicit StreamProduct(const Making& making)
        : making_(making),
          parts_(making.events, making.assignment.limits, making.output.options.contains(kKeyUrl)) {
        if (const auto* url = making.output.options.if_contains(kKeyUrl))
            stream_.key_url = url->as_string();
        const auto& pictures = making.plan.pictures;
        if (pictures.empty()) return;
        const Ratio fps = pictures.front().clock.fps;
        grid_.fps = {fps.num, fps.den * pictures.front().cadence->key_grid};
    }

    Result<Sink<Frame>*> add_picture(
        Pipeline& pipeline, const PicturePlan& picture, const PictureBranch& branch
    ) override {
        auto& encoder =
            pipeline.add(TRY(media::encoder_for(*branch.encoding, rendition(picture, branch))));
        if (captions_ != nullptr) return &encoder;
        captions_ = &pipeline.make<media::CaptionChannels>(encoder);
        return captions_;
    }
    Result<Joint> join(const PicturePlan& picture, const PictureBranch& branch) override {
        Segmenter& segmenter = rendition(picture, branch);
        const auto encoder = TRY(media::encoder_for(*branch.encoding, segmenter));
        return Joint{media::PieceTrack(encoder->codec()), &segmenter};
    }
    void tell_captions(media::SeenCaptions captions) override { joined_captions_ = captions; }
    Result<Sink<Frame>*> add_sound(Pipeline& pipeline, const SoundBranch& branch) override {
        auto& segmenter = stream_.sounds.emplace_back(branch.track, grid_, parts_, making_.meter);
        return &pipeline.add(TRY(media::encoder_for(*branch.encoding, segmenter)));
    }
    Result<Sink<Packet>*> add_text(const TextPlan&, const TextBranch& branch) override {
        return &stream_.texts.emplace_back(branch.track);
    }
    Result<File> finish() override {
        stream_.captions =
            media::caption_names(captions_ != nullptr ? captions_->seen() : joined_captions_);
        TRY(check_alignment(stream_));
        const bool has_dash = making_.output.options.contains(kDash);
        const bool is_encrypted = !stream_.key_url.empty();
        TRY(write_manifests(stream_, has_dash, making_.assignment, parts_));
        TRY(check_stream(making_.output.name, is_encrypted, making_.meter));
        if (has_dash) TRY(check_stream(std::string(kMpdName), is_encrypted, making_.meter));
        return describe(stream_, parts_);
    }

private:
    Segmenter& rendition(const PicturePlan& picture, const PictureBranch& branch) {
        const Ratio fps = picture.clock.fps;
        stream_.rates.push_back({fps.num, fps.den * branch.every});
        return stream_.pictures.emplace_back(branch.track, grid_, parts_, making_.meter);
    }

    const Making making_;
    PartWriter parts_;
    SegmentGrid grid_;
    AdaptiveStream stream_;
    media::CaptionChannels* captions_ = nullptr;  // of the best picture; the pipeline's
    media::SeenCaptions joined_captions_ = 0;
};

}  // namespace

Result<std::unique_ptr<Product>> make_stream(const Making& making) {
    return {std::make_unique<StreamProduct>(making)};
}

}  // namespace ittybit::tasks
