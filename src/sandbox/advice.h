#pragma once

#include "base/json.h"
#include "sandbox/layers.h"

namespace ittybit::sandbox {

/// What an operator can do about each layer that is missing: `{"landlock": "…"}`.
json::object advice_on(const Layers& layers);

}  // namespace ittybit::sandbox
