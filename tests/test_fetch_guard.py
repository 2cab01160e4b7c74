"""Not one connection reaches an address that may not be reached (see fetch_guard.py)."""
import json
import os
import subprocess
import sys

import pytest

import cli

UNSHARE = ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-nm", "--"]


def may_make_networks():
    return subprocess.run([*UNSHARE, "ip", "link", "set", "lo", "up"], capture_output=True,
                          check=False).returncode == 0


@pytest.mark.skipif(not may_make_networks(),
                    reason="this machine permits no network namespaces: the fetch guard is not "
                           "tested against a whole world of its own")
def test_no_connection_reaches_a_forbidden_address(media):
    done = subprocess.run(
        [*UNSHARE, sys.executable, cli.ROOT / "tests/fetch_guard.py", media],
        capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": str(cli.ROOT / "tests")})
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["trap_works"], "the trap does not see a connection that is there"
    assert found["reached"] == []
    assert found["wrong"] == []
    assert found["allowed"] == 3 and found["server_ended"] == 0
    assert found["spellings"] >= 250
