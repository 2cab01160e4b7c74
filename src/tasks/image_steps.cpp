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

Error bad_step(const std::string& what) {
    return {ErrorKind::kInternalError, "bad plan: " + what, ""};
}

template <typename T>
Result<T> options_as(const json::object& options) {
    T value;
    Reader reader;
    reader.read(json::value(options), value);
    if (!reader.problems().empty()) return bad_step(reader.problems().front().message);
    return value;
}

struct FlatteningOptions {
    Colour colour;
    static constexpr auto kFields = Fields{Field{&FlatteningOptions::colour, "colour", ""}};
};

Taken mix(Picture picture, const json::object&) {
    return image::to_additive(std::move(picture));
}

Taken resize(Picture picture, const json::object& options) {
    return image::resize(std::move(picture), TRY(options_as<Size>(options)));
}

Taken orient(Picture picture, const json::object&) {
    return image::orient(std::move(picture));
}

Taken crop(Picture picture, const json::object& options) {
    return image::crop(std::move(picture), TRY(options_as<Rectangle>(options)));
}

Taken to_srgb(Picture picture, const json::object&) {
    return image::to_srgb(std::move(picture));
}

Taken flatten(Picture picture, const json::object& options) {
    return image::flatten(std::move(picture), TRY(options_as<FlatteningOptions>(options)).colour);
}

Taken pad(Picture picture, const json::object& options) {
    const auto how = TRY(options_as<PaddingOptions>(options));
    const Placement placement{.canvas = how.canvas, .left = how.left, .top = how.top};
    return image::pad(std::move(picture), placement, how.colour);
}

Taken strip(Picture picture, const json::object&) {
    return image::strip(std::move(picture));
}

constexpr std::array kSteps = {
    Step{"mix", mix},      Step{"resize", resize},   Step{"orient", orient}, Step{"crop", crop},
    Step{"srgb", to_srgb}, Step{"flatten", flatten}, Step{"pad", pad},       Step{"strip", strip},
};

Error invalid(std::string message) {
    return {ErrorKind::kOutputInvalid, std::move(message), ""};
}

}  // namespace

Taken take_steps(Picture picture, const std::vector<FilterStep>& steps) {
    for (const auto& [name, options] : steps) {
        const auto* const step = std::ranges::find(kSteps, name, &Step::name);
        if (step == kSteps.end()) return bad_step("there is no step " + name);
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
