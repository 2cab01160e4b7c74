#pragma once

namespace ittybit::sandbox {

/// Seccomp: from now on the calling process and its threads may make only the system calls that
/// decoding and encoding need; all others give EPERM. Needs no_new_privs. False when the kernel
/// refuses.
bool restrict_system_calls();

}  // namespace ittybit::sandbox
