#pragma once

#include <string_view>

#include "base/json.h"

namespace CLI {
class App;
}

namespace ittybit::cli {

/// Adds one flag per row of the kind's option table. A flag only writes into `document`, which
/// must outlive the parser; the API's reader then judges it.
void add_option_flags(CLI::App& app, std::string_view kind, json::object& document);

/// What a word on the command line means as JSON: a number where it reads as one, else a string.
json::value typed_word(const std::string& word);

/// The same for a time: "1:02:03.5" is 3723.5 seconds.
json::value typed_time(const std::string& word);

}  // namespace ittybit::cli
