#pragma once

#include <string>

#include "image/handles.h"

namespace ittybit::image {

/// The metadata of a picture that is worth keeping. Empty where the file has none.
struct Titles {
    std::string title;
    std::string artist;
    std::string copyright;
};

/// Read from EXIF, else XMP, else IPTC, else the text chunks of PNG.
Titles titles_of(VipsImage* image);

/// As EXIF fields, which every format's writer takes.
void write_titles(VipsImage* image, const Titles& titles);
bool has_titles(VipsImage* image);

}  // namespace ittybit::image
