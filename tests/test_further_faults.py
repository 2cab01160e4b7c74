"""`ittybit validate` tells further faults, seeded into streams of several kinds."""
import shutil
import subprocess

import further_faults_media
import further_faults_other
import pytest

import cli
from further_faults import FURTHER, Film, Presentation, Single
from test_validate import rules, validate

assert further_faults_media.FURTHER is further_faults_other.FURTHER is FURTHER

DEEP = {"sound-sizes-moved", "map-changes"}  # what only decoding shows
KEY = b"0123456789abcdef"
SUBTITLES = """1
00:00:01,000 --> 00:00:03,000
Hello there

2
00:00:05,000 --> 00:00:07,500
across the boundary

3
00:00:09,000 --> 00:00:11,000
<i>later</i>
"""


def film(folder, size="640x360"):
    source = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r=30000/1001:d=14"]
    tone = ["-f", "lavfi", "-i", "sine=f=440:r=48000:d=14"]
    subprocess.run(["ffmpeg", "-v", "error", *source, *tone, "-c:v", "libx264", "-preset",
                    "ultrafast", "-c:a", "aac", folder / "film.mp4"], check=True)
    return folder / "film.mp4"


def adaptive(source, *words):
    master = source.parent / "s/master.m3u8"
    made = cli.ittybit("adaptive", "-i", source, "-o", master, *words, cwd=source.parent,
                       timeout=300)
    assert made.status == 0, made.message
    return master


def plain(folder):
    return adaptive(film(folder))


def several(folder):
    source = film(folder)
    (folder / "s.srt").write_text(SUBTITLES)
    both = folder / "both.mkv"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", source, "-f", "lavfi", "-i", "sine=f=880:r=48000:d=14",
         "-i", folder / "s.srt", "-map", "0", "-map", "1:a", "-map", "2", "-c:v", "copy", "-c:a",
         "aac", "-c:s", "srt", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1",
         "language=deu", "-metadata:s:s:0", "language=eng", both], check=True)
    return adaptive(both)


def encrypted(folder):
    url = "https://example.com/k.key"
    master = adaptive(film(folder), "--encryption",
                      f'{{"method":"aes-128","key_url":"{url}","key":"{KEY.hex()}"}}')
    for playlist in master.parent.glob("*/*.m3u8"):
        playlist.write_text(playlist.read_text().replace(url, "k.key"))
        (playlist.parent / "k.key").write_bytes(KEY)
    return master


def codecs(folder):
    return adaptive(film(folder, "320x180"), "--codecs", "h264,h265,av1")


def transport(folder):
    (folder / "s").mkdir()
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=12", "-f",
         "lavfi", "-i", "sine=r=48000:d=12", "-c:v", "libx264", "-preset", "ultrafast", "-g", "50",
         "-keyint_min", "50", "-sc_threshold", "0", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f",
         "hls", "-hls_time", "4", "-hls_playlist_type", "vod", folder / "s/v.m3u8"], check=True)
    return folder / "s/v.m3u8"


KINDS = {"plain": (plain, Film), "several": (several, Film), "encrypted": (encrypted, Film),
         "codecs": (codecs, Film), "dash": (several, Presentation),
         "transport": (transport, Single)}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The playlist of a good stream of a kind, made when it is first asked for."""
    made = {}

    def of_kind(kind):
        make = KINDS[kind][0]
        if make not in made:
            made[make] = make(tmp_path_factory.mktemp(kind))
        return made[make]

    return of_kind


@pytest.mark.parametrize("kind", KINDS)
def test_good_streams_of_each_kind_have_no_finding(good, tmp_path, kind):
    run = validate(KINDS[kind][1](good(kind)).target, cwd=tmp_path)
    assert (run.status, run.last["findings"]) == (0, [])


@pytest.mark.parametrize("name", sorted(FURTHER))
def test_a_further_fault_is_told_by_its_rule(good, tmp_path, name):
    kind, seed, wanted = FURTHER[name]
    playlist = good(kind)
    shutil.copytree(playlist.parent, tmp_path / "s")
    stream = KINDS[kind][1](tmp_path / "s" / playlist.name)
    seed(stream)
    run = validate(stream.target, *([] if name in DEEP else ["--no-decode"]), cwd=tmp_path)
    assert rules(run) & wanted, (wanted, run.last["findings"])
