"""Sound that is damaged or cut: what of it is lost is said, and how much."""
import random
import re
import struct
import subprocess

import pytest

import look

FFMPEG = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
SECONDS = 8
MXF = ("-f", "lavfi", "-i", "testsrc2=s=720x576:r=25:d=8", "-c:v", "mpeg2video", "-b:v", "2M",
       "-ar", "48000")
KINDS = {
    "mp3": ("-c:a", "libmp3lame", "-b:a", "128k"), "aac": ("-c:a", "aac"), "ac3": (), "mp2": (),
    "eac3": (), "ogg": ("-c:a", "libvorbis"), "opus": ("-c:a", "libopus"), "flac": (),
    "mka": ("-c:a", "aac"), "ts": ("-c:a", "aac"), "wv": (), "webm": ("-c:a", "libopus"),
    "dts": ("-ar", "48000", "-c:a", "dca", "-strict", "-2"),
}


def sound(path, *options):
    source = "aevalsrc='0.3*sin(440*2*PI*t)+0.1*sin(900*t*t)':s=44100:d=8"
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", source, *KINDS.get(path.suffix[1:], ()), *options,
                    path],
                   check=True)
    return path


def damaged(path, way):
    """A sixteenth, or half a second, of a file is something else."""
    data = bytearray(path.read_bytes())
    part = len(data) // 16
    middle = len(data) // 2
    if way == "tail":
        data[-part:] = b"\x55" * part
    elif way == "cut":
        del data[-part:]
    elif way == "middle":
        data[middle : middle + part] = random.Random(3).randbytes(part)
    elif way == "zeros":
        data[middle : middle + part] = bytes(part)
    path.write_bytes(data)
    return path


def seconds_told(warnings, word):
    told = [said for said in warnings if word in said]
    assert told, warnings
    return float(re.search(r"([\d.]+)( of [\d.]+)? seconds", told[0])[1])


@pytest.mark.parametrize("ext, name", [
    ("mp3", "out.mp3"), ("mp3", "out.wav"), ("aac", "out.aac"), ("aac", "out.wav"),
    ("ac3", "out.wav"), ("eac3", "out.wav"), ("mp2", "out.wav")])
@pytest.mark.parametrize("way", ["tail", "middle", "zeros"])
def test_what_is_between_frames_is_missed(make, tmp_path, ext, name, way):
    out = make("audio", damaged(sound(tmp_path / f"in.{ext}"), way), name)
    assert seconds_told(make.run.warnings, "damaged") == pytest.approx(0.5, abs=0.1)
    assert look.duration(out) == pytest.approx(SECONDS - 0.5, abs=0.2)
    assert not look.decode_complaints(out)


def test_much_rubbish_is_told_as_long_as_it_would_sound(make, tmp_path):
    source = sound(tmp_path / "in.mp3")
    length = source.stat().st_size
    source.write_bytes(source.read_bytes() + random.Random(5).randbytes(20 * length))
    make("audio", source, "out.wav")
    assert seconds_told(make.run.warnings, "damaged") == pytest.approx(20 * SECONDS, rel=0.2)


@pytest.mark.parametrize("name", ["out.mp3", "out.wav"])
def test_tags_between_frames_and_padding_are_not_missed(make, tmp_path, name):
    one = sound(tmp_path / "in.mp3")
    tag = b"ID3\x04\0\0\0\0\x40\0" + bytes(8192)
    ape = b"APETAGEX" + struct.pack("<IIII", 2000, 1032, 0, 0x80000000) + bytes(8)
    ape += bytes(1000) + ape[:20] + bytes(12)
    old = b"TAG" + bytes(125)
    data = one.read_bytes() + old + tag + one.read_bytes() + ape + old + bytes(2048)
    one.write_bytes(data)
    make("audio", one, name)
    assert make.run.warnings == []


@pytest.mark.parametrize("ext", ["mp3", "flac"])
def test_a_cut_that_the_count_of_samples_shows_is_said(make, tmp_path, ext):
    make("audio", damaged(sound(tmp_path / f"in.{ext}"), "cut"), "out.wav")
    assert [said for said in make.run.warnings if "says that it lasts 8.0 seconds" in said]


@pytest.mark.parametrize("ext", ["ogg", "opus", "mka", "ts"])
def test_a_hole_is_said_and_silent(make, tmp_path, ext):
    source = damaged(sound(tmp_path / f"in.{ext}"), "middle")
    for name in ("out.wav", "out.aac"):
        out = make("audio", source, name)
        assert 0.2 < seconds_told(make.run.warnings, "are silent") < 2.5
        assert len(look.samples(out)) / 48000 == pytest.approx(SECONDS, abs=0.15)


def test_a_last_page_of_ogg_with_a_wrong_sum_is_said(make, tmp_path):
    source = sound(tmp_path / "in.ogg")
    data = bytearray(source.read_bytes())
    data[-20:] = b"\x55" * 20
    source.write_bytes(data)
    make("audio", source, "out.wav")
    assert [said for said in make.run.warnings if "damaged" in said]


@pytest.mark.parametrize("ext, options", [
    ("mka", ()), ("mka", ("-live", "1")), ("webm", ()), ("wv", ()), ("dts", ())])
@pytest.mark.parametrize("missing", [0, 100, 3000])
def test_a_file_that_ends_amid_a_block_is_said(make, tmp_path, ext, options, missing):
    source = sound(tmp_path / f"in.{ext}", *options)
    data = source.read_bytes()
    source.write_bytes(data[: len(data) - missing])
    make("audio", source, "out.wav")
    told = [said for said in make.run.warnings if "cut off" in said or "says that it lasts" in said]
    assert make.run.warnings == told and len(told) == (missing > 0)


@pytest.mark.parametrize("ext, options", [
    ("wav", ()), ("wav", ("-rf64", "always")), ("wav", ("-c:a", "adpcm_ms")), ("aiff", ()),
    ("caf", ()), ("au", ()), ("w64", ()), ("avi", ()), ("wma", ()), ("mxf", MXF)])
@pytest.mark.parametrize("share", [1, 0.9, 0.5])
def test_a_file_that_ends_before_its_container_does_is_said(make, tmp_path, ext, options, share):
    source = sound(tmp_path / f"in.{ext}", *options)
    data = source.read_bytes()
    source.write_bytes(data[: int(len(data) * share)])
    make("audio", source, "out.wav")
    told = [said for said in make.run.warnings if "cut off" in said]
    assert make.run.warnings == told and len(told) == (share < 1)


@pytest.mark.parametrize("ext", ["wav", "au", "avi", "caf", "asf", "mxf"])
def test_what_came_from_a_pipe_is_not_cut_off(make, tmp_path, ext):
    source = tmp_path / f"in.{ext}"
    more = MXF if ext == "mxf" else []
    with source.open("wb") as file:
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=d=2", *more,
                        "-t", "2", "-f", ext, "pipe:"], stdout=file, check=ext != "caf")
    if source.stat().st_size:
        make("audio", source, "out.flac")
        assert make.run.warnings == []


@pytest.mark.parametrize("width", [320, 2000])
@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_jpeg_with_lost_data_is_said(make, tmp_path, width, is_damaged):
    source = tmp_path / "in.jpg"
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", f"testsrc2=s={width}x180", "-frames:v", "1",
                    "-q:v", "3", source], check=True)
    data = bytearray(source.read_bytes())
    if is_damaged:
        data[len(data) // 2 : len(data) // 2 + 6] = b"\xFF\xD0\xFF\xD1\xFF\xD2"
    source.write_bytes(data)
    make("image", source, "out.webp", width=160)
    told = ["the picture is damaged: parts of it may look wrong"] if is_damaged else []
    assert make.run.warnings == told


@pytest.mark.parametrize("kind, options", [("audio", {}), ("video", {"height": 90})])
@pytest.mark.parametrize("start", [0, 1, 3])
def test_a_part_without_sound_is_said(make, tmp_path, kind, options, start):
    source = tmp_path / "in.mp4"
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", "testsrc2=s=320x180:d=5", "-f", "lavfi", "-i",
                    "sine=d=2", source], check=True)
    made = make(kind, source, "out.mp3" if kind == "audio" else "out.mp4", start=start, **options)
    told = ["no sound of the input lies in this part: it is silent"] if start == 3 else []
    assert [said for said in make.run.warnings if "silent" in said] == told, make.run.warnings
    assert (abs(look.samples(made)).max() < 1e-3) == bool(told)


@pytest.mark.parametrize("kind, name", [
    ("audio", "out.mp3"), ("video", "out.mp4"), ("adaptive", "out.m3u8")])
@pytest.mark.parametrize("sound, part", [
    (["-t", "2"], {"start": 20}), (["-itsoffset", "20"], {"end": 4})])
def test_a_part_without_a_packet_of_sound_is_silent(make, tmp_path, kind, name, sound, part):
    source = tmp_path / "in.mkv"
    tone = tmp_path / "tone.m4a"
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", "sine=d=10", tone], check=True)
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", "testsrc2=s=320x180:r=5:d=30", *sound, "-i", tone,
                    "-map", "0", "-map", "1", "-g", "10", "-c:a", "copy", source], check=True)
    made = make(kind, source, name, **part)
    assert make.run.warnings == ["no sound of the input lies in this part: it is silent"]
    assert abs(look.samples(made)).max() < 1e-3
    if kind != "audio":
        assert look.duration(made) == pytest.approx(part.get("end", 10), abs=0.3)
