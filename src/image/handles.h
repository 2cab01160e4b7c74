#pragma once

#include <memory>

#include <vips/vips.h>

/// The only place that includes libvips. Each of its objects is owned by one of these from the line
/// that makes it.
namespace ittybit::image {

/// Drops one reference of a GObject.
struct Unref {
    void operator()(void* object) const { g_object_unref(object); }
};

using Image = std::unique_ptr<VipsImage, Unref>;
using Source = std::unique_ptr<VipsSourceCustom, Unref>;
using Region = std::unique_ptr<VipsRegion, Unref>;

}  // namespace ittybit::image
