"""Servers and workers on machines of their own, of which anything may go wrong (see
fleet_soak.py)."""
import os
import subprocess
import sys

import pytest

import apart
import cli


@pytest.mark.skipif(os.geteuid() != 0 or not apart.may(["-n"], "ip", "link", "set", "lo", "up"),
                    reason="this machine permits no network namespaces, or we are not root: cables "
                           "are not pulled")
def test_a_fleet_of_which_anything_goes_wrong_loses_nothing_and_does_nothing_twice():
    done = subprocess.run([sys.executable, cli.ROOT / "tests/fleet_soak.py", "--seconds", "30"],
                          capture_output=True, text=True, timeout=900, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
