"""What a server keeps, and for how long: seen by moving the dates in its database."""

import pytest
import requests

from service import WAIT, Server, wait_for

HOUR = 3_600_000
DAY = 24 * HOUR


@pytest.fixture
def aged(tmp_path):
    """aged(sql, *flags): stops the server, changes its database, starts it with these flags, which
    tidies up at once; gives the server."""
    server = Server(tmp_path)

    def again(sql="", *flags):
        server.stop()
        for statement in sql.split(";"):
            server.sql(statement)
        server.flags = [*flags, "--allow-private-network"]
        server.start()
        return server

    again.server = server
    yield again
    assert server.stop() == 0


def status(url):
    return requests.get(url, timeout=WAIT).status_code


def wait_until_gone(url, files):
    wait_for(lambda: status(url) == 404, 20, "the file's end")
    wait_for(lambda: not files(), 20, "room on the disk")


def test_outputs_stay_as_long_as_is_said(aged, clip):
    server = aged.server
    done = server.wait(server.job(input=clip, kind="image", width=16))
    folder = server.data / "storage/files" / done["output"].split("/")[4]
    late = f"UPDATE files SET created_at = created_at - {2 * DAY}, used_at = used_at - {2 * DAY}"
    aged(late)
    assert status(done["output"]) == 200, "for ever, unless told otherwise"
    aged("", "--keep-outputs", "3d")
    assert status(done["output"]) == 200
    aged("", "--keep-outputs", "36h")
    wait_until_gone(done["output"], folder.exists)
    assert server.get(f"/jobs/{done['id']}").json()["output"] == done["output"], "the job is kept"


def test_uploads_stay_a_day_after_their_last_use(aged, origin):
    server = aged.server
    used, unused = (server.call("POST", "/uploads", data=b"x" * 99).json()["url"] for _ in "12")
    with origin.stall() as url:
        blockers = [server.job(input=url, kind="image") for _ in range(4)]
        waiting = server.job(input=used, kind="image")
        aged(f"UPDATE files SET used_at = used_at - {DAY - HOUR}")
        assert status(used) == status(unused) == 200
        aged(f"UPDATE files SET used_at = used_at - {2 * HOUR}")
        wait_until_gone(unused, lambda: False)
        assert status(used) == 200, "a job that has not ended needs it"
        for job in (*blockers, waiting):
            server.post(f"/jobs/{job['id']}/cancel")
    aged(f"UPDATE files SET used_at = used_at - {2 * DAY}")
    wait_until_gone(used, lambda: list((server.data / "storage/files").glob("*/*")))


def test_idempotency_keys_are_known_a_day(aged):
    server, body = aged.server, {"input": "https://example.invalid/a", "kind": "image"}

    def post():
        answer = server.post("/jobs", body, headers={"Idempotency-Key": "once"})
        return answer.status_code, answer.json()["id"]

    made, id = post()
    assert made == 201 and post() == (200, id)
    aged(f"UPDATE idempotency SET created_at = created_at - {DAY - HOUR}")
    assert post() == (200, id), "over a restart, too"
    aged(f"UPDATE idempotency SET created_at = created_at - {2 * HOUR}")
    wait_for(lambda: post()[1] != id, 20, "another job")


def test_jobs_that_ended_are_known_half_a_year(aged):
    server = aged.server
    job = server.wait(server.job(input="https://example.invalid/a", kind="image"))
    aged(f"UPDATE jobs SET finished_at = finished_at - {179 * DAY}")
    assert server.get(f"/jobs/{job['id']}").ok
    aged(f"UPDATE jobs SET finished_at = finished_at - {2 * DAY}")
    wait_for(lambda: server.get(f"/jobs/{job['id']}").status_code == 404, 20, "the row's end")
    assert server.get(f"/tasks/{job['tasks'][0]['id']}").status_code == 404
