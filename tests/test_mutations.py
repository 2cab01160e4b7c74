"""A twentieth of `./dev soak mutations`, each time others."""
import random

import mutations


def test_damaged_files_end_their_own_job_and_nothing_else(tmp_path):
    seed = random.SystemRandom().randrange(10**6)
    print(f"./dev soak mutations --jobs 250 --seed {seed}")
    found = mutations.run(tmp_path, 250, seed)
    assert found["wrong"] == [], found
    # A crash ends the child alone. One may be a library's; of ours there are many at once.
    assert len(found["crashed"]) <= 1, found
