"""Nothing that a file or a full disk makes endless is endless."""
import subprocess
import time

import pytest

import apart
import bombs
import look

# Where two limits are passed, whichever is noticed first may be named.
BOMBS = [
    ("image", "huge.png", {}, "pixels"),
    ("animation", "huge.png", {"end": 1, "format": "gif"}, "pixels"),
    ("image", "frames.gif", {}, "frames"),
    ("animation", "frames.gif", {"end": 1, "format": "gif"}, "frames"),
    ("video", "canvas.gif", {}, "pixels"),
    ("video", "streams.mp4", {}, "streams"),
    ("image", "streams.mp4", {}, "streams"),
    ("video", "century.mp4", {}, "duration"),
    ("adaptive", "century.mp4", {}, "duration frames"),
    ("video", "rate.mp4", {"fps": 60}, "frames"),
    ("adaptive", "rate.mp4", {}, "duration"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, media):
    made = tmp_path_factory.mktemp("bombs")
    subprocess.run(["ffmpeg", "-v", "error", "-i", media / "corner.png", "-vf", "scale=64:64",
                    "-pix_fmt", "yuvj420p", made / "picture.jpg"], check=True,
                   stdin=subprocess.DEVNULL)
    bombs.make(made, made / "picture.jpg")
    return made


@pytest.mark.parametrize("kind,file,options,limit", BOMBS)
def test_a_bomb_ends_in_seconds_and_the_limit_is_named(folder, refuse, kind, file, options, limit):
    began = time.monotonic()
    run = refuse(kind, folder / file, **options)
    assert run.error_kind == "limit_exceeded", run.last["error"]
    assert run.last["error"]["limit"]["name"] in limit.split()
    assert run.last["error"]["limit"]["value"] > 0
    assert time.monotonic() - began < 20


def tall_film(folder, height):
    path = folder / "tall.gif"
    look.output_of("ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                   f"color=red:size=64x{height}:rate=5", "-t", "0.4", path)
    return path


@pytest.mark.parametrize("kind,options,most", [
    ("animation", {"format": "webp"}, 16383),
    ("video", {}, 16384),
    ("video", {"format": "webm"}, 16384),
    ("video", {"codec": "av1"}, 16384),
])
def test_what_a_format_cannot_hold_names_its_limit(refuse, tmp_path, kind, options, most):
    run = refuse(kind, tall_film(tmp_path, 16940), width=64, end=1, **options)
    assert run.error_kind == "limit_exceeded", run.last["error"]
    assert run.last["error"]["limit"] == {"name": "longest_side", "value": most}


@pytest.mark.parametrize("name,codec", [
    ("tall.mp4", "h264"), ("tall.mp4", "h265"), ("tall.webm", "vp9"), ("tall.mp4", "av1"),
])
def test_what_a_codec_just_holds_is_made(make, tmp_path, name, codec):
    made = make("video", tall_film(tmp_path, 16384), name, codec=codec, quality="very_low")
    shown = look.picture(made)
    assert shown.shape == (16384, 64, 3)
    assert look.close(shown[16000, 32], look.RED, 60)


@pytest.mark.skipif(not apart.may(["-m"], "mount", "-t", "tmpfs", "tmpfs", "/mnt"),
                    reason="this machine permits no mounts: a full disk is not tested")
def test_a_full_disk_fails_jobs_and_nothing_else():
    found = apart.found_by(["-m"], "small_disk.py", timeout=600)
    assert found["wrong"] == [], found
    assert found["ends"] == {"failed disk_full": 50, "succeeded ": 3}
