"""What is light waits for no film, films for no crowd of pictures; who is first stays first."""
import contextlib

import pytest

import cli
from service import WAIT, Receiver, Server, Worker, free_port, wait_for

MEDIA = cli.ROOT / "build/test_media"
LIGHT = ("--concurrency", "1", "--light-slots", "1")


@pytest.fixture(params=["sqlite", "postgres"])
def server(request, tmp_path):
    made = Server(tmp_path, *LIGHT, database=request.param)
    yield made
    assert made.stop() == 0


@contextlib.contextmanager
def stalled(server, **body):
    """A job that holds its slot as long as one is in here."""
    origin = Receiver(MEDIA)
    with origin.stall() as url:
        job = server.job(input=url, **body)
        wait_for(lambda: state(server, job) == "processing", WAIT, "a slot that is held")
        yield job
    origin.close()


def state(server, job):
    return server.get(f"/jobs/{job['id']}").json()["status"]


def slots(server):
    lines = server.get("/metrics").text.splitlines()
    return {line.split()[0]: float(line.split()[1]) for line in lines
            if line.startswith("ittybit_slots")}


def started(server, jobs):
    return [server.wait(job)["started_at"] for job in jobs]


def test_a_poster_does_not_wait_behind_a_film(server, clip):
    with stalled(server, kind="video") as film:
        next_film = server.job(input=clip, kind="video", width=64)
        pictures = server.job(input=clip, kind="image", interval=1, width=16)
        for light in ({"kind": "image", "width": 16}, {"kind": "audio", "start": 1, "end": 2},
                      {"kind": "animation", "end": 1, "width": 32},
                      {"outputs": [{"kind": "image"}, {"kind": "video", "options": {
                          "end": 1, "height": 64}}]}):
            done = server.wait(server.job(input=clip, **light))
            assert done["status"] == "succeeded", done["error"]
        task = server.post("/tasks", {"kind": "probe", "input": clip}).json()
        assert server.wait(task, "tasks")["status"] == "succeeded"
        assert [state(server, job) for job in (film, next_film, pictures)] == [
            "processing", "queued", "queued"]
        wait_for(lambda: slots(server)['ittybit_slots_busy{lane="light"}'] == 0, WAIT, "rest")
        assert slots(server) == {
            'ittybit_slots{lane="any"}': 1, 'ittybit_slots{lane="light"}': 1,
            'ittybit_slots_busy{lane="any"}': 1, 'ittybit_slots_busy{lane="light"}': 0}
    assert server.wait(next_film)["status"] == server.wait(pictures)["status"] == "succeeded"


def test_a_hundred_posters_do_not_starve_a_film(server, clip):
    with stalled(server, kind="video"):
        film = server.job(input=clip, kind="video", width=64)
        posters = [server.job(input=f"{clip}?{n}", kind="image", width=16) for n in range(100)]
        server.wait(posters[0])
    began, = started(server, [film])
    assert began < max(started(server, posters)), "posters waited when it began"


def by_start(server, jobs):
    """Their numbers in the order in which they were begun."""
    times = started(server, jobs)
    return sorted(range(len(jobs)), key=lambda number: times[number])


def test_who_is_first_stays_first(server, clip):
    with contextlib.ExitStack() as film, contextlib.ExitStack() as poster:
        film.enter_context(stalled(server, kind="video"))
        poster.enter_context(stalled(server, kind="image"))
        jobs = [server.job(input=clip, kind=kind, width=16, priority=priority)
                for kind, priority in [("image", 0), ("image", 5), ("video", 3), ("image", 9),
                                       ("video", 0)]]
        assert {state(server, job) for job in jobs} == {"queued"}
        film.close()
        assert by_start(server, jobs) == [3, 1, 2, 0, 4], "whatever they weigh"
        film.enter_context(stalled(server, kind="video"))
        jobs = [server.job(input=clip, kind="image", width=16, priority=priority)
                for priority in (0, 5, -5, 5)]
        poster.close()
        assert by_start(server, jobs) == [1, 3, 0, 2]


def test_a_key_has_no_more_running_than_it_may(server, clip):
    admin = server.key
    made = server.post("/keys", {"name": "bounded", "max_running": 1}).json()
    server.key = made["key"]
    with stalled(server, kind="video"):
        poster = server.job(input=clip, kind="image", width=16)
        server.key = admin
        others = server.job(input=clip, kind="image", width=16)
        assert server.wait(others)["status"] == "succeeded"
        assert state(server, poster) == "queued"
    assert server.wait(poster)["status"] == "succeeded"


def test_who_wants_none_has_none(tmp_path, clip):
    server = Server(tmp_path, "--concurrency", "1", "--light-slots", "0")
    port = free_port()
    worker = Worker(server, "--concurrency", "2", "--light-slots", "3", "--listen",
                    f"127.0.0.1:{port}")
    assert slots(server)['ittybit_slots{lane="light"}'] == 0
    told = server.call("GET", f"http://127.0.0.1:{port}/metrics").text
    assert 'ittybit_slots{lane="any"} 2' in told and 'ittybit_slots{lane="light"} 3' in told
    assert worker.stop() == 0
    with stalled(server, kind="video"):
        poster = server.job(input=clip, kind="image", width=16)
        other = server.job(input=clip, kind="audio")
        server.post(f"/jobs/{other['id']}/cancel")
        assert state(server, poster) == "queued"
    assert server.wait(poster)["status"] == "succeeded"
    assert server.stop() == 0
