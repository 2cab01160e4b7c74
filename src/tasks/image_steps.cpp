#include "tasks/image_steps.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/fd.h"
#include "base/fields_json.h"
#include "image/header.h"
#include "image/steps.h"

namespace ittybit::tasks {
namespace {

using image::Picture;
using Taken = Result<Picture>;

/// One step: a picture in, the next one out.
struct Step {
    std::string_view name;
    Taken (*take)(Picture picture, const json::object& options);
};

template <typename T>
Result<T> options_as(const json::object& options) {
    return read_as<T>(json::value(options), ErrorKind::kInternalError, "bad plan: ");
}

template <auto Take>
Taken plain(Picture picture, const json::object&) {
    return Take(std::move(picture));
}

template <typename Options, auto Take>
Taken with(Picture picture, const json::object& options) {
    return Take(std::move(picture), TRY(options_as<Options>(options)));
}

Taken flatten(Picture picture, const json::object& options) {
    return image::flatten(std::move(picture), TRY(options_as<FlatteningOptions>(options)).colour);
}

Taken pad(Picture picture, const json::object& options) {
    const auto how = TRY(options_as<PaddingOptions>(options));
    const Placement placement{.canvas = how.canvas, .left = how.left, .top = how.top};
    return image::pad(std::move(picture), placement, how.colour);
}

constexpr std::array kSteps = {
    Step{"mix", plain<image::to_additive>},
    Step{"resize", with<Size, image::resize>},
    Step{"orient", plain<image::orient>},
    Step{"crop", with<Rectangle, image::crop>},
    Step{"srgb", plain<image::to_srgb>},
    Step{"flatten", flatten},
    Step{"pad", pad},
    Step{"strip", plain<image::strip>},
};

Error invalid(std::string message) {
    return {ErrorKind::kOutputInvalid, std::move(message), ""};
}

}  // namespace

Taken take_steps(Picture picture, const std::vector<FilterStep>& steps) {
    for (const auto& [name, options] : steps) {
        const auto* const step = std::ranges::find(kSteps, name, &Step::name);
        if (step == kSteps.end())
            return Error{ErrorKind::kInternalError, "bad plan: there is no step " + name, ""};
        picture = TRY(step->take(std::move(picture), options));
    }
    return picture;
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
