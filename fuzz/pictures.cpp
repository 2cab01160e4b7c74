// What lies between a picture's file and the library that reads it: boxes of HEIF, chunks of PNG,
// EXIF, XMP.
#include "fuzz.h"
#include "image/exif.h"
#include "image/heif_meta.h"
#include "image/heif_repair.h"
#include "image/heif_sequence.h"
#include "image/overlaid_source.h"
#include "image/png_chunks.h"
#include "image/presented.h"
#include "image/xmp.h"

using namespace ittybit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    MemorySource source(fuzz::bytes_of(data, size));
    const auto shown = image::presented(source);
    fuzz::must(static_cast<bool>(shown));
    const auto seen = read_text(**shown, 0, size + 1);
    fuzz::must(seen ? seen->size() == size : seen.error().kind == ErrorKind::kLimitExceeded);
    fuzz::must(static_cast<bool>(image::repaired_heif(source)));
    const auto meta = image::read_heif_meta(source);
    fuzz::must(static_cast<bool>(meta));
    if (*meta != nullptr) image::heif_facts(**meta);
    fuzz::must(static_cast<bool>(image::read_png_facts(source)));
    fuzz::must(static_cast<bool>(image::plays_of_sequence(source)));
    const auto text = fuzz::text_of(data, size);
    for (const auto& titles : {image::exif_titles(text), image::xmp_titles(text)})
        fuzz::must(!image::exif_block(titles).empty() && !image::xmp_packet(titles).empty());
    return 0;
}
