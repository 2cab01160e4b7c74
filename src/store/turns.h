#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/database.h"
#include "store/records.h"

/// Whose turn it is. Keys share the slots: of those whose jobs have the highest priority the one
/// with the fewest running comes first, and of these the one that was served longest ago. One
/// that has as many running as it may (max_running) has none. Only for the store's own files.
namespace ittybit::store {

/// A key whose oldest job may be next.
struct Turn {
    std::string key_id;         // "": jobs that were made without one
    std::int64_t served = 0;    // its place among all keys, the last one having the greatest
    bool is_last = false;       // it had the turn before, too
    bool has_bound = false;     // max_running
    std::int64_t priority = 0;  // of its first job
};

/// Whose turn it is of those who have a job in the lane that may be taken now, and behind it those
/// who come next whatever becomes of the turns before. Nothing when nobody has one. Errors:
/// `unavailable` once a newer version has begun to work here: its jobs may be such as we cannot
/// read.
Result<std::vector<Turn>> find_turns(Session& session, UnixMillis now, Lane lane = Lane::kAny);

/// What narrows queued jobs to those of a lane: a part of a WHERE clause.
std::string_view in_lane(Lane lane);

/// Notes that the key has had its turn. Whether it was so still: somebody else may have been
/// faster. Who takes it at this moment counts as faster, or, if `waits`, is waited for.
Result<bool> take_turn(Session& session, const Dialect& dialect, const Turn& turn, bool waits);

/// Forgets the turns of keys that are gone: one that has jobs yet is as if it were new.
Result<void> forget_turns(Session& session);

}  // namespace ittybit::store
