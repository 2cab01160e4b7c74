#pragma once

#include "model/protocol.h"
#include "sandbox/media_process.h"

namespace ittybit::sandbox {

/// Does, inside a child, what an attacker who owns it would: `options.act` names the deed, the
/// other options are what it needs to know. Deeds that return give their outcomes as Finished.plan,
/// a name and a word each: the errno, or "allowed".
Result<Finished> attack(const Assignment& assignment, Inputs& inputs, EventWriter& events);

}  // namespace ittybit::sandbox
