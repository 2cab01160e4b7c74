#pragma once

#include <optional>
#include <string>

#include "store/database.h"

/// Whose turn it is. Keys share the slots: of those whose jobs have the highest priority the one
/// with the fewest running comes first, and of these the one that was served longest ago. One
/// that has as many running as it may (max_running) has none. Only for the store's own files.
namespace ittybit::store {

/// The key whose oldest job is next.
struct Turn {
    std::string key_id;       // "": jobs that were made without one
    std::int64_t served = 0;  // its place among all keys, the last one having the greatest
    bool is_last = false;     // it had the turn before, too
    bool has_bound = false;   // max_running
};

/// The turn of who has a job that may be taken now; nothing when nobody has.
Result<std::optional<Turn>> find_turn(Session& session, UnixMillis now);

/// Notes that the key has had it. Whether it was its turn still: somebody else may have been
/// faster.
Result<bool> take_turn(Session& session, const Turn& turn);

/// Forgets the turns of keys that are gone: one that has jobs yet is as if it were new.
Result<void> forget_turns(Session& session);

}  // namespace ittybit::store
