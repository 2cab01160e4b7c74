#include "tasks/album.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "image/save.h"
#include "model/operation.h"
#include "tasks/adaptive_segmenter.h"
#include "tasks/adaptive_text.h"
#include "tasks/image_steps.h"

namespace ittybit::tasks {
namespace {

/// Saves pictures and counts them.
class Files {
public:
    Files(const SaveSettings& settings, Job& job)
        : settings_(settings), parts_(job.events, job.limits()) {}

    Result<> save(
        const image::Picture& picture, Size planned, const std::string& name, bool is_main
    ) {
        settings_.size = planned;
        TRY(image::save(picture, settings_, name));
        File file = TRY(verify_image(name, name_of(settings_.format), settings_.size));
        TRY(parts_.add(name, file.size.value_or(0), is_main));
        if (!first_) first_ = std::move(file);
        return {};
    }
    Result<> write_list(const std::string& text) {
        return parts_.write(std::string(kThumbnailList), text, /*is_main=*/true);
    }

    /// What is true of each picture, and of all.
    File facts() const {
        File file = first_.value_or(File{});
        file.size = parts_.size();
        file.parts = Parts{parts_.count(), parts_.size()};
        return file;
    }

private:
    SaveSettings settings_;
    PartWriter parts_;
    std::optional<File> first_;
};

class Thumbnails : public Album {
public:
    Thumbnails(const Plan& plan, Job& job)
        : instants_(*plan.pictures.front().instants),
          settings_(*plan.pictures.front().branches.front().image),
          files_(settings_, job) {}

    Result<> add(const image::Picture& picture) override {
        const int number = count_++;
        const auto name = thumbnail_name(instants_, number, settings_.format);
        return files_.save(picture, settings_.size, name, /*is_main=*/number == 0);
    }
    Result<File> finish() override { return files_.facts(); }

private:
    const PlannedInstants& instants_;
    const SaveSettings& settings_;
    Files files_;
    int count_ = 0;
};

std::string clock_text(double seconds) {
    return webvtt_time(std::llround(seconds * 1000));
}

class Sheets : public Album {
public:
    Sheets(const Plan& plan, Job& job)
        : window_(plan.window),
          interval_(plan.pictures.front().instants->interval),
          sheet_(*plan.pictures.front().branches.front().sheet),
          settings_(*plan.pictures.front().branches.front().image),
          files_(settings_, job) {}

    Result<> add(const image::Picture& picture) override;
    Result<File> finish() override;

private:
    int tiles() const { return sheet_.columns * sheet_.rows; }
    Rectangle place_of(int tile) const;
    std::string sheet_name(int number) const {
        return fmt::format("sprite-{:03}.{}", number, extension_of(settings_.format));
    }
    std::string list() const;
    Result<> write_sheet();

    const Window& window_;
    const double interval_;
    const PlannedSheet& sheet_;
    const SaveSettings& settings_;
    Files files_;
    image::Pixels pixels_;  // of the sheet that is being filled
    int count_ = 0;         // of pictures so far
};

Rectangle Sheets::place_of(int tile) const {
    const Size size = settings_.size;
    const int on_sheet = tile % tiles();
    return {
        on_sheet % sheet_.columns * size.width, on_sheet / sheet_.columns * size.height, size.width,
        size.height
    };
}

Result<> Sheets::add(const image::Picture& picture) {
    const Rectangle place = place_of(count_);
    const image::Pixels tile = TRY(picture.pixels());
    if (count_ % tiles() == 0) {
        pixels_.width = sheet_.columns * place.width;
        pixels_.bands = tile.bands;
    }
    if (tile.width != place.width || tile.height != place.height || tile.bands != pixels_.bands)
        return Error{ErrorKind::kInternalError, "a picture is no tile of its sheet", ""};
    pixels_.height = place.top + place.height;
    const auto bands = static_cast<std::size_t>(tile.bands);
    const auto row = static_cast<std::size_t>(tile.width) * bands;
    const auto sheet_row = static_cast<std::size_t>(pixels_.width) * bands;
    pixels_.bytes.resize(sheet_row * static_cast<std::size_t>(pixels_.height));
    for (int y = 0; y < tile.height; ++y)
        std::memcpy(
            pixels_.bytes.data() + sheet_row * static_cast<std::size_t>(place.top + y) +
                static_cast<std::size_t>(place.left) * bands,
            tile.bytes.data() + row * static_cast<std::size_t>(y), row
        );
    ++count_;
    return count_ % tiles() == 0 ? write_sheet() : Result<>();
}

Result<> Sheets::write_sheet() {
    const int number = (count_ - 1) / tiles();
    const auto sheet = TRY(image::Picture::from_pixels(std::exchange(pixels_, {})));
    return files_.save(sheet, sheet.size(), sheet_name(number), /*is_main=*/false);
}

/// A cue for each tile, from its instant to the next one's; the last goes on to the window's end.
std::string Sheets::list() const {
    const auto instant = [&](int number) { return window_.start + number * interval_; };
    const double told_end = window_.start + window_.duration.value_or(0);
    std::string text = "WEBVTT\n";
    for (int i = 0; i < count_; ++i) {
        const bool is_last = i + 1 == count_ && told_end > instant(i) + 0.001;
        const Rectangle place = place_of(i);
        text += fmt::format(
            "\n{} --> {}\n{}#xywh={},{},{},{}\n", clock_text(instant(i)),
            clock_text(is_last ? told_end : instant(i + 1)), sheet_name(i / tiles()), place.left,
            place.top, place.width, place.height
        );
    }
    return text;
}

Result<File> Sheets::finish() {
    if (count_ % tiles() != 0) TRY(write_sheet());
    TRY(files_.write_list(list()));
    File file = files_.facts();
    file.width = settings_.size.width;
    file.height = settings_.size.height;
    return file;
}

}  // namespace

std::string thumbnail_name(const PlannedInstants& instants, int number, ImageFormat format) {
    const int digits = instants.most.value_or(0) > 1000 ? 4 : 3;
    return fmt::format("thumb-{:0{}}.{}", number, digits, extension_of(format));
}

std::unique_ptr<Album> open_album(const Plan& plan, Job& job) {
    if (plan.pictures.front().branches.front().sheet) return std::make_unique<Sheets>(plan, job);
    return std::make_unique<Thumbnails>(plan, job);
}

}  // namespace ittybit::tasks
