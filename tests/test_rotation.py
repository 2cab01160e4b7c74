"""serve --rotate-secret-key: nothing that was given is lost by it."""
import os
import subprocess
import time

import pytest
import requests

import cli
import look
from service import WAIT, Server, Worker, wait_for
from test_encryption import KEY, Keys, assert_sealed, encryption, parts_from


@pytest.fixture(scope="module")
def keys(media):
    made = Keys(media)
    yield made
    made.http.shutdown()


@pytest.fixture(params=["sqlite", "postgres"])
def server(request, tmp_path):
    made = Server(tmp_path, database=request.param)
    yield made
    if made.process.poll() is None:
        assert made.stop() == 0


def secrets_in(server):
    return (server.data / "secret-key").read_text().split()


def crash(server):
    """Some minutes ago, so that nobody takes it for alive."""
    server.kill()
    server.sql("DELETE FROM workers")


def rotate(server):
    """Stops a server that runs, has it make a new key, and starts it with that."""
    assert server.process.poll() is not None or server.stop() == 0
    before = secrets_in(server)
    flags, server.flags = server.flags, [*server.flags, "--rotate-secret-key"]
    server.start()
    crash(server)  # what it knew beside its files is gone
    server.flags = flags
    server.start()
    assert secrets_in(server)[0] not in before
    return before


def plays(server, output, task, folder):
    """Its segments are sealed with the key, and FFmpeg, which gets it, shows all pictures."""
    assert_sealed(parts_from(server, output, task))
    out = folder / f"{task}.mkv"
    look.output_of("ffmpeg", "-nostdin", "-v", "error", "-xerror", "-allowed_extensions", "ALL",
                   "-protocol_whitelist", "file,crypto,http,tcp", "-i", output, "-c", "copy", out)
    assert len(look.frame_times(out)) > 20 and not look.decode_complaints(out)


def test_a_stream_that_waited_plays_with_its_key(server, origin, keys, media, tmp_path):
    asked = encryption(keys, key=KEY.hex())
    stream = {"kind": "adaptive_video", "options": {"encryption": asked, "end": 1}}
    film = f"{origin.url}/flash-small.mp4"
    done = server.wait(server.job(input=film, outputs=[stream]))
    assert done["status"] == "succeeded", done["error"]
    with origin.stall() as url:
        held = [server.job(input=url, kind="video") for _ in range(os.cpu_count() + 2)]
        waits = server.job(input=film, outputs=[{"kind": "image"}, stream, stream])
        task = server.post("/tasks", {"kind": "adaptive_video", "input": film,
                                      "options": stream["options"]}).json()
        assert server.get(f"/jobs/{waits['id']}").json()["status"] == "queued"
        crash(server)
        old = rotate(server)
        for job in held:
            server.post(f"/jobs/{job['id']}/cancel")
    assert not set(old) & set(secrets_in(server)), "the old key is forgotten"
    ended = server.wait(waits)
    assert ended["status"] == "succeeded", ended["error"]
    for output in ended["outputs"][1:]:
        plays(server, output["output"], output["tasks"][1], tmp_path)
    task = server.wait(task, "tasks")
    assert task["status"] == "succeeded", task["error"]
    plays(server, task["output"]["url"], task["id"], tmp_path)
    # What had ended may be tried again.
    again = server.wait(server.post(f"/jobs/{done['id']}/retry").json())
    assert again["status"] == "succeeded", again["error"]
    plays(server, again["outputs"][0]["output"], again["tasks"][-1]["id"], tmp_path)


def test_one_that_was_being_made_is_made_anew(server, origin, keys, tmp_path):
    asked = encryption(keys, key=KEY.hex())
    with origin.stall() as url:
        job = server.job(input=url, kind="adaptive_video", options={"encryption": asked})
        wait_for(lambda: server.get(f"/jobs/{job['id']}").json()["status"] == "processing", WAIT,
                 "work")
        crash(server)
        server.sql("UPDATE jobs SET request = replace(request, '/stall', '/flash-small.mp4'), "
                   "input = replace(input, '/stall', '/flash-small.mp4')")
        rotate(server)
    ended = server.wait(job)
    assert ended["status"] == "succeeded", ended["error"]
    plays(server, ended["output"], ended["tasks"][-1]["id"], tmp_path)


def test_it_is_refused_while_others_know_the_old_key_alone(server):
    worker = Worker(server)
    assert server.stop() == 0
    before = secrets_in(server)
    words = [cli.BINARY, "serve", "--listen", "127.0.0.1:0", "--rotate-secret-key"]
    if server.database != "sqlite":
        wait_for(lambda: server.sql("SELECT 1 FROM workers"), WAIT, "the worker to be known")
    told = subprocess.run(words, env=server.env, capture_output=True, text=True, timeout=WAIT)
    assert told.returncode != 0 and "worker" in told.stderr
    assert secrets_in(server) == before
    assert worker.stop() == 0
    rotate(server)
    assert Worker(server).stop() == 0, "workers may come again"


def test_signed_addresses_hold_for_their_time(tmp_path, clip):
    server = Server(tmp_path, "--sign-files", "1h")
    done = server.wait(server.job(input=clip, kind="image", width=16))
    address = done["output"]
    (old,) = rotate(server)
    assert requests.get(address, timeout=WAIT).ok
    assert server.stop() == 0
    server.start()
    assert requests.get(address, timeout=WAIT).ok, "the old key is kept as long as they hold"
    assert secrets_in(server)[1] == old
    assert server.stop() == 0
    long_ago = time.time() - 3601
    os.utime(server.data / "secret-key", (long_ago, long_ago))
    server.start()
    assert len(secrets_in(server)) == 1
    assert requests.get(address, timeout=WAIT).status_code == 403
    now = server.get(f"/jobs/{done['id']}").json()["output"]
    assert requests.get(now, timeout=WAIT).ok
    assert server.stop() == 0
