#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/command.h"
#include "model/order.h"
#include "work/target.h"

namespace ittybit::cli {

/// What was typed, as a document: flags and words only fill one, and the reader judges it that also
/// judges requests.
struct TypedOrder {
    json::object document;  // as POST /jobs or /tasks takes it, but for paths of this machine
    Order order;            // the same, judged
    bool is_task = false;
};

/// Who carries out what was typed: this machine, or a server.
enum class Done { kHere, kThere };

/// The request in `--body`: JSON, or `-` for what standard input gives. Errors: `invalid_json`,
/// `invalid_request`.
Result<json::object> read_body(std::string word, const std::stop_token& stop);

/// `document` is as the flags of a command have filled it; what those of all commands say is added
/// to it: input, output and connection. Of several outputs, `--output` is the folder. Paths of
/// outputs decide their formats. Errors: every problem with it in one, of the first one's kind.
Result<TypedOrder> read_typed(
    const Globals& globals, json::object document, bool is_task, Done done
);

/// Under which name of this machine each output appears; nothing for one that goes elsewhere, or
/// stays with the server. Errors: those of work::choose_target.
Result<std::vector<std::optional<work::Target>>> choose_targets(const TypedOrder& typed, Done done);

}  // namespace ittybit::cli
