"""Not one connection reaches an address that may not be reached (see fetch_guard.py)."""
import pytest

import apart


@pytest.mark.skipif(not apart.may(["-nm"], "ip", "link", "set", "lo", "up"),
                    reason="this machine permits no network namespaces: the fetch guard is not "
                           "tested against a whole world of its own")
def test_no_connection_reaches_a_forbidden_address(media):
    found = apart.found_by(["-nm"], "fetch_guard.py", media, timeout=300)
    assert found["trap_works"], "the trap does not see a connection that is there"
    assert found["reached"] == []
    assert found["wrong"] == []
    assert found["allowed"] == 3 and found["server_ended"] == 0
    assert found["spellings"] >= 250
