#pragma once

#include <vector>

#include "media/handles.h"

namespace ittybit::media {

/// What channels that a file does not name are taken for: up to eight for those of the usual set of
/// so many (three are left, right and centre). Of more nobody knows, and they stay as they are. A
/// pair at the sides or the back, with nothing in front, is left and right.
void name_channels(AVChannelLayout& layout);

/// The factors, a row for each channel of `out`, by which `in` is mixed to it where libswresample
/// would leave channels out, such as those overhead: each counts as the one below it does, at
/// −3 dB. No row's sum is beyond `most`. Empty where libswresample leaves none out but for low
/// frequencies, or knows no way at all.
std::vector<double> mix_of_all(const AVChannelLayout& in, const AVChannelLayout& out, double most);

}  // namespace ittybit::media
