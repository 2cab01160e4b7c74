#include "tasks/probe.h"

#include <utility>

#include "image/header.h"
#include "media/facts.h"
#include "media/input.h"
#include "model/error_kinds.h"

namespace ittybit::tasks {
namespace {

Result<File> media_facts(
    ByteSource& source, const Sniffed& sniffed, const Limits& limits, std::stop_token stop
) {
    const auto input = TRY(media::Input::open(source, sniffed, limits, std::move(stop)));
    return media::facts_of(*input);
}

}  // namespace

Result<File> probe(ByteSource& source, const Limits& limits, std::stop_token stop) {
    const Sniffed sniffed = TRY(sniff(source));
    if (!is_image(sniffed) || !image::can_read(sniffed))
        return media_facts(source, sniffed, limits, std::move(stop));
    const auto header = image::read_header(source, sniffed, limits);
    if (header && header->is_whole) return image::facts_of(source, *header);
    // What libvips cannot read of a format it knows, libav sometimes can.
    const bool is_lost = header || is_of_media(header.error().kind);
    if (!is_lost || sniffed.demuxer.empty()) return header.error();
    auto facts = media_facts(source, sniffed, limits, std::move(stop));
    if (facts || header) return facts;
    return header.error();
}

}  // namespace ittybit::tasks
