"""What we make, in a real browser, from the URLs of our own server: it shows, plays and seeks."""
import json
import random
import subprocess

import pytest

import look
from service import WAIT, Receiver
from test_clients import CHROMIUM, run_client

SECONDS, SIZE = 3, (160, 90)
SOUNDS = ["mp3", "aac", "opus", "ogg", "wav", "flac"]
FILMS = [("mp4", "h264"), ("webm", "vp9"), ("webm", "av1"), ("mp4", "av1")]
PICTURES = ["jpeg", "png", "webp", "avif"]
ANIMATIONS = ["gif", "webp"]
# Nothing in ADTS tells its length, so players guess it, and the places in it.
GUESSED = ["audio-aac"]
# What not every build of Chromium has.
PATENTED = {"video-mp4-h264": 'video/mp4; codecs="avc1.42E01E, mp4a.40.2"',
            "audio-aac": 'audio/aac; codecs="mp4a.40.2"'}


@pytest.fixture(scope="module")
def seed():
    """Of the places that players are sent to; printed, so that they can be again."""
    made = random.randrange(2**31)
    print(f"seed {made}")
    return str(made)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A server's film of 13 s, and its first three seconds."""
    folder = tmp_path_factory.mktemp("film")
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25", "-f",
         "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-t", "13", "-c:v", "libx264",
         "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", folder / "film.mp4"],
        check=True)
    made = Receiver(folder)
    yield f"{made.url}/film.mp4"
    made.close()


def outputs():
    """Everything that a browser may be given, by names that say what it is."""
    short = {"end": SECONDS, "width": SIZE[0]}
    for form, codec in FILMS:
        yield f"video-{form}-{codec}", "video", {"format": form, "codec": codec, **short}
    for form in SOUNDS:
        yield f"audio-{form}", "audio", {"format": form, "end": SECONDS}
    for form in PICTURES:
        yield f"image-{form}", "image", {"format": form, "start": 1, "width": SIZE[0]}
    for form in ANIMATIONS:
        yield f"animation-{form}", "animation", {"format": form, "end": 0.5, "width": SIZE[0]}


@pytest.fixture(scope="module")
def shown(server, film, seed):
    """What a browser made of each."""
    job = server.wait(server.job(input=film, outputs=[
        {"name": name, "kind": kind, "options": options} for name, kind, options in outputs()]))
    assert job["status"] == "succeeded", job["error"]
    elements = {"animation": "image"}
    files = [{"name": made["name"], "kind": elements.get(made["kind"], made["kind"]),
              "url": made["output"]} for made in job["outputs"]]
    return json.loads(run_client(server, "show.mjs", CHROMIUM, server.url, seed,
                                 input=json.dumps(files), timeout=3 * WAIT))


@pytest.mark.parametrize("name", [name for name, kind, _ in outputs()
                                  if kind in ("image", "animation")])
def test_pictures_show(shown, name):
    seen = shown[name]["shown"]
    assert "error" not in seen
    assert (seen["width"], seen["height"]) == SIZE and seen["colours"] > 100


@pytest.mark.parametrize("name", [name for name, kind, _ in outputs()
                                  if kind in ("video", "audio")])
def test_films_and_sound_play_and_seek_however_they_were_loaded(shown, name):
    for way, seen in shown[name].items():
        if name in PATENTED and "SRC_NOT_SUPPORTED" in seen.get("error", ""):
            pytest.skip(f"{CHROMIUM} has no decoder for {PATENTED[name]}")
        assert "error" not in seen, (way, seen)
        assert seen["sound"] > 0, way
        if name not in GUESSED:
            assert abs(seen["duration"] - SECONDS) < 0.1 and abs(seen["time"] - SECONDS) < 0.1, way
            assert all(abs(place) < 0.1 for place in seen["places"]), way
        if name.startswith("video"):
            assert seen["width"] == SIZE[0]
            assert seen["frames"] > 15, "of 75: busy machines drop many"


@pytest.mark.parametrize("codec", ["vp9", "av1"])
def test_nothing_in_webm_is_stored_before_its_first_picture(make, media, codec):
    """Else Chromium, told to begin at the start again, begins behind the first key frame."""
    made = make("video", media / "flash-small.mp4", "made.webm", codec=codec, end=1)
    copied = make("video", made, "copied.webm", codec=codec)
    for path in (made, copied):
        packets = json.loads(look.output_of("ffprobe", "-v", "error", "-show_packets", "-of",
                                            "json", path))["packets"]
        first = {kind: next(float(packet["pts_time"]) for packet in packets
                            if packet["codec_type"] == kind) for kind in ("video", "audio")}
        delay = 0.0065  # of Opus, which readers take away from what is stored
        assert 0 <= first["video"] < 0.002 and abs(first["audio"] + delay) < 0.002


def test_a_stream_plays_everywhere_in_every_rendition(server, film, seed):
    job = server.wait(server.job(input=film, kind="adaptive_video"))
    assert job["status"] == "succeeded", job["error"]
    seen = json.loads(run_client(server, "roam.mjs", CHROMIUM, server.url, job["output"], seed,
                                 timeout=3 * WAIT))
    assert seen["errors"] == []
    assert abs(seen["duration"] - 13) < 0.1 and abs(seen["end"] - 13) < 0.1
    assert seen["sound"] > 0 and seen["frames"] > 60, "of 325: busy machines drop many"
    assert len(seen["places"]) == 10
    sizes = seen["climbs"]
    assert len(sizes) >= 3 and sizes == sizes[::-1] and len(set(sizes)) == (len(sizes) + 1) // 2
