"""Sheets of thumbnails over players' scrub bars, in a browser, from our own URLs: at each moment
the tile that tells it."""
import base64
import json
import shutil
import subprocess

import pytest

import cli
import look
from service import WAIT
from test_thumbnails import X264, counted, film, number_in

STEP = 0.2  # seconds, one picture each: 150 tiles on two sheets
TIMES = [0.1, 1.5, 2.1, 11.9, 19.9, 20.1, 27.3]


@pytest.fixture(scope="module")
def streamed(server, tmp_path_factory):
    """The URLs of a film's stream and of its list of thumbnails."""
    path = film(tmp_path_factory.mktemp("film") / "film.mp4", *X264, rate=5,
                pictures=counted(range(150)))
    url = server.post("/uploads?filename=film.mp4", data=path.read_bytes()).json()["url"]
    job = server.wait(server.job(input=url, outputs=[
        {"kind": "adaptive_video"},
        {"kind": "image", "options": {"interval": STEP, "sheet": "sprite"}}]))
    assert job["status"] == "succeeded", job["error"]
    return [output["output"] for output in job["outputs"]]


@pytest.mark.parametrize("player", ["shaka-player", "plyr", "video.js"])
def test_a_player_shows_the_tile_of_the_moment(server, streamed, tmp_path, player):
    stream, thumbnails = streamed
    given = {
        "chromium": shutil.which("chromium"),
        "page": server.url.replace("127.0.0.1", "localhost"),  # another origin
        "player": player, "film": stream, "list": thumbnails, "times": TIMES}
    done = subprocess.run(
        [cli.ROOT / "tests/clients/scrub.mjs"], input=json.dumps(given), text=True,
        capture_output=True, timeout=3 * WAIT, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["errors"] == []
    told = []
    for i, tile in enumerate(seen["tiles"]):
        path = tmp_path / f"{i}.png"
        path.write_bytes(base64.b64decode(tile))
        told.append(number_in(look.picture(path)))
    assert told == [int(time / STEP) for time in TIMES]
