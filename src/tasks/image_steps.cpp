#include "tasks/image_steps.h"

#include <array>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/fd.h"
#include "image/header.h"
#include "image/steps.h"

namespace ittybit::tasks {
namespace {

using image::Picture;
using Taken = Result<Picture>;

/// One step: a picture in, the next one out.
struct Step {
    std::string_view name;
    Taken (*take)(Picture picture, const ImagePlan& plan);
};

/// What every picture goes through, in this order. Scaling comes early, so that all that follows
/// has few pixels to work on.
constexpr std::array kSteps = {
    Step{
        "mix",
        [](Picture picture, const ImagePlan&) -> Taken {
            return image::to_additive(std::move(picture));
        }
    },
    Step{
        "resize",
        [](Picture picture, const ImagePlan& plan) -> Taken {
            return image::resize(std::move(picture), plan.stored_scaled);
        }
    },
    Step{
        "orient",
        [](Picture picture, const ImagePlan&) -> Taken { return image::orient(std::move(picture)); }
    },
    Step{
        "crop",
        [](Picture picture, const ImagePlan& plan) -> Taken {
            if (!plan.placement.is_cropped()) return picture;
            return image::crop(std::move(picture), plan.placement.kept);
        }
    },
    Step{
        "srgb",
        [](Picture picture, const ImagePlan&) -> Taken {
            return image::to_srgb(std::move(picture));
        }
    },
    Step{
        "flatten",
        [](Picture picture, const ImagePlan& plan) -> Taken {
            if (plan.can_be_transparent) return picture;
            return image::flatten(std::move(picture), plan.flattening);
        }
    },
    Step{
        "pad",
        [](Picture picture, const ImagePlan& plan) -> Taken {
            if (!plan.placement.is_padded()) return picture;
            return image::pad(std::move(picture), plan.placement, plan.padding);
        }
    },
    Step{
        "strip",
        [](Picture picture, const ImagePlan&) -> Taken { return image::strip(std::move(picture)); }
    },
};

Error invalid(std::string message) {
    return {ErrorKind::kOutputInvalid, std::move(message), ""};
}

}  // namespace

Result<> make_image(Picture picture, const ImagePlan& plan, const std::string& name) {
    for (const Step& step : kSteps) picture = TRY(step.take(std::move(picture), plan));
    return image::save(picture, plan.save, name);
}

Result<File> verify_image(const std::string& name, std::string_view format, Size size) {
    const Fd descriptor(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor) return invalid("the written picture cannot be opened");
    FileSource source(descriptor.get());
    const auto sniffed = sniff(source);
    if (!sniffed || sniffed->format != format)
        return invalid(fmt::format("the written picture is no {}", format));
    auto facts = image::facts_of(source, *sniffed, Limits{.pixels = INT64_MAX});
    if (!facts) return invalid("the written picture cannot be read: " + facts.error().message);
    if (facts->width == size.width && facts->height == size.height) return facts;
    return invalid(fmt::format(
        "the written picture is {}×{} instead of {}×{}", *facts->width, *facts->height, size.width,
        size.height
    ));
}

}  // namespace ittybit::tasks
