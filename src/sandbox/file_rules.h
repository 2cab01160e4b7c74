#pragma once

namespace ittybit::sandbox {

/// Landlock: from now on the calling process reaches the files of `folder`, a few facts about the
/// machine, and nothing else. Uses no more than ABI `newest`, as on an older kernel. Returns the
/// ABI in force; 0 when there is none.
int restrict_files(int folder, int newest);

}  // namespace ittybit::sandbox
