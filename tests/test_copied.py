"""Copied, not encoded again: which streams pass untouched, and which must not."""
import subprocess

import numpy
import pytest

import look


@pytest.mark.parametrize("source, name", [
    ("flash-1080p.mp4", "out.mp4"), ("flash-small.mkv", "out.mp4"), ("flash-small.ts", "out.mp4"),
    ("flash-720p.mp4", "out.mov"), ("flash-small.webm", "out.webm"), ("no-audio.mp4", "out.mp4"),
])
def test_web_ready_video_is_copied(make, media, source, name):
    out = make("video", media / source, name)
    assert look.frame_hashes(out) == look.frame_hashes(media / source)
    assert not look.decode_complaints(out)


def test_h265_is_copied_when_asked_for_and_tagged_hvc1(make, media):
    out = make("video", media / "flash-h265.mp4", "out.mp4", codec="h265")
    assert look.frame_hashes(out) == look.frame_hashes(media / "flash-h265.mp4")
    assert look.first_picture_stream(out)["codec_tag_string"] == "hvc1"


def test_copied_video_has_its_sound_copied_too_when_it_fits(make, media):
    out = make("video", media / "flash-720p.mp4", "out.mp4")
    before = look.frame_hashes(media / "flash-720p.mp4", "a:0")
    after = look.frame_hashes(out, "a:0")
    assert after[2:-2] == before[2:-2]
    out = make("video", media / "flash-small.mkv", "out.mp4")
    assert look.probe(out)["audio"][0]["codec_name"] == "aac"


@pytest.mark.parametrize("options", [
    {"quality": "medium"}, {"bitrate": 500000}, {"fps": 30}, {"width": 318}, {"frames": 10},
    {"start": 1}, {"end": 2},
])
def test_any_of_these_options_encodes(make, media, options):
    out = make("video", media / "flash-small.mp4", "out.mp4", **options)
    assert share_kept(media / "flash-small.mp4", out, "v:0") < 0.3
    assert not look.decode_complaints(out)


@pytest.mark.parametrize("source", [
    "ten-bit-h264.mp4", "four-two-two.mkv", "interlaced.mp4", "corner-anamorphic.mp4",
    "corner-stored-90.mp4", "sparse-keys.mp4",
])
def test_what_is_not_web_ready_is_encoded(make, media, source):
    out = make("video", media / source, "out.mp4")
    stream = look.first_picture_stream(out)
    assert (stream["codec_name"], stream["pix_fmt"]) == ("h264", "yuv420p")
    assert look.frame_hashes(out) != look.frame_hashes(media / source)
    if source == "sparse-keys.mp4":
        keys = key_frame_times(out)
        assert max(b - a for a, b in zip(keys, keys[1:] + [24])) <= 10.1


def share_kept(source, out, stream):
    """The share of different frames (not flash, not silence) that came through bit for bit."""
    before = look.frame_hashes(source, stream)
    telling = {digest for digest in before if before.count(digest) == 1}
    return len(telling & set(look.frame_hashes(out, stream))) / len(telling)


def key_frame_times(path):
    text = look.output_of(
        "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
        "packet=pts_time,flags", "-of", "csv=p=0", path,
    ).decode()
    return [float(line.split(",")[0]) for line in text.split() if "K" in line]


def test_another_codec_than_asked_for_is_encoded(make, media):
    out = make("video", media / "flash-small.mp4", "out.mp4", codec="h265")
    stream = look.first_picture_stream(out)
    assert (stream["codec_name"], stream["codec_tag_string"]) == ("hevc", "hvc1")


@pytest.mark.parametrize("source, name", [
    ("tone.mp3", "out.mp3"), ("tone.aac", "out.aac"), ("tone.ogg", "out.ogg"),
    ("tone.opus", "out.opus"), ("tone.m4a", "out.aac"), ("flash-small.mp4", "out.aac"),
])
def test_audio_that_fits_is_copied(make, media, source, name):
    out = make("audio", media / source, name)
    before = look.frame_hashes(media / source, "a:0")
    after = look.frame_hashes(out, "a:0")
    assert set(before[3:-3]) <= set(after)


@pytest.mark.parametrize("options", [{"quality": "low"}, {"bitrate": 64000}, {"start": 1}])
def test_audio_with_a_wish_is_encoded(make, media, options):
    out = make("audio", media / "tone.mp3", "out.mp3", **options)
    assert share_kept(media / "tone.mp3", out, "a:0") < 0.3


@pytest.mark.parametrize("options", [{}, {"quality": "low"}])
@pytest.mark.parametrize("name", ["out.mp4", "out.mov"])
def test_mp4_has_its_index_in_front(make, media, name, options):
    order = look.box_order(make("video", media / "flash-small.mp4", name, **options))
    assert order.index("moov") < order.index("mdat"), order


def test_attached_data_and_subtitles_are_dropped(make, media):
    out = make("video", media / "flash-720p.mp4", "out.mp4")
    told = look.probe(out)
    assert len(told["streams"]) == 2 and not told["data"]


def test_mp3_copied_from_matroska_keeps_its_beginning(make, tmp_path):
    source = tmp_path / "in.mkv"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                    "aevalsrc='0.5*sin(2*PI*t*(300+400*t))':s=48000:d=2", "-c:a", "libmp3lame",
                    source], check=True)
    out = make("audio", source, "out.mp3")
    assert look.frame_hashes(out, "a:0")[1:-1] == look.frame_hashes(source, "a:0")[1:-1]
    before, after = (numpy.ravel(look.samples(path)).astype(float) for path in (source, out))
    # What a decoder of MP3 is late by itself, and no more, is left out.
    size = 1 << 18
    both = numpy.fft.rfft(before[:90_000], size) * numpy.fft.rfft(after[:90_000], size).conj()
    assert 0 <= numpy.fft.irfft(both).argmax() <= 529


@pytest.mark.parametrize("codec, name", [
    ("aac", "out.aac"), ("libmp3lame", "out.mp3"), ("flac", "out.flac")])
def test_sound_that_begins_late_is_late_where_files_have_no_times(make, tmp_path, codec, name):
    source, tone = tmp_path / "in.mkv", tmp_path / "tone.mka"
    quiet = ["ffmpeg", "-nostdin", "-v", "error"]
    subprocess.run([*quiet, "-f", "lavfi", "-i", "sine=d=4,volume=12dB", "-c:a", codec, tone],
                   check=True)
    subprocess.run([*quiet, "-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=6", "-itsoffset", "2",
                    "-i", tone, "-map", "0", "-map", "1", "-c:a", "copy", source], check=True)
    heard = look.samples(make("audio", source, name))[:, 0]
    assert len(heard) / 48000 == pytest.approx(6, abs=0.1)
    assert (abs(heard) > 0.1).argmax() / 48000 == pytest.approx(2, abs=0.06)


def test_sound_that_an_edit_list_hides_is_not_heard(make, tmp_path):
    tone, source = tmp_path / "tone.m4a", tmp_path / "in.m4a"
    quiet = ["ffmpeg", "-nostdin", "-v", "error"]
    subprocess.run([*quiet, "-f", "lavfi", "-i",
                    "aevalsrc='0.5*sin(2*PI*t*if(lt(t,3),400,900))':d=8",
                    tone], check=True)
    subprocess.run([*quiet, "-itsoffset", "-3", "-i", tone, "-c", "copy", "-copypriorss", "1",
                    "-avoid_negative_ts", "disabled", source], check=True)
    heard = look.samples(make("audio", source, "out.aac"))[:, 0]
    assert len(heard) / 48000 == pytest.approx(5, abs=0.1)
    spectrum = abs(numpy.fft.rfft(heard))
    low, high = (int(hertz * len(heard) / 48000) for hertz in (400, 900))
    assert spectrum[low - 20 : low + 20].max() < 0.02 * spectrum[high - 20 : high + 20].max()
