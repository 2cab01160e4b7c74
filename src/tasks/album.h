#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "image/picture.h"
#include "model/file.h"
#include "model/options.h"
#include "model/plan.h"
#include "tasks/job.h"

/// Many pictures of one film: files of their own, or tiles of sheets with a list for players.
namespace ittybit::tasks {

inline constexpr std::string_view kThumbnailList = "thumbnails.vtt";

/// "thumb-007.jpg"
std::string thumbnail_name(const PlannedInstants& instants, int number, ImageFormat format);

/// Where pictures go that come one after the other: one, or one sheet, is in memory at a time.
class Album {
public:
    Album() = default;
    Album(const Album&) = delete;
    Album& operator=(const Album&) = delete;
    virtual ~Album() = default;

    /// Errors: as image::save, `output_invalid`, `limit_exceeded` (output_bytes).
    virtual Result<> add(const image::Picture& picture) = 0;

    /// Writes what is left, and gives the facts of the whole. There must have been a picture.
    virtual Result<File> finish() = 0;
};

/// The one of a plan, which like the job outlives it.
std::unique_ptr<Album> open_album(const Plan& plan, Job& job);

}  // namespace ittybit::tasks
