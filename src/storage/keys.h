#pragma once

#include <string>

#include "base/result.h"
#include "base/text.h"

namespace ittybit::storage {

/// Whether a Storage takes this key. Errors: `invalid_output`, in words.
Result<> check_key(const std::string& key);

/// `file_not_found`.
Error not_found(const std::string& key);

}  // namespace ittybit::storage
