#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/handles.h"

namespace ittybit::image {

/// The metadata of a picture that is worth keeping, in UTF-8. Empty where the file has none.
struct Titles {
    std::string title;
    std::string description;
    std::vector<std::string> artists;
    std::string copyright;

    bool is_empty() const {
        return title.empty() && description.empty() && artists.empty() && copyright.empty();
    }
};

/// Each read from EXIF, else XMP, else IPTC, else the text chunks of PNG.
Titles titles_of(VipsImage* image);

/// Keeps them with the picture, for `kept_titles`; no writer of libvips looks there.
void keep_titles(VipsImage* image, const Titles& titles);
Titles kept_titles(VipsImage* image);

/// Text of a file that need not say how it is encoded: UTF-8 where it can be that, else Latin-1. No
/// control characters, and nothing when it is blank or longer than any title is.
std::string title_text(std::string_view bytes);

/// Without the spaces around it.
std::string trimmed(std::string text);

}  // namespace ittybit::image
