"""What a server has on its machine: processes, memory, working files; and what the killed left."""
import contextlib
import ctypes
import os
import pathlib

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Processes whose parent dies become ours: nobody leaves unseen."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children(pid):
    """The living children of a process."""
    found = []
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return [child for child in found if is_alive(child)]


def descendants(pid):
    return [each for child in children(pid) for each in (child, *descendants(child))]


def is_alive(pid):
    """Not gone, and not waiting to be buried either."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] not in "ZX"
    except OSError:
        return False


def bury(pids):
    """Ends of adopted processes are taken note of, so that no number of theirs stays in use."""
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def resident(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    return 0


def files_below(folder):
    """Whatever else comes and goes meanwhile."""
    return [f"{place}/{name}" for place, _, names in os.walk(folder) for name in names]


def open_scratch(server):
    """Names and open files in the scratch folder, whatever their size."""
    scratch = server.data / "scratch"
    found = files_below(scratch)
    for link in pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            target = str(link.readlink())
            if target.startswith(f"{scratch}/") and target.endswith("(deleted)"):
                found.append(target)
    return found


def name_of(pid):
    """Of its executable; "" when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return ""
