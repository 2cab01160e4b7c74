"""One stream by several workers: what comes out is what one worker makes, segment by segment."""
import json
import re
import subprocess
import sys

import pytest

import cli
import look
from service import Receiver, Server, Worker, wait_for
from test_languages import captioned
from test_split import (TIDY, alone, assert_nothing_is_left, ffmpeg, held_by,  # noqa: F401
                        log_lines, pieces_of)

SECONDS = 6  # of a piece: a segment
# On both databases each time, as all of test_split.py is; with --all, all are.
ON_BOTH = {"test_an_encrypted_stream_is_shared_too"}
CHECKER = cli.ROOT / "tests/check_hls.py"


def tone(seconds):
    return ["-f", "lavfi", "-i", f"aevalsrc=0.3*sin(2*PI*(200+60*t)*t):s=48000:d={seconds}"]


def pictures(seconds, size="320x180", rate=25):
    return ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"]


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Films of three segments and a bit, whose pictures all differ."""
    folder = tmp_path_factory.mktemp("films")
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    reordered = [*x264, "-bf", "3", "-g", "70", "-x264-params", "open-gop=1:b-pyramid=normal"]
    film = [*pictures(20), *tone(20)]
    ffmpeg(*film, *reordered, folder / "cfr.mp4")
    ffmpeg(*pictures(19, rate="30000/1001"), *tone(19), *reordered, folder / "ntsc.mkv")
    ffmpeg(*film, "-vf", "select='not(mod(n,3))+not(mod(n,7))'", "-fps_mode", "vfr", *reordered,
           folder / "vfr.mp4")
    ffmpeg("-ss", "1.1", "-i", folder / "cfr.mp4", "-c", "copy", folder / "edited.mp4")
    ffmpeg(*film, "-vf", "interlace", *x264, "-flags", "+ilme+ildct", "-x264-params", "tff=1",
           folder / "fields.mp4")
    ffmpeg("-i", folder / "cfr.mp4", "-an", "-c", "copy", folder / "mute.mp4")
    ffmpeg(*pictures(20, "854x480", 50), *tone(20), *x264, folder / "fast.mp4")
    # The picture ends in the second segment, or the sound does; or either ends with a few pictures
    # of a segment that is not begun for their sake.
    ffmpeg(*pictures(8), *tone(20.03), *x264, folder / "short-picture.mp4")
    ffmpeg(*pictures(20), *tone(8), *x264, folder / "short-sound.mp4")
    ffmpeg(*pictures(18.2), *tone(18.33), *x264, folder / "tail.mp4")
    captioned(folder / "captions.mp4", 50, 19, "ALL IS TOLD")
    (folder / "film.srt").write_text("".join(
        f"{n + 1}\n00:00:{n * 2:02},000 --> 00:00:{n * 2 + 3:02},000\nLine {n}\n\n"
        for n in range(8)))
    ffmpeg("-i", folder / "mute.mp4", "-i", folder / "film.srt", "-map", "0:v", "-map", "1:s",
           "-c:v", "copy", "-c:s", "mov_text", folder / "texts.mp4")
    made = Receiver(folder)
    made.folder = folder
    yield made
    made.close()


def pytest_generate_tests(metafunc):
    is_on_both = metafunc.function.__name__ in ON_BOTH or metafunc.config.getoption("--all")
    if "fleet" in metafunc.fixturenames and is_on_both:
        metafunc.parametrize("fleet", ["sqlite", "postgres"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def fleet(request, tmp_path_factory):
    """A server and a worker with a slot each, on one database."""
    server = Server(tmp_path_factory.mktemp("split"), "--split", str(SECONDS), "--concurrency", "1",
                    database=getattr(request, "param", None))
    server.worker = Worker(server, "--split", str(SECONDS), "--concurrency", "1")
    yield server
    assert server.worker.stop() == 0 and server.stop() == 0


def saved(server, job, folder):
    """The master of a finished stream that is saved with all its parts, and the job."""
    done = server.wait(job, seconds=300)
    assert done["status"] == "succeeded", done
    folder.mkdir()
    parts = server.get(f"/tasks/{done['tasks'][3]['id']}/parts?limit=100").json()
    assert len(parts) == done["tasks"][3]["output"]["parts"]["count"]
    base, name = done["output"].rsplit("/", 1)
    for url in [done["output"], *(part["url"] for part in parts)]:
        path = folder / url.removeprefix(f"{base}/")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(server.call("GET", url).content)
    return folder / name, done


def files_of(master):
    return {path.name: path for path in master.parent.rglob("*") if path.is_file()}


def without_sizes(path):
    """A manifest but for what its bytes come to, and where they lie."""
    text = re.sub(r"(?i)(BANDWIDTH=\"?)\d+|#EXT-X-BYTERANGE:.*", r"\1", path.read_text())
    return re.sub(r"master-\w+/|output-\w+/", "", text)


def packets(playlist):
    text = look.output_of("ffprobe", "-v", "error", "-show_entries",
                          "packet=stream_index,pts,dts,duration", "-of", "json", playlist)
    return json.loads(text)["packets"]


def times(playlist):
    """When pictures are shown and for how long, and when something is decoded."""
    found = packets(playlist)
    shown = sorted((it["pts"], it.get("duration")) for it in found)
    return shown, [it["dts"] for it in found]


def assert_same_stream(many, one):
    """All but the bytes of pictures is the very same."""
    split, whole = files_of(many), files_of(one)
    assert split.keys() == whole.keys()
    for name in sorted(whole):
        if name.endswith((".m3u8", ".mpd")):
            assert without_sizes(split[name]) == without_sizes(whole[name]), name
        elif name.startswith(("audio", "text")) or name.endswith("-init.mp4"):
            assert split[name].read_bytes() == whole[name].read_bytes(), name
    for name in whole:
        if re.fullmatch(r"\d+p[^.]*\.m3u8", name) and "iframes" not in name:
            assert times(split[name]) == times(whole[name]), name
            assert look.frame_times(split[name]) == look.frame_times(whole[name]), name


def size_of(master):
    return sum(path.stat().st_size for path in files_of(master).values())


CASES = {
    "constant": ("cfr.mp4", {}),
    "of a broken rate": ("ntsc.mkv", {}),
    "trimmed": ("cfr.mp4", {"start": 1.3, "end": 19.17}),
    "variable": ("vfr.mp4", {}),
    "edit list": ("edited.mp4", {}),
    "each field": ("fields.mp4", {}),
    "half the rate for small ones": ("fast.mp4", {"quality": "low"}),
    "without sound": ("mute.mp4", {}),
    "levelled": ("cfr.mp4", {"normalize": "lufs"}),
    "sound goes on": ("short-picture.mp4", {}),
    "the picture goes on": ("short-sound.mp4", {}),
    "a tail": ("tail.mp4", {}),
    "with texts alone": ("texts.mp4", {}),
    "three codecs": ("cfr.mp4", {"codecs": ["h264", "h265", "av1"], "quality": "low"}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_many_make_is_what_one_makes(fleet, alone, films, tmp_path, case):  # noqa: F811
    name, options = CASES[case]
    body = {"input": f"{films.url}/{name}", "kind": "adaptive_video", "options": options}
    whole, one = saved(alone, alone.job(**body), tmp_path / "whole")
    job = fleet.job(**body)
    split, many = saved(fleet, job, tmp_path / "split")
    pieces = pieces_of(fleet, job)
    assert len(pieces) >= 3 and all(piece["outcome"] == "done" for piece in pieces), pieces
    assert sorted(piece["piece"] for piece in pieces) == list(range(len(pieces)))
    assert_same_stream(split, whole)
    checked = subprocess.run([sys.executable, CHECKER, split], capture_output=True, text=True,
                             check=False)
    assert checked.returncode == 0, checked.stdout[-3000:]
    assert look.decode_complaints(split) == ""
    assert many["warnings"] == one["warnings"]
    assert abs(size_of(split) - size_of(whole)) < 0.1 * size_of(whole)
    assert_nothing_is_left(fleet)


def triplets(master, rung):
    """Of the closed captions in a rendition's pictures, in no order."""
    found = []
    for name, path in files_of(master).items():
        if not re.fullmatch(rf"{rung}-\d+\.m4s", name):
            continue
        for part in path.read_bytes().split(b"GA94\x03")[1:]:
            count = part[0] & 31
            found += [part[2 + 3 * i : 5 + 3 * i] for i in range(count)]
    return sorted(found)


def test_no_caption_is_lost_or_told_twice_at_a_joint(fleet, alone, films, tmp_path):  # noqa: F811
    body = {"input": f"{films.url}/captions.mp4", "kind": "adaptive_video",
            "options": {"quality": "very_low"}}
    whole, _ = saved(alone, alone.job(**body), tmp_path / "whole")
    split, _ = saved(fleet, fleet.job(**body), tmp_path / "split")
    assert 'INSTREAM-ID="CC1"' in split.read_text()
    assert_same_stream(split, whole)
    for rung in ("480p", "240p"):  # of every picture, and of every second one
        assert len(triplets(whole, rung)) > 900
        assert triplets(split, rung) == triplets(whole, rung)


def test_sixteen_files_of_subtitles_go_along(fleet, alone, films, tmp_path):  # noqa: F811
    tags = "ar cs da de el en es fi fr it ja nl pl pt sv tr".split()
    body = {"input": f"{films.url}/mute.mp4", "kind": "adaptive_video", "options": {
        "subtitles": [{"url": f"{films.url}/film.srt", "language": tag} for tag in tags]}}
    whole, _ = saved(alone, alone.job(**body), tmp_path / "whole")
    job = fleet.job(**body)
    split, _ = saved(fleet, job, tmp_path / "split")
    assert len(pieces_of(fleet, job)) >= 3
    assert split.read_text().count("TYPE=SUBTITLES") == len(tags)
    assert_same_stream(split, whole)


def test_joints_look_like_the_rest(fleet, alone, films, tmp_path):  # noqa: F811
    body = {"input": f"{films.url}/cfr.mp4", "kind": "adaptive_video"}
    whole, _ = saved(alone, alone.job(**body), tmp_path / "whole")
    split, _ = saved(fleet, fleet.job(**body), tmp_path / "split")

    def ssims(master):
        """Of each picture with the film's."""
        log = tmp_path / "ssim.log"
        ffmpeg("-i", files_of(master)["180p.m3u8"], "-i", films.folder / "cfr.mp4", "-lavfi",
               f"ssim=stats_file={log}", "-f", "null", "-")
        return [float(line.split("All:")[1].split()[0]) for line in log.read_text().splitlines()]

    one, many = ssims(whole), ssims(split)
    assert len(one) == len(many) == 500
    for joint in range(25 * SECONDS, len(many), 25 * SECONDS):
        near = slice(joint - 5, joint + 5)
        assert min(many[near]) > min(one[near]) - 0.01, f"at picture {joint}"
    assert abs(sum(many) - sum(one)) / len(one) < 0.003


def test_an_encrypted_stream_is_shared_too(fleet, films, tmp_path):
    options = {"encryption": {"method": "aes-128", "key_url": "https://keys.example.com/k",
                              "key": "00112233445566778899aabbccddeeff"}}
    job = fleet.job(input=f"{films.url}/cfr.mp4", kind="adaptive_video", options=options)
    master, _ = saved(fleet, job, tmp_path / "sealed")
    assert len(pieces_of(fleet, job)) == 3
    segments = [path for name, path in files_of(master).items() if name.endswith(".m4s")]
    assert segments and all(path.read_bytes()[4:8] != b"styp" for path in segments)
    work = "".join(row[0] for row in fleet.sql("SELECT work FROM splits"))
    assert "00112233445566778899aabbccddeeff" not in work


def test_a_killed_worker_costs_its_piece(fleet, films, tmp_path):
    job = fleet.job(input=f"{films.url}/fast.mp4", kind="adaptive_video",
                    options={"quality": "very_high"})
    lost = wait_for(lambda: held_by(fleet, "worker"), 60, "a piece of the worker's")
    fleet.worker.kill()
    try:
        split, _ = saved(fleet, job, tmp_path / "split")
    finally:
        fleet.worker.start()
    for rung, count in (("480p", 1000), ("240p", 500)):
        assert len(look.frame_times(files_of(split)[f"{rung}.m3u8"])) == count
    attempts = {piece["piece"]: piece["attempt"] for piece in pieces_of(fleet, job)}
    again = {number for number, attempt in attempts.items() if attempt > 1}
    assert again == {int(lost[0].split("/")[-1])}
    assert_nothing_is_left(fleet, TIDY)


def test_what_is_broken_in_a_piece_is_told_as_of_the_whole(
        fleet, alone, films, tmp_path):  # noqa: F811
    # The bytes of the last third are nothing; the index in front promises them.
    front = films.folder / "front.mp4"
    ffmpeg("-i", films.folder / "cfr.mp4", "-c", "copy", "-movflags", "faststart", front)
    whole = front.read_bytes()
    (films.folder / "cut.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    body = {"input": f"{films.url}/cut.mp4", "kind": "adaptive_video"}
    one_master, one = saved(alone, alone.job(**body), tmp_path / "whole")
    job = fleet.job(**body)
    many_master, many = saved(fleet, job, tmp_path / "split")
    assert len(pieces_of(fleet, job)) == 3
    assert_same_stream(many_master, one_master)
    assert one["warnings"] and many["warnings"]
    assert_nothing_is_left(fleet)


def test_what_cannot_be_cut_stays_whole(fleet, films, tmp_path):
    ffmpeg("-i", films.folder / "cfr.mp4", "-c", "copy", films.folder / "film.ts")
    for name, options in (("film.ts", {}), ("cfr.mp4", {"mute_video": True})):
        job = fleet.job(input=f"{films.url}/{name}", kind="adaptive_video", options=options)
        saved(fleet, job, tmp_path / name)
        assert pieces_of(fleet, job) == [], name
