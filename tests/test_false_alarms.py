"""Inputs that are unusual and whole: nothing is missed in them, and nothing warned of."""
import subprocess

import pytest

import look

FFMPEG = ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i"]
FILM = ["testsrc2=s=64x48:r=10:d=1", "-f", "lavfi", "-i", "sine=d=1"]
CODECS = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"]


def test_a_cover_is_not_half_a_second_left_out(make, tmp_path):
    source = tmp_path / "in.flac"
    cover = tmp_path / "cover.png"
    subprocess.run([*FFMPEG, "color=red:s=32x32:r=1:d=1", cover], check=True)
    subprocess.run([*FFMPEG, "sine=d=1", "-i", cover, "-map", "0", "-map", "1", "-c:v", "copy",
                    "-disposition:v", "attached_pic", source], check=True)
    out = make("audio", source, "out.wav")
    assert look.duration(out) == 1 and make.run.warnings == []


@pytest.mark.parametrize("offset", [10, 86_400])
def test_a_matroska_that_tells_its_end_for_its_length_is_whole(make, tmp_path, offset):
    source = tmp_path / "in.mkv"
    subprocess.run([*FFMPEG, *FILM, *CODECS, "-output_ts_offset", str(offset),
                    "-avoid_negative_ts", "disabled", source], check=True)
    assert look.duration(source) > offset
    out = make("video", source, "out.mp4")
    assert look.duration(out) == pytest.approx(1, abs=0.1) and make.run.warnings == []


@pytest.mark.parametrize("ext", ["mkv", "mp4", "ts"])
def test_a_hundred_streams_all_begin_at_the_beginning(make, tmp_path, ext):
    source = tmp_path / f"in.{ext}"
    sounds = [word for _ in range(99) for word in ("-map", "1")]
    subprocess.run([*FFMPEG, *FILM, "-map", "0", *sounds, *CODECS, "-ac", "1", "-b:a", "16k",
                    source], check=True)
    make("video", source, "out.mp4")
    assert make.run.warnings == []


@pytest.mark.parametrize("count", [16, 17])
def test_sounds_are_left_out_of_a_stream_where_there_are_more_than_it_has(make, tmp_path, count):
    source = tmp_path / "in.mkv"
    sounds = [word for _ in range(count) for word in ("-map", "1")]
    subprocess.run([*FFMPEG, *FILM, "-map", "0", *sounds, *CODECS, "-ac", "1", "-b:a", "16k",
                    source], check=True)
    out = make("adaptive", source, "out.m3u8")
    told = ["a stream has 16 audio tracks at most: others were left out"] if count > 16 else []
    assert make.run.warnings == told
    assert out.read_text().count("TYPE=AUDIO") == 2 * 16  # at two rates


def test_pixels_of_an_absurd_shape_are_square(make, tmp_path):
    source = tmp_path / "in.mp4"
    subprocess.run([*FFMPEG, "testsrc2=s=64x48:r=10:d=1,setsar=21:1:max=100000",
                    "-c:v", "libx264", "-pix_fmt", "yuv420p", source], check=True)
    stream = look.first_picture_stream(make("video", source, "out.mp4"))
    assert (stream["width"], stream["height"]) == (64, 48)
    assert stream.get("sample_aspect_ratio", "1:1") == "1:1"


def test_an_image_of_sound_alone_is_refused_with_what_to_give(refuse, tmp_path):
    source = tmp_path / "in.flac"
    subprocess.run([*FFMPEG, "sine=d=1", source], check=True)
    run = refuse("image", source)
    assert run.error_kind == "no_video_stream"
    assert "no picture: give a still, a film" in run.last["error"]["message"]
