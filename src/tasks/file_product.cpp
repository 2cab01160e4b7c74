#include "media/encoder.h"
#include "media/output.h"
#include "media/text_track.h"
#include "media/timing.h"
#include "media/verify.h"
#include "tasks/product.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::Packet;
using media::Pipeline;
using media::Sink;

class FileProduct : public Product {
public:
    FileProduct(const Making& making, std::unique_ptr<media::Output> output)
        : making_(making), output_(std::move(output)) {
        if (!is_main()) return;
        output_->tell_growth([&events = making.events, name = making.output.name](
                                 std::int64_t from, std::int64_t to
                             ) { events.file_grown({.name = name, .from = from, .to = to}); });
    }

    Result<Sink<Frame>*> add_picture(
        Pipeline& pipeline, const PicturePlan&, const PictureBranch& branch
    ) override {
        return &pipeline.add(TRY(media::encoder_for(*branch.encoding, add_track(branch.track))));
    }
    Result<Sink<Frame>*> add_sound(Pipeline& pipeline, const SoundBranch& branch) override {
        return &pipeline.add(TRY(media::encoder_for(*branch.encoding, add_track(branch.track))));
    }
    Result<Joint> join(const PicturePlan&, const PictureBranch& branch) override {
        media::Output::Track& track = add_track(branch.track);
        const auto encoder = TRY(media::encoder_for(*branch.encoding, track));
        return Joint{media::PieceTrack(encoder->codec()), &track};
    }
    Result<Sink<Packet>*> copy(const PlannedTrack& planned, const AVStream& stream) override {
        media::Output::Track& track = add_track(planned);
        TRY(track.describe(*stream.codecpar, stream.time_base));
        return &track;
    }
    Result<Sink<Packet>*> add_text(const TextPlan& text, const TextBranch& branch) override {
        media::Output::Track& track = add_track(branch.track);
        const auto description = media::describe(branch.form, text.size);
        TRY(track.describe(*description, media::kTextTime));
        return &track;
    }
    Result<File> finish() override;

private:
    bool is_main() const { return &making_.output == &making_.plan.outputs.front(); }

    /// Branches come in the order of their tracks.
    media::Output::Track& add_track(const PlannedTrack& planned) {
        media::Output::Track& track = output_->add_track();
        track.set_language(planned.language);
        if (planned.frame_rate) track.set_frame_rate(media::rational(*planned.frame_rate));
        return track;
    }

    const Making making_;
    const std::unique_ptr<media::Output> output_;
};

Result<File> FileProduct::finish() {
    const std::string& name = making_.output.name;
    File file = TRY(media::verify(making_.output, output_->tracks(), making_.assignment.limits));
    file.size = output_->size();
    // Of a large WebM with subtitles the header's word is not believed, since they may stretch it.
    if (!file.duration && is_main()) file.duration = making_.plan.window.duration;
    if (output_->is_rewritten()) making_.events.file_grown({.name = name});
    making_.events.file_ready({.name = name, .size = output_->size(), .is_main = is_main()});
    return file;
}

Error unfit(const char* what) {
    return {ErrorKind::kInternalError, std::string("bad plan: this output takes no ") + what, ""};
}

}  // namespace

Result<Sink<Frame>*> Product::add_picture(Pipeline&, const PicturePlan&, const PictureBranch&) {
    return unfit("pictures");
}

Result<Sink<Frame>*> Product::add_sound(Pipeline&, const SoundBranch&) {
    return unfit("sound");
}

Result<Sink<Packet>*> Product::add_text(const TextPlan&, const TextBranch&) {
    return unfit("text");
}

Result<Joint> Product::join(const PicturePlan&, const PictureBranch&) {
    return unfit("pieces");
}

Result<Sink<Packet>*> Product::copy(const PlannedTrack&, const AVStream&) {
    return unfit("copies");
}

Result<std::unique_ptr<Product>> make_file(const Making& making) {
    // How far text is tells nothing: it is there at once, or not for a long while.
    auto* const meter = making.output.muxer == "webvtt" ? nullptr : &making.meter;
    auto output = TRY(media::Output::create(making.output, making.assignment.limits, meter));
    return {std::make_unique<FileProduct>(making, std::move(output))};
}

Result<std::unique_ptr<Product>> make_product(const Making& making) {
    const std::string& muxer = making.output.muxer;
    if (muxer == "gif" || muxer == "webp") return make_animation(making);
    if (muxer == "hls") return make_stream(making);
    if (muxer == "waveform") return make_waveform(making);
    if (muxer == "pieces") return make_piece(making);
    return make_file(making);
}

}  // namespace ittybit::tasks
