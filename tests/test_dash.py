"""adaptive_video's DASH manifest: what it says against the media, and players in a browser."""
import gzip
import json
import re
import subprocess
from xml.etree import ElementTree

import pytest
import requests

import cli
import look
from service import WAIT
from test_clients import CHROMIUM, run_client

SECONDS = 14
RATE = "30000/1001"


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Three segments, at a rate that is no whole number, with a language."""
    out = tmp_path_factory.mktemp("film") / "film.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=640x360:rate={RATE}",
         "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-t", str(SECONDS),
         "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac",
         "-metadata:s:a:0", "language=fra", out], check=True)
    return out


def adaptive(source, master, *flags):
    master.parent.mkdir(exist_ok=True)
    run = cli.ittybit("adaptive", "-i", source, "-o", master, *flags, cwd=master.parent,
                      timeout=300)
    assert run.status == 0, (run.last.get("error"), run.stderr)
    return master


@pytest.fixture(scope="module")
def manifest(film, tmp_path_factory):
    master = adaptive(film, tmp_path_factory.mktemp("stream") / "master.m3u8")
    [found] = master.parent.glob("master-*/manifest.mpd")
    return found


def read(path):
    """The root without its namespace, which every element shares."""
    text = path.read_text(encoding="utf-8").replace(' xmlns="urn:mpeg:dash:schema:mpd:2011"', "")
    return ElementTree.fromstring(text)


def seconds(duration):
    return float(re.fullmatch(r"PT([0-9.]+)S", duration)[1])


def findings(path):
    run = cli.ittybit("validate", "--json", path, cwd=path.parent)
    assert run.status in (0, 1), run.stderr
    return run.last["findings"]


def segments_of(representation):
    """Name, begin and length of each segment that a representation's template and timeline say."""
    template = representation.find("SegmentTemplate")
    scale, number, time = int(template.get("timescale")), int(template.get("startNumber")), 0
    for entry in template.iter("S"):
        time = int(entry.get("t", time))
        for _ in range(int(entry.get("r", 0)) + 1):
            name = template.get("media").replace("$RepresentationID$", representation.get("id"))
            length = int(entry.get("d"))
            yield name.replace("$Number%05d$", f"{number:05}"), time / scale, length / scale
            number, time = number + 1, time + length


def test_it_names_the_segments_of_the_playlists_at_their_times(manifest):
    root = read(manifest)
    told = {file for each in root.iter("Representation") for file, _, _ in segments_of(each)}
    assert told == {path.name for path in manifest.parent.glob("*.m4s")}
    for representation in root.iter("Representation"):
        name = representation.get("id")
        playlist = (manifest.parent / f"{name}.m3u8").read_text()
        listed = [(file, float(length))
                  for length, file in re.findall(r"#EXTINF:([0-9.]+),\n(.+)", playlist)]
        segments, begin = list(segments_of(representation)), 0
        assert [file for file, _, _ in segments] == [file for file, _ in listed]
        for (_, at, length), (_, wanted) in zip(segments, listed):
            assert abs(at - begin) < 1e-4 and abs(length - wanted) < 1e-5
            begin += wanted
        init = representation.find("SegmentTemplate").get("initialization")
        assert (manifest.parent / init.replace("$RepresentationID$", name)).exists()
    assert abs(seconds(root.get("mediaPresentationDuration")) - SECONDS) < 0.05


def test_what_it_says_of_pictures_and_sound_is_so(manifest, tmp_path):
    root = read(manifest)
    assert (root.get("type"), root.get("profiles")) == (
        "static", "urn:mpeg:dash:profile:isoff-live:2011")
    assert {each.get("contentType") for each in root.iter("AdaptationSet")} == {"video", "audio"}
    codecs = re.findall(r'CODECS="([^"]+)"', (manifest.parent.parent / "master.m3u8").read_text())
    for representation in root.iter("Representation"):
        name = representation.get("id")
        whole = tmp_path / f"{name}.mp4"
        files = [f"{name}-init.mp4", *(file for file, _, _ in segments_of(representation))]
        whole.write_bytes(b"".join((manifest.parent / file).read_bytes() for file in files))
        found = look.probe(whole)
        assert any(representation.get("codecs") in each.split(",") for each in codecs)
        peak = max((manifest.parent / file).stat().st_size * 8 / length
                   for file, _, length in segments_of(representation) if length > 3)
        assert peak <= int(representation.get("bandwidth")) < 2 * peak
        if representation.get("width"):
            stream = found["video"][0]
            assert (int(representation.get("width")), int(representation.get("height"))) == (
                stream["width"], stream["height"])
            assert representation.get("frameRate") == RATE and representation.get("sar") == "1:1"
        else:
            stream = found["audio"][0]
            assert representation.get("audioSamplingRate") == stream["sample_rate"] == "44100"
            channels = representation.find("AudioChannelConfiguration")
            assert channels.get("value") == str(stream["channels"]) == "1"
    assert root.find(".//AdaptationSet[@contentType='audio']").get("lang") == "fr"


def test_nothing_is_found_wrong_and_ffmpeg_reads_all_of_it(manifest):
    assert findings(manifest) == []
    assert not look.decode_complaints(manifest)
    assert abs(len(look.frame_times(manifest)) - SECONDS * 29.97) < 2


def test_a_manifest_can_be_left_out_and_the_plan_says_so(film, tmp_path):
    for flags, options in [((), {"dash": "manifest.mpd"}), (("--no-dash",), {})]:
        plan = cli.ittybit("adaptive", "-i", film, "--explain", *flags, cwd=tmp_path).last
        assert plan["outputs"][0]["options"] == options
    master = adaptive(film, tmp_path / "bare/master.m3u8", "--no-dash", "--end", "1")
    assert not list(master.parent.rglob("*.mpd")) and list(master.parent.rglob("*.m4s"))


@pytest.mark.parametrize("flags", [("--mute-video",), ("--no-audio",)])
def test_one_kind_of_media_alone_is_one_set(film, tmp_path, flags):
    master = adaptive(film, tmp_path / "one/master.m3u8", "--end", "7", *flags)
    [found] = master.parent.rglob("manifest.mpd")
    wanted = "audio" if flags == ("--mute-video",) else "video"
    assert [each.get("contentType") for each in read(found).iter("AdaptationSet")] == [wanted]
    assert findings(found) == [] and not look.decode_complaints(found)


@pytest.mark.parametrize("name", ["360p", "audio", "manifest", "a $Number$ & <b> é"])
def test_no_name_of_the_output_breaks_it(film, tmp_path, name):
    master = adaptive(film, tmp_path / f"odd/{name}.m3u8", "--end", "1")
    [found] = master.parent.rglob("manifest.mpd")
    assert findings(found) == [] and findings(master) == []


@pytest.mark.parametrize("source", [
    "interlaced.mp4", "vfr.mp4", "late-audio.mp4", "few-samples.wav",
])
def test_odd_sources_give_right_manifests(media, tmp_path, source):
    master = adaptive(media / source, tmp_path / "odd/master.m3u8")
    [found] = master.parent.rglob("manifest.mpd")
    assert findings(found) == []


@pytest.fixture(scope="module")
def served(server, film):
    """A finished job's manifest: its URL, and the job."""
    upload = server.call("POST", "/uploads", data=film.read_bytes()).json()
    job = server.wait(server.job(input=upload["url"], kind="adaptive_video"), seconds=300)
    assert job["status"] == "succeeded", job["error"]
    export = job["tasks"][-1]
    parts = server.get(f"/tasks/{export['id']}/parts?limit=100").json()
    [name] = [part["name"] for part in parts if part["name"].endswith("/manifest.mpd")]
    return job["output"].rsplit("/", 1)[0] + "/" + name


def test_it_is_a_part_and_is_sent_as_what_it_is(served):
    plain = requests.get(served, timeout=WAIT, headers={"Accept-Encoding": "identity"})
    assert plain.headers["Content-Type"] == "application/dash+xml"
    assert plain.content.startswith(b"<?xml")
    packed = requests.get(served, timeout=WAIT, headers={"Accept-Encoding": "gzip"}, stream=True)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.raw.read(decode_content=False)) == plain.content


@pytest.mark.parametrize("value", ["yes", 1, [], {}])
def test_what_is_neither_yes_nor_no_is_refused(server, value):
    answer = server.post("/jobs", {"input": "https://example.invalid/a", "kind": "adaptive_video",
                                   "options": {"dash": value}})
    assert answer.status_code == 400 and answer.json()["kind"] == "invalid_options"
    assert "dash" in answer.json()["message"]


@pytest.mark.parametrize("player", ["dashjs", "shaka-player"])
def test_a_browser_plays_it_seeks_and_changes_the_rendition(server, served, player):
    seen = json.loads(run_client(server, "play_dash.mjs", CHROMIUM, server.url, served, player))
    assert seen["errors"] == []
    assert seen["levels"][-1] == "640x360" and len(seen["levels"]) >= 2
    assert seen["languages"] == ["fr"]
    assert seen["sizes"][0] == seen["levels"][0] and seen["sizes"][-1] == "640x360"
    assert abs(seen["duration"] - SECONDS) < 0.1 and abs(seen["time"] - SECONDS) < 0.1
    assert seen["sound"] > 0 and seen["frames"] > 30, "of 420: a busy machine drops many"
