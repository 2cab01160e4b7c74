#pragma once

namespace ittybit::sandbox {

/// Landlock: from now on the calling process reaches the files of `folder`, a few facts about the
/// machine, and nothing else. Returns the kernel's ABI; 0 when it has none.
int restrict_files(int folder);

}  // namespace ittybit::sandbox
