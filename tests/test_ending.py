"""Whatever ends a job from outside, kill or cancel, and whoever leaves: a twentieth of the soaks
(./dev soak)."""
import random
import subprocess
import sys

import cancel_soak
import cli
import followers_soak


def test_kills_lose_nothing_and_leave_nothing():
    # A process of its own, which sees whatever lives on.
    done = subprocess.run(
        [sys.executable, cli.ROOT / "tests/kill_soak.py", "--jobs", "15", "--kills", "10"],
        capture_output=True, text=True, timeout=600, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


def test_cancelled_jobs_leave_nothing(tmp_path):
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    assert cancel_soak.run(tmp_path, 5, seed)["wrong"] == [], f"seed {seed}"


def test_followers_may_leave_at_any_moment(tmp_path):
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    assert followers_soak.run(tmp_path, 1000, seed)["wrong"] == [], f"seed {seed}"
