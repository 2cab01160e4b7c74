"""Where sound and picture begin and end, as the makers of a format mean it."""
import pathlib
import struct
import subprocess
import sys
import zlib

import look
import pytest

import cli

FFMPEG = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i"]
SURGERY = pathlib.Path(__file__).parent / "surgery.py"


def loud_from(path):
    """When the first sample above a twentieth is heard, in seconds."""
    return float((abs(look.samples(path)[:, 0]) > 0.05).argmax() / 48000)


def test_what_itunes_leaves_out_in_front_is_not_missed(make, tmp_path):
    source = tmp_path / "song.m4a"
    subprocess.run([*FFMPEG, "sine=440:duration=3:sample_rate=8000", "-c:a", "aac", source],
                   check=True)
    packets = look.output_of("ffprobe", "-v", "error", "-show_entries", "packet=pts", "-of",
                             "csv=p=0", source).split()
    subprocess.run([sys.executable, SURGERY, "gapless", source, "2048"], check=True)
    heard = (1024 * len(packets) - 2048) / 8000
    out = make("audio", source, "out.wav")
    assert look.duration(out) == pytest.approx(heard, abs=0.001)
    assert make.run.warnings == []
    told = cli.ittybit("task", "probe", "-i", source, cwd=tmp_path).last["output"]
    assert told["duration"] == pytest.approx(heard, abs=0.1)  # the last packet is told as shorter


@pytest.mark.parametrize("codec", ["wmav1", "wmav2"])
@pytest.mark.parametrize("rate", [44100, 22050, 16000])
def test_windows_media_audio_begins_with_its_first_sound(make, tmp_path, codec, rate):
    source, plain = tmp_path / "a.wma", tmp_path / "plain.wav"
    subprocess.run([*FFMPEG, f"sine=440:duration=2:sample_rate={rate},volume=12dB", "-c:a", codec,
                    "-b:a", "64k", source], check=True)
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", source, plain], check=True)
    out = make("audio", source, "out.wav")
    assert loud_from(out) == pytest.approx(loud_from(plain), abs=0.003)
    assert look.duration(out) == pytest.approx(look.duration(plain), abs=0.003)


def test_a_picture_beside_sound_is_shown_for_longer_than_a_tick(make, tmp_path):
    source = tmp_path / "one.wmv"
    subprocess.run([*FFMPEG, "color=red:size=320x180:rate=25", "-f", "lavfi", "-i",
                    "sine=440:duration=1", "-frames:v", "1", "-c:v", "wmv2", "-c:a", "wmav2",
                    source], check=True)
    out = make("video", source, "out.mp4")
    video = look.probe(out)["video"][0]
    assert float(video["duration"]) >= 0.03


# Whole delays, as in a GIF: as fast as possible is a tenth of a second, as browsers have it.
@pytest.mark.parametrize("delay, wanted", [((0, 100), 100), ((1, 100), 100), ((1, 50), 20)])
def test_a_delay_of_none_in_an_apng(make, tmp_path, delay, wanted):
    source = tmp_path / "fast.apng"
    subprocess.run([*FFMPEG, "testsrc=s=64x64:r=10:d=0.5", "-plays", "0", source], check=True)
    data = bytearray(source.read_bytes())
    at = data.find(b"fcTL")
    while at > 0:
        struct.pack_into(">HH", data, at + 24, *delay)
        struct.pack_into(">I", data, at + 30, zlib.crc32(data[at:at + 30]))
        at = data.find(b"fcTL", at + 1)
    source.write_bytes(data)
    times = look.frame_times(make("video", source, "out.mp4"))
    assert [round(1000 * (b - a)) for a, b in zip(times, times[1:])] == [wanted] * 4


def test_ogg_that_begins_late_is_as_long_as_it_is(make, tmp_path):
    for ext, codec in (("opus", "libopus"), ("ogg", "libvorbis")):
        source = tmp_path / f"in.{ext}"
        subprocess.run([*FFMPEG, "sine=440:duration=3", "-c:a", codec, "-output_ts_offset", "100",
                        source], check=True)
        out = make("audio", source, "out.wav")
        assert look.duration(out) == pytest.approx(3, abs=0.02)
        assert make.run.warnings == []


@pytest.mark.parametrize("name", [b"RF64", b"BW64"])
def test_a_recorder_that_never_wrote_the_sizes_is_read_whole(make, tmp_path, name):
    source = tmp_path / "in.wav"
    subprocess.run([*FFMPEG, "sine=440:duration=2", "-rf64", "always", source], check=True)
    data = bytearray(source.read_bytes())
    data[0:4] = name
    at = data.index(b"ds64")
    data[at + 8 : at + 32] = bytes(24)
    source.write_bytes(data)
    assert look.duration(make("audio", source, "out.flac")) == pytest.approx(2, abs=0.001)


def edit_lists(path, edits):
    """Every edit list of a film made anew: (length in ms, place in seconds, rate) of each edit."""
    film = path.read_bytes()
    at = -1
    while (at := film.find(b"elst", at + 1)) > 0:
        scale = struct.unpack_from(">I", film, film.index(b"mdhd", at) + 16)[0]
        count = len(edits)
        content = struct.pack(">II", 0, count) + b"".join(
            struct.pack(">Iihh", length, -1 if place < 0 else int(place * scale) + 1024, rate, 0)
            for length, place, rate in edits)
        size = 8 + len(content)
        old = struct.unpack_from(">I", film, at - 4)[0]
        assert size <= old or film.rindex(b"moov") > film.rindex(b"mdat"), "mdat moves"
        film = film[: at - 4] + struct.pack(">I", size) + b"elst" + content + film[at - 4 + old :]
        for name in (b"edts", b"trak", b"moov"):
            box = film.rindex(name, 0, at) - 4
            length = struct.unpack_from(">I", film, box)[0] + size - old
            film = film[:box] + struct.pack(">I", length) + film[box + 4 :]
    path.write_bytes(film)
    return path


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.mp4"
    subprocess.run([*FFMPEG, "testsrc2=size=320x180:rate=25:duration=6", "-f", "lavfi", "-i",
                    "sine=440:duration=6:sample_rate=48000", "-pix_fmt", "yuv420p", "-preset",
                    "veryfast", path], check=True)
    return path


@pytest.mark.parametrize("edits, word", [
    ([(1000, 3, 1), (1000, 0, 1)], "puts parts together"),
    ([(1000, 0, 1), (1000, -1, 1), (1000, 1, 1)], "pauses amid"),
    ([(1000, 0, 1), (1000, 1, 0), (1000, 1, 1)], "pauses amid")])
def test_what_is_not_done_of_an_edit_list_is_said(make, film, edits, word):
    make("video", edit_lists(film, edits), "out.mp4", quality="low")
    assert [said for said in make.run.warnings if word in said]


def test_an_edit_list_that_only_delays_is_without_a_warning(make, film):
    make("video", edit_lists(film, [(500, -1, 1), (6000, 0, 1)]), "out.mp4", quality="low")
    assert make.run.warnings == []


@pytest.mark.parametrize("start", [0, 1])
def test_a_delay_before_a_part_of_a_film_takes_nothing_from_it(make, film, start):
    edit_lists(film, [(500, -1, 1), (3000, start, 1)])
    out = make("video", film, "out.mp4", quality="low")
    assert look.duration(out) == pytest.approx(3, abs=0.05) and make.run.warnings == []
    heard = make("audio", film, "out.wav")
    assert look.duration(heard) == pytest.approx(3, abs=0.001) and make.run.warnings == []


def test_sound_ends_where_its_edit_list_does(make, film, tmp_path):
    source = tmp_path / "in.m4a"
    subprocess.run([*FFMPEG, "sine=440:duration=2.99:sample_rate=48000", source], check=True)
    for name in ("out.wav", "out.flac"):
        assert look.duration(make("audio", source, name)) == pytest.approx(2.99, abs=0.001)
        out = make("audio", edit_lists(film, [(3010, 0, 1)]), name)
        assert look.duration(out) == pytest.approx(3.01, abs=0.001)


def colours(path):
    """What is on screen in each tenth of a second: the mean of a picture of one colour."""
    raw = look.output_of("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v:0", "-vf",
                         "fps=10,scale=1:1:flags=area", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return [tuple(raw[at : at + 3]) for at in range(0, len(raw), 3)]


@pytest.mark.parametrize("kind, name", [
    ("video", "out.mp4"), ("animation", "out.gif"), ("adaptive", "out.m3u8")])
@pytest.mark.parametrize("late", [3, 15])
def test_the_first_picture_stands_in_where_a_part_ends_before_it(make, tmp_path, kind, name, late):
    film, tone, source = tmp_path / "film.mp4", tmp_path / "tone.m4a", tmp_path / "in.mp4"
    subprocess.run([*FFMPEG, "color=red:s=320x180:r=10:d=1", "-f", "lavfi", "-i",
                    "color=blue:s=320x180:r=10:d=1", "-filter_complex", "[0][1]concat", "-pix_fmt",
                    "yuv420p", film], check=True)
    subprocess.run([*FFMPEG, "sine=d=20", tone], check=True)
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-itsoffset", str(late), "-i", film, "-i",
                    tone, "-map", "0", "-map", "1", "-c", "copy", source], check=True)
    out = make(kind, source, name, end=2)
    assert all(look.close(colour, look.RED, 20) for colour in colours(out))
    assert look.duration(out) == pytest.approx(2, abs=0.2) and make.run.warnings == []


@pytest.fixture
def slides(tmp_path):
    """Red for ten seconds, then blue, a picture a second, for ten more."""
    path = tmp_path / "slides.mkv"
    subprocess.run([*FFMPEG, "color=red:s=320x180:r=1:d=10", "-f", "lavfi", "-i",
                    "color=blue:s=320x180:r=1:d=10", "-f", "lavfi", "-i", "sine=d=20",
                    "-filter_complex", "[0][1]concat,select='eq(n,0)+gte(n,10)'", "-fps_mode",
                    "vfr", "-pix_fmt", "yuv420p", "-bf", "0", path], check=True)
    return path


@pytest.mark.parametrize("kind, name, options", [
    ("video", "out.mp4", {}), ("video", "out.mp4", {"fps": 10}), ("adaptive", "out.m3u8", {}),
    ("animation", "out.gif", {"fps": 2, "end": 20})])
def test_a_picture_before_the_part_is_shown_until_the_next(make, slides, kind, name, options):
    out = make(kind, slides, name, start=2, **options)
    seen = colours(out)
    assert all(look.close(colour, look.RED, 20) for colour in seen[:78])
    assert all(look.close(colour, look.BLUE, 20) for colour in seen[83:])
    assert look.duration(out) == pytest.approx(18, abs=0.5)


@pytest.mark.parametrize("frames, seconds", [(1, 8), (2, 9), (3, 10)])
def test_a_picture_before_the_part_is_one_of_the_frames(make, slides, frames, seconds):
    out = make("video", slides, "out.mp4", start=2, frames=frames)
    assert len(look.frame_hashes(out)) == frames
    assert look.duration(out) == pytest.approx(seconds, abs=0.1)


@pytest.fixture
def short_claim(tmp_path):
    """A large film of 15 seconds, whose header says that it is of one."""
    path = tmp_path / "claim.mkv"
    subprocess.run([*FFMPEG, "testsrc2=s=640x480:r=10:d=15,format=yuv420p", "-c:v", "rawvideo",
                    "-allow_raw_vfw", "1", path], check=True)
    assert path.stat().st_size > 64 << 20
    with path.open("r+b") as file:
        place = file.read(4096).index(b"\x44\x89\x88") + 3  # Duration, of eight bytes
        file.seek(place)
        file.write(struct.pack(">d", 1000))
    return path


@pytest.mark.parametrize("options, seconds", [({"end": 3}, 3), ({"start": 5, "end": 7}, 2)])
def test_an_animation_is_not_cut_by_a_mere_claim(make, short_claim, options, seconds):
    out = make("animation", short_claim, "out.gif", width=64, **options)
    assert look.duration(out) == pytest.approx(seconds, abs=0.2) and make.run.warnings == []


def test_subtitles_are_not_cut_by_a_mere_claim(make, short_claim):
    cues = short_claim.with_name("cues.srt")
    cues.write_text("1\n00:00:10,000 --> 00:00:12,000\nlate\n")
    make("video", short_claim, "out.mp4", subtitle_url=cues, width=64)
    assert "late" in short_claim.with_name("out.vtt").read_text()


def test_a_picture_a_second_in_any_order_is_one_recording(make, tmp_path):
    source = tmp_path / "in.mkv"
    subprocess.run([*FFMPEG, "testsrc=s=320x180:r=1:d=20", "-f", "lavfi", "-i", "sine=d=20", "-vf",
                    "select='eq(n,0)+gte(n,10)'", "-fps_mode", "vfr", "-pix_fmt", "yuv420p", "-bf",
                    "3", source], check=True)
    times = look.frame_times(make("video", source, "out.mp4", quality="low"))
    assert times == pytest.approx([0, *range(10, 20)], abs=0.02)
