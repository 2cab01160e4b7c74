"""Recordings put one behind the other, in the ways that containers bear it."""
import struct
import subprocess

import numpy
import pytest

import look

FFMPEG = ["ffmpeg", "-nostdin", "-v", "error", "-y"]


def joined(path, *parts):
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def tone(path, frequency, rate=48000, channels=1, codec=(), seconds=4):
    parts = "|".join([f"0.4*sin({frequency}*2*PI*t)"] * channels)
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", f"aevalsrc='{parts}':s={rate}:d={seconds}",
                    *codec, path], check=True)
    return path


def assert_halves(path, frequencies, seconds=4, rate=48000):
    """Stretches of equal length, each with its tone and no hole."""
    sound = look.samples(path)[:, 0]
    count = len(frequencies)
    assert len(sound) / rate == pytest.approx(seconds * count, abs=0.1 * count)
    for i, frequency in enumerate(frequencies):
        part = sound[int((seconds * i + 0.3) * rate) : int((seconds * (i + 1) - 0.3) * rate)]
        spectrum = abs(numpy.fft.rfft(part * numpy.hanning(len(part))))
        assert numpy.argmax(spectrum) * rate / len(part) == pytest.approx(frequency, abs=3)
        each = part[: len(part) // 2400 * 2400].reshape(-1, 2400)
        assert numpy.sqrt((each**2).mean(axis=1)).min() > 0.15, f"a hole in {frequency} Hz"


@pytest.fixture(scope="module")
def program_stream(media, tmp_path_factory):
    made = tmp_path_factory.mktemp("ps") / "flash.mpg"
    subprocess.run([*FFMPEG, "-i", media / "flash-small.ts", "-c:v", "mpeg2video", "-q:v", "4",
                    "-c:a", "mp2", "-f", "vob", made], check=True)
    return made


FILMS = ("flash.mpg", "flash-small.ts", "flash-small.mkv", "flash-small.webm")


@pytest.fixture
def film(request, media, program_stream, tmp_path):
    one = program_stream if request.param == "flash.mpg" else media / request.param
    return joined(tmp_path / request.param, one, one)


@pytest.mark.parametrize("film", FILMS, indirect=True)
@pytest.mark.parametrize("kind, name, options, first, count", [
    ("video", "out.mp4", {}, 0, 10), ("video", "out.mp4", {"width": 160}, 0, 10),
    ("video", "out.mp4", {"width": 160, "start": 6.5, "end": 9.5}, 0.5, 3),
    ("audio", "out.wav", {}, 0, 10),
])
def test_films_joined_are_one(make, film, kind, name, options, first, count):
    out = make(kind, film, name, **options)
    assert make.run.warnings == []
    heard = look.beep_times(out)
    wanted = [first + i for i in range(count)]
    assert heard == pytest.approx(wanted, abs=0.15), heard
    if kind == "video":
        seen = look.flash_times(out)
        assert seen == pytest.approx(heard, abs=0.06), (seen, heard)
        assert count < 10 or len(look.frame_times(out)) >= 250, "a picture is missing"


OPUS, VORBIS = ("-c:a", "libopus", "-f", "ogg"), ("-c:a", "libvorbis", "-f", "ogg")
FLAC, ADTS = ("-c:a", "flac", "-f", "ogg"), ("-c:a", "aac", "-f", "adts")


@pytest.mark.parametrize("name", ["out.wav", "out.mp3", "out.opus"])
@pytest.mark.parametrize("ext, codec, one, other", [
    ("opus", OPUS, {"channels": 2}, {"channels": 6}), ("opus", OPUS, {"channels": 2}, {}),
    ("ogg", VORBIS, {}, {"rate": 22050}), ("ogg", VORBIS, {"rate": 44100}, {"channels": 2}),
    ("oga", FLAC, {}, {"rate": 96000}), ("oga", FLAC, {"channels": 2}, {"rate": 44100}),
    ("aac", ADTS, {}, {"rate": 22050}), ("aac", ADTS, {"rate": 22050}, {}),
    ("mp3", ("-c:a", "libmp3lame"), {}, {"rate": 44100}),
])
def test_sounds_of_unlike_kinds_joined_are_one(make, tmp_path, ext, codec, one, other, name):
    parts = [tone(tmp_path / f"{frequency}.{ext}", frequency, codec=codec, **how)
             for frequency, how in ((440, one), (660, other), (880, one))]
    source = joined(tmp_path / f"in.{ext}", *parts)
    out = make("audio", source, name)
    told = [said for said in make.run.warnings if "mixed" not in said]
    assert told == []
    assert_halves(out, (440, 660, 880))


@pytest.mark.parametrize("name", ["out.wav", "out.flac"])
def test_flac_files_joined_are_one_but_for_what_is_said(make, tmp_path, name):
    parts = [tone(tmp_path / f"{frequency}.flac", frequency) for frequency in (440, 660)]
    out = make("audio", joined(tmp_path / "in.flac", *parts), name)
    assert 7.5 < look.duration(out) <= 8
    assert any("last half second" in told for told in make.run.warnings)
    late = make("audio", tmp_path / "in.flac", "late.wav", start=5, end=7)
    assert look.main_frequency(late) == pytest.approx(660, abs=3)


@pytest.mark.parametrize("ext", ["mp3", "aac", "opus"])
def test_a_part_of_sounds_joined_lies_where_it_was_asked(make, tmp_path, ext):
    parts = [tone(tmp_path / f"{frequency}.{ext}", frequency) for frequency in (440, 660)]
    out = make("audio", joined(tmp_path / f"in.{ext}", *parts), "out.wav", start=2, end=6)
    assert_halves(out, (440, 660), seconds=2)


@pytest.mark.parametrize("ext, codec", [("mp3", "libmp3lame"), ("aac", "aac")])
def test_sound_that_changes_its_rate_is_not_copied(make, tmp_path, ext, codec):
    parts = [tone(tmp_path / f"{rate}.{ext}", 440, rate, codec=("-c:a", codec))
             for rate in (48000, 32000)]
    out = make("audio", joined(tmp_path / f"in.{ext}", *parts), f"out.{ext}")
    assert_halves(out, (440, 440))


FRAGMENTED = ["-movflags", "frag_keyframe+empty_moov+default_base_moof"]


@pytest.mark.parametrize("ext, parts", [
    ("mkv", "mkv mkv mkv"), ("flv", "flv flv"), ("ogg", "ogg opus"), ("mp4", "mp4 mp4"),
    ("mp4", "fragmented fragmented"), ("mp4", "mp4 fragmented")])
def test_what_nobody_reads_on_to_is_said(make, media, tmp_path, ext, parts):
    copied = [*FFMPEG, "-i", media / "flash-small.mp4", "-c", "copy"]
    subprocess.run([*copied, tmp_path / "one.flv"], check=True)
    subprocess.run([*copied, *FRAGMENTED, tmp_path / "fragmented.mp4"], check=True)
    ones = {"mkv": media / "flash-small.mkv", "flv": tmp_path / "one.flv",
            "ogg": media / "tone.ogg", "opus": media / "tone.opus",
            "mp4": media / "flash-small.mp4", "fragmented": tmp_path / "fragmented.mp4"}
    source = joined(tmp_path / f"in.{ext}", *(ones[part] for part in parts.split()))
    out = make("audio", source, "out.wav")
    if ext == "mp4":
        assert look.duration(out) == pytest.approx(look.duration(ones["mp4"]), abs=0.1)
    told = [said for said in make.run.warnings if "another recording" in said]
    assert told and told[0] in make.run.last["tasks"][-1]["output"]["warnings"]


def test_a_header_that_is_repeated_between_fragments_is_the_same_films(make, media, tmp_path):
    whole = tmp_path / "whole.mp4"
    subprocess.run([*FFMPEG, "-i", media / "flash-small.mp4", "-c", "copy", *FRAGMENTED, whole],
                   check=True)
    data = whole.read_bytes()
    header, second = data.index(b"moof") - 4, data.index(b"moof", data.index(b"mdat")) - 4
    (tmp_path / "in.mp4").write_bytes(data[:second] + data[:header] + data[second:])
    out = make("audio", tmp_path / "in.mp4", "out.wav")
    assert look.duration(out) == pytest.approx(look.duration(media / "flash-small.mp4"), abs=0.1)
    assert make.run.warnings == []


@pytest.mark.parametrize("seconds", [0, 2_000_000])
def test_an_edit_list_that_shows_nothing_is_not_heeded(make, media, tmp_path, seconds):
    film = bytearray((media / "flash-small.mp4").read_bytes())
    at = -1
    while (at := film.find(b"elst", at + 1)) > 0:
        for entry in range(struct.unpack_from(">I", film, at + 8)[0]):
            start = 0 if seconds == 0 else 2_000_000_000
            struct.pack_into(">Ii", film, at + 12 + 12 * entry, seconds, start)
    source = tmp_path / "in.mp4"
    source.write_bytes(film)
    out = make("video", source, "out.mp4", width=160)
    assert len(look.flash_times(out)) == len(look.beep_times(out)) == 5


@pytest.mark.parametrize("ext", ["ogg", "opus"])
@pytest.mark.parametrize("way", ["cut", "damaged"])
def test_an_end_of_ogg_that_nobody_reads_is_said(make, media, tmp_path, ext, way):
    data = bytearray((media / f"tone.{ext}").read_bytes())
    last = data.rindex(b"OggS")
    if way == "cut":
        del data[last + 28 :]
    else:
        data[last : last + 4] = b"\0" * 4
    source = tmp_path / f"in.{ext}"
    source.write_bytes(data)
    make("audio", source, "out.wav")
    assert any("damaged" in told for told in make.run.warnings), make.run.warnings


COPY = ["-c", "copy"]


@pytest.mark.parametrize("second", [256, 300])
@pytest.mark.parametrize("one, two", [
    (["-c:v", "copy", "-c:a", "mp2"], COPY), (["-c:v", "mpeg2video"], COPY),
    (COPY, ["-c:v", "libx265", "-x265-params", "log-level=error", "-c:a", "copy"])])
@pytest.mark.parametrize("options", [{}, {"start": 3.2, "end": 7.2}])
def test_a_broadcast_that_goes_on_in_another_coding_is_whole(
    make, media, tmp_path, one, two, second, options
):
    for name, first, how in (("one", 256, one),
                             ("two", second, [*two, "-output_ts_offset", "5"])):
        subprocess.run([*FFMPEG, "-i", media / "flash-small.mp4", *how, "-streamid", f"0:{first}",
                        "-streamid", f"1:{first + 1}", tmp_path / f"{name}.ts"], check=True)
    source = joined(tmp_path / "in.ts", tmp_path / "one.ts", tmp_path / "two.ts")
    out = make("video", source, "out.mp4", **options)
    assert make.run.warnings == []
    assert not look.decode_complaints(out)
    heard = look.beep_times(out)
    assert len(heard) == (4 if options else 10), heard
    assert look.flash_times(out) == pytest.approx(heard, abs=0.08)  # one overlaps the other


@pytest.mark.parametrize("rates", [(44100, 48000), (48000, 96000), (48000, 32000)])
def test_flac_files_of_two_rates_joined_are_one(make, tmp_path, rates):
    parts = [tone(tmp_path / f"{rate}.flac", frequency, rate)
             for frequency, rate in zip((440, 660), rates)]
    out = make("audio", joined(tmp_path / "in.flac", *parts), "out.wav")
    sound = look.samples(out)[:, 0]
    assert 7.3 < len(sound) / 48000 <= 8
    late = sound[int(4.2 * 48000) : int(7 * 48000)]
    spectrum = abs(numpy.fft.rfft(late * numpy.hanning(len(late))))
    assert numpy.argmax(spectrum) * 48000 / len(late) == pytest.approx(660, abs=2)
    each = late[: len(late) // 2400 * 2400].reshape(-1, 2400)
    assert numpy.sqrt((each**2).mean(axis=1)).min() > 0.15, "a hole"


@pytest.mark.parametrize("sound", [True, False])
def test_ogg_films_joined_are_one(make, media, tmp_path, sound):
    """Of one number for each stream, which is what files copied together mostly have."""
    for size in ("320:180", "160:90"):
        subprocess.run([*FFMPEG, "-i", media / "flash-small.mp4", "-vf", f"scale={size}", "-c:v",
                        "libtheora", "-q:v", "7", *(["-c:a", "libvorbis"] if sound else ["-an"]),
                        "-fflags", "+bitexact", tmp_path / f"{size[:3]}.ogv"], check=True)
    out = make("video", joined(tmp_path / "in.ogv", tmp_path / "320.ogv", tmp_path / "160.ogv"),
               "out.mp4")
    assert make.run.warnings == []
    flashes = look.flash_times(out)
    assert len(flashes) == 10 and len(look.frame_times(out)) >= 276
    if sound:
        assert flashes == pytest.approx(look.beep_times(out), abs=0.13)


def test_ogg_films_of_other_numbers_are_said(make, media, tmp_path):
    one = tmp_path / "one.ogv"
    subprocess.run([*FFMPEG, "-i", media / "flash-small.mp4", "-c:v", "libtheora", "-c:a",
                    "libvorbis", one], check=True)
    two = tmp_path / "two.ogv"
    subprocess.run([*FFMPEG, "-i", one, "-c", "copy", two], check=True)
    make("video", joined(tmp_path / "in.ogv", one, two), "out.mp4")
    assert [said for said in make.run.warnings if "another recording" in said]
