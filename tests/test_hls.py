"""adaptive_video: the stream on disk, checked by its bytes (check_hls.py) and by decoding."""
import pathlib
import subprocess
import sys

import pytest

import cli
import look

CHECKER = cli.ROOT / "tests/check_hls.py"


@pytest.fixture
def stream(tmp_path, media):
    def made(source, **options):
        out = tmp_path / "show"
        words = ["adaptive", "-i", media / source, "-o", out / "master.m3u8", *cli.flags(options)]
        out.mkdir(exist_ok=True)
        run = cli.ittybit(*words, cwd=tmp_path, timeout=300)
        assert run.status == 0, (run.last.get("error"), run.stderr)
        return out / "master.m3u8"

    return made


def rungs(master):
    lines = master.read_text().splitlines()
    sizes = [line.split("RESOLUTION=")[1].split(",")[0] for line in lines
             if line.startswith("#EXT-X-STREAM-INF") and "RESOLUTION=" in line]
    uris = [lines[i + 1] for i, line in enumerate(lines) if line.startswith("#EXT-X-STREAM-INF")]
    return sizes, [master.parent / uri for uri in uris]


@pytest.mark.parametrize("source, ladder", [
    ("flash-1080p.mp4", ["1920x1080", "1280x720", "854x480", "640x360", "426x240"]),
    ("flash-720p.mp4", ["1280x720", "854x480", "640x360", "426x240"]),
    ("corner-stored-90.mp4", ["320x240"]),
    ("vfr.mp4", ["320x180"]), ("interlaced.mp4", None), ("bars-hdr10.mp4", None),
    ("size-changes.ts", ["320x240"]), ("edit-list.mp4", None), ("no-audio.mp4", None),
    ("late-audio.mp4", None),
])
def test_a_stream_follows_the_standards_and_plays(stream, media, source, ladder):
    master = stream(source)
    checked = subprocess.run([sys.executable, CHECKER, master], capture_output=True, text=True,
                             check=False)
    assert checked.returncode == 0, checked.stdout[-3000:]
    sizes, playlists = rungs(master)
    if ladder:
        # The top and the lowest always, between them what differs enough in rate.
        found = sorted({int(size.split("x")[1]) for size in sizes}, reverse=True)
        wanted = [int(size.split("x")[1]) for size in ladder]
        assert len(sizes) >= 2 and found[0] == wanted[0], sizes
        assert set(found) <= {*wanted, 180}, sizes
    for playlist in playlists:
        assert not look.decode_complaints(playlist), playlist.name
        wanted = look.duration(media / source)
        assert abs(look.duration(playlist) - wanted) < 0.1
    assert not look.decode_complaints(master)


def test_flash_and_beep_stay_together_in_the_stream(stream):
    look.assert_in_sync(stream("flash-720p.mp4"), frame=1 / 25)


@pytest.mark.parametrize("source", ["tone.mp3", "few-samples.wav"])
def test_sound_alone_is_a_stream_too(stream, source):
    master = stream(source)
    checked = subprocess.run([sys.executable, CHECKER, master], capture_output=True, text=True,
                             check=False)
    assert checked.returncode == 0, checked.stdout[-3000:]
    assert not look.decode_complaints(master)
    assert not look.probe(master)["video"]


def test_names_lie_beside_the_master(stream):
    master = stream("flash-small.mp4")
    folders = [path for path in master.parent.iterdir() if path.is_dir()]
    assert len(folders) == 1 and folders[0].name.startswith("master-")
    assert {path.suffix for path in folders[0].iterdir()} == {".m3u8", ".m4s", ".mp4", ".mpd"}
    assert all(pathlib.Path(folders[0] / path.name).stat().st_size for path in folders[0].iterdir())
