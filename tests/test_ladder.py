"""adaptive_video: what the ladder of a stream makes of how hard its film is."""
import re
import subprocess

import pytest

import cli
import look

SOUND = ["-f", "lavfi", "-i", "anoisesrc=d=6:a=0.1"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-g", "25", "-pix_fmt", "yuv420p"]
FILMS = {
    "noise": "testsrc2=s=1280x720:r=25:d=6,noise=alls=60:allf=t",
    "easy": "testsrc2=s=1280x720:r=25:d=6",
    "small-noise": "testsrc2=s=426x240:r=25:d=6,noise=alls=60:allf=t",
    "flat": "color=gray:s=1280x720:r=25:d=6",
}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    for name, graph in FILMS.items():
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", graph, *SOUND,
                        *X264, "-c:a", "aac", folder / f"{name}.mp4"], check=True)
    return folder


def explained(film, folder, *options):
    """Name, cap and factor of each rendition of the plan, and why it is made so."""
    run = cli.ittybit("adaptive", "-i", film, "-o", folder / "x.m3u8", "--explain", *options,
                      cwd=folder)
    assert run.status == 0, run.stderr
    picture = run.last["pictures"][0]
    rungs = {branch["track"]["name"]: (branch["encoding"].get("max_bitrate"),
                                       branch["encoding"]["options"]["crf"])
             for branch in picture["branches"]}
    return rungs, picture["why_encoded"]


def streamed(film, folder, *options):
    """The peak rates of a valid stream's variants, by their size and codec."""
    master = folder / "out.m3u8"
    run = cli.ittybit("adaptive", "-i", film, "-o", master, *options, cwd=folder, timeout=300)
    assert run.status == 0, (run.last.get("error"), run.stderr)
    checked = cli.ittybit("validate", master, cwd=folder)
    assert checked.status == 0, checked.stdout
    told = re.findall(r'^#EXT-X-STREAM-INF:(.*)$', master.read_text(), re.M)
    return {(re.search(r"RESOLUTION=\d+x(\d+)", line)[1], re.search(r'CODECS="(\w+)', line)[1]):
            int(re.search(r"(?<!-)BANDWIDTH=(\d+)", line)[1]) for line in told}


def test_a_hard_film_may_have_more_bits_than_an_easy_one(films, tmp_path):
    hard, why = explained(films / "noise.mp4", tmp_path)
    easy, _ = explained(films / "easy.mp4", tmp_path)
    assert "short encodes at 1280x720" in why
    assert hard["720p"][0] > 1.5 * easy["720p"][0]
    assert hard["720p"][1] < easy["720p"][1], "and a lower factor"
    assert hard["180p"][0] == easy["180p"][0], "the lowest is for slow networks"


def test_a_film_of_seconds_has_the_usual_ladder(films, tmp_path):
    rungs, why = explained(films / "noise.mp4", tmp_path, "--end", "1")
    assert "short encodes" not in why and rungs["720p"][0] == 3_200_000


def test_a_part_is_measured_and_not_the_rest_of_the_film(films, tmp_path):
    both = tmp_path / "both.mp4"
    (tmp_path / "list").write_text(f"file '{films}/flat.mp4'\nfile '{films}/noise.mp4'\n")
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "concat", "-safe", "0", "-i",
                    tmp_path / "list", "-c", "copy", both], check=True)
    flat, _ = explained(both, tmp_path, "--end", "5")
    noise, _ = explained(both, tmp_path, "--start", "7")
    assert set(flat) < set(noise) and noise["720p"][0] > 1.5 * flat["720p"][0]


def test_rungs_of_an_easy_film_give_way_and_are_not_encoded(films, tmp_path):
    rungs, _ = explained(films / "flat.mp4", tmp_path)
    assert list(rungs) == ["720p", "180p"]
    assert set(streamed(films / "flat.mp4", tmp_path)) == {("720", "avc1"), ("180", "avc1")}


def test_the_lowest_variant_of_av1_is_for_slow_networks_too(films, tmp_path):
    variants = streamed(films / "small-noise.mp4", tmp_path, "--codecs", "av1")
    assert variants["180", "av01"] <= 192_000, variants
    assert variants["240", "av01"] > 1.3 * variants["180", "av01"]


def test_a_damaged_film_is_measured_as_far_as_it_goes(films, tmp_path):
    whole = (films / "easy.mp4").read_bytes()
    broken = tmp_path / "broken.mp4"
    middle = len(whole) // 2
    broken.write_bytes(whole[:middle] + bytes(40_000) + whole[middle + 40_000:])
    assert {"720p", "180p"} <= set(explained(broken, tmp_path)[0])


@pytest.mark.parametrize("size", ["2x2", "48x48", "100x50"])
def test_av1_of_pictures_that_are_too_small_for_svt_is_made_by_libaom(tmp_path, size):
    source = tmp_path / "small.mkv"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                    f"testsrc2=s={size}:r=25:d=7", "-c:v", "ffv1", source], check=True)
    run = cli.ittybit("adaptive", "-i", source, "-o", tmp_path / "m.m3u8", "--codecs", "av1",
                      cwd=tmp_path)
    assert run.status == 0, run.stderr
    assert len(look.frame_times(tmp_path / "m.m3u8")) == 175
    assert cli.ittybit("validate", tmp_path / "m.m3u8", cwd=tmp_path).status == 0


@pytest.mark.parametrize("picture, sound", [(12.48, 12.49), (12.52, 12.49)])
def test_a_short_rest_is_kept_or_not_by_all_tracks_alike(tmp_path, picture, sound):
    source = tmp_path / "in.mp4"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                    f"testsrc2=s=160x90:r=25:d={picture}", "-f", "lavfi", "-i",
                    f"sine=r=48000:d={sound}", *X264, "-c:a", "aac", source], check=True)
    run = cli.ittybit("adaptive", "-i", source, "-o", tmp_path / "m.m3u8", cwd=tmp_path)
    assert run.status == 0, run.stderr
    found = cli.ittybit("validate", tmp_path / "m.m3u8", cwd=tmp_path)
    assert found.status == 0 and found.last["shoulds"] == 0, found.lines
