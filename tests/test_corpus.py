"""A sample of the wide collection through every kind; all of it is `./dev soak corpus`."""
import subprocess
import sys

import pytest

import cli
import corpus


def test_a_sample_of_the_collection_ends_in_an_output_or_a_clear_error():
    if not corpus.collection():
        pytest.skip("THE MEDIA COLLECTION IS ABSENT: set ITTYBIT_MEDIA to check it")
    done = subprocess.run(
        [sys.executable, cli.ROOT / "tests/corpus.py", "--log", cli.ROOT / "build/sample.json"],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
