"""Scripts that need a network or disks of their own: run in namespaces, they print what they found
as JSON."""
import json
import os
import subprocess
import sys

import cli


def unshare(flags, *command, **more):
    """Runs a command in namespaces of its own: `flags` are those of unshare(1)."""
    as_root = [] if os.geteuid() == 0 else ["-r"]
    return subprocess.run(["unshare", *as_root, *flags, "--", *map(str, command)],
                          capture_output=True, text=True, check=False, **more)


def may(flags, *command):
    return unshare(flags, *command).returncode == 0


def found_by(flags, script, *words, timeout):
    done = unshare(flags, sys.executable, cli.ROOT / "tests" / script, *words, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def go(*flags):
    """Runs this very script again in namespaces of its own, unless it is there already."""
    mark = {"ITTYBIT_APART": "yes"}
    if not mark.items() <= os.environ.items():
        os.execvpe("unshare", ["unshare", *flags, "--", sys.executable, *sys.argv],
                   {**os.environ, **mark})
