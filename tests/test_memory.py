"""What the service holds in memory does not grow with what goes through it."""
import memory
from service import Server


def test_large_files_cost_little_memory(tmp_path, media):
    server = Server(tmp_path)
    found = memory.measure(server, 0.3, tmp_path)
    assert not memory.problems(found), found
    assert server.stop() == 0
