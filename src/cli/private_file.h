#pragma once

#include <string>

#include "base/result.h"

namespace ittybit::cli {

/// What a file of `~/.ittybit` holds; "" where there is none. Errors: `unavailable`.
Result<std::string> read_private(const std::string& name);

/// Writes it whole or not at all, for nobody else's eyes: a crash or a full disk must not leave
/// half of somebody's keys. Errors: `unavailable`.
Result<> write_private(const std::string& name, const std::string& text);

/// "~/.ittybit/config.json", as people read it.
std::string shown_path(const std::string& name);

}  // namespace ittybit::cli
