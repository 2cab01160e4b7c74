#pragma once

#include "model/operation.h"

namespace ittybit::work {

/// Whether two outputs may be made at once, of one decode: both of the pictures of the same part of
/// a film, and their files have names of their own. The child, which knows the film, decides.
bool may_share_pictures(const Operation& one, const Operation& other);

}  // namespace ittybit::work
