"""Sound brought to one loudness, as FFmpeg's meter (ebur128) hears what comes out."""
import json
import re
import subprocess

import numpy
import pytest

import cli
import look

RATE = 48000
FACTS = ["input_lufs", "output_lufs", "input_dbtp", "output_dbtp", "gain_db", "limited"]


def measured(path, track=0, span=()):
    """Integrated loudness and true peak."""
    told = subprocess.run(
        ["ffmpeg", "-nostdin", "-hide_banner", *map(str, span), "-i", str(path), "-map",
         f"0:a:{track}", "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True, text=True, timeout=300, check=True).stderr
    summary = told[told.rindex("Summary:"):]
    return tuple(float(re.search(rf"{name}:\s+(\S+) {unit}", summary).group(1))
                 for name, unit in (("I", "LUFS"), ("Peak", "dBFS")))


def noise(level, seconds=4.0, channels=2, seed=1):
    """Noise of a level in dB, as dull as speech, frames × channels."""
    count = int(seconds * RATE)
    spectrum = numpy.fft.rfft(numpy.random.default_rng(seed).standard_normal((count, channels)),
                              axis=0)
    hertz = numpy.fft.rfftfreq(count, 1 / RATE)[:, None]
    dull = numpy.fft.irfft(spectrum * (hertz > 80) / (1 + (hertz / 700) ** 2), count, axis=0)
    return dull / numpy.sqrt((dull ** 2).mean()) * 10 ** (level / 20)


def with_peaks(level, seconds=4.0):
    """The same with a loud 10 ms in each half second."""
    sound = noise(level, seconds)
    at = numpy.arange(len(sound)) % (RATE // 2) < RATE // 100
    sound[at] = numpy.clip(sound[at] * 10 ** (20 / 20), -0.9, 0.9)
    return sound


def written(path, sound, *options):
    layout = {6: ["-channel_layout", "5.1"]}.get(sound.shape[1], [])
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "f32le", "-ar", str(RATE), "-ac",
         str(sound.shape[1]), *layout, "-i", "-", *(options or ("-c:a", "pcm_s16le")), str(path)],
        input=sound.astype("<f4").tobytes(), check=True)
    return path


def bursts(channels, decay, every):
    """Noise over a low tone, struck anew and again, and dying away."""
    hits = noise(0, channels=channels)
    hits = numpy.diff(hits, axis=0, append=0) * 8 + hits / 4
    since = numpy.arange(len(hits)) % int(every * RATE) / RATE
    struck = hits + 2 * numpy.sin(2 * numpy.pi * 60 * since)[:, None]
    return struck * numpy.exp(-since * decay)[:, None]


def hard_on_encoders(clip, channels):
    """Sound that lossy encoders give back with higher peaks than it had, up to full scale."""
    if clip == "drums":
        made = bursts(channels, decay=25, every=0.17)
    elif clip == "castanets":
        made = bursts(channels, decay=200, every=0.09)
    elif clip == "noise":
        made = numpy.random.default_rng(5).uniform(-1, 1, (3 * RATE, channels))
    elif clip == "gated":
        made = noise(0, channels=channels) * (numpy.arange(4 * RATE) // 6000 % 3 == 0)[:, None]
    else:
        pitches = numpy.repeat([110, 220, 440, 1000], RATE)
        tone = numpy.sign(numpy.sin(2 * numpy.pi * pitches * numpy.arange(4 * RATE) / RATE))
        made = numpy.repeat(tone[:, None], channels, axis=1)
    return 0.9 * made / numpy.abs(made).max()


@pytest.fixture
def sound(tmp_path):
    return lambda samples, name="in.wav", *options: written(tmp_path / name, samples, *options)


@pytest.fixture
def film_with(media, tmp_path):
    """A film of this sound."""
    def made(source):
        film = tmp_path / "film.mkv"
        look.output_of("ffmpeg", "-v", "error", "-y", "-i", media / "flash-small.mp4", "-i", source,
                       "-map", "0:v", "-map", "1:a", "-c", "copy", film)
        return film
    return made


def facts(make):
    """What the task's output tells of the loudness."""
    told = [task["output"]["loudness"] for task in make.run.last["tasks"]
            if (task["output"] or {}).get("loudness")]
    assert told and list(told[0]) == FACTS, make.run.last
    return told[0]


def assert_came_to(make, out, target, within=0.3, **of):
    lufs, peak = measured(out, **of)
    assert lufs == pytest.approx(target, abs=within)
    assert peak <= -0.9  # it is told in tenths
    assert facts(make)["output_lufs"] == pytest.approx(lufs, abs=within)


@pytest.mark.parametrize("level", [-55, -40, -12])
def test_one_gain_is_all_that_happens_where_it_fits(make, sound, level):
    source = sound(noise(level), "in.wav", "-c:a", "pcm_f32le")
    target = -26
    out = make("audio", source, "o.wav", normalize="lufs", target_lufs=target)
    assert_came_to(make, out, target)
    told = facts(make)
    assert told["limited"] is False and make.run.warnings == []
    assert told["input_lufs"] == pytest.approx(measured(source)[0], abs=0.15)
    assert told["input_dbtp"] == pytest.approx(measured(source)[1], abs=0.3)
    assert told["gain_db"] == pytest.approx(target - told["input_lufs"], abs=0.011)
    before, after = look.samples(source, channels=2), look.samples(out, channels=2)
    gain = (after * before).sum() / (before ** 2).sum()
    assert 20 * numpy.log10(gain) == pytest.approx(told["gain_db"], abs=0.01)
    assert numpy.abs(after - gain * before).max() < 1e-4


@pytest.mark.parametrize("form", ["mp3", "aac", "ogg", "opus", "flac", "wav"])
@pytest.mark.parametrize("target", [None, -23])
def test_every_format_comes_to_the_target(make, sound, form, target):
    options = {"target_lufs": target} if target else {}
    out = make("audio", sound(noise(-33)), f"o.{form}", normalize="lufs", **options)
    assert_came_to(make, out, target or -16)


@pytest.mark.parametrize("quality", ["very_low", "low", "medium", "high", "very_high"])
def test_mp3_comes_to_the_target_at_every_rate(make, sound, quality):
    out = make("audio", sound(noise(-33)), "o.mp3", normalize="lufs", quality=quality)
    assert_came_to(make, out, -16, within=0.2)


def test_what_is_there_already_stays_as_it_is(make, sound):
    first = make("audio", sound(noise(-33)), "first.flac", normalize="lufs")
    second = make("audio", first, "second.flac", normalize="lufs")
    assert facts(make)["gain_db"] == pytest.approx(0, abs=0.1)
    assert measured(second)[0] == pytest.approx(measured(first)[0], abs=0.11)


def test_sound_under_a_low_target_is_made_quieter(make, sound):
    out = make("audio", sound(with_peaks(-14)), "o.flac", normalize="lufs", target_lufs=-40)
    assert_came_to(make, out, -40)
    assert facts(make)["limited"] is False and make.run.warnings == []


@pytest.mark.parametrize("form", ["flac", "mp3", "aac", "opus"])
def test_peaks_are_held_where_the_gain_takes_them_too_high(make, sound, form):
    source = sound(with_peaks(-34))
    out = make("audio", source, f"o.{form}", normalize="lufs", target_lufs=-16)
    assert measured(source)[1] + facts(make)["gain_db"] > 0
    assert facts(make)["limited"] is True
    assert facts(make)["output_dbtp"] <= -1
    assert_came_to(make, out, -16, within=0.5)  # what holding them took is given back
    assert make.run.warnings == []


LOSSY = ["o.mp3", "o.aac", "o.ogg", "o.opus", "o.mp4", "o.webm"]


@pytest.mark.parametrize("clip", ["drums", "castanets", "noise", "gated", "squares"])
@pytest.mark.parametrize("name", LOSSY)
def test_no_encoder_takes_peaks_above_the_ceiling(make, sound, film_with, name, clip):
    kind = "video" if name in ("o.mp4", "o.webm") else "audio"
    for channels, options in [(2, {"normalize": "lufs"}),
                              (2, {"normalize": "lufs", "target_lufs": -9}), (6, {})]:
        source = sound(hard_on_encoders(clip, channels))
        if kind == "video":
            source, options = film_with(source), options | {"width": 64}
        lufs, peak = measured(make(kind, source, name, **options))
        assert peak <= -0.9, (channels, options)
        if "normalize" in options:
            assert facts(make)["output_lufs"] == pytest.approx(lufs, abs=2), options


@pytest.mark.parametrize("quality", ["very_low", "low", "high", "very_high"])
@pytest.mark.parametrize("form", ["mp3", "aac", "ogg", "opus"])
def test_no_bit_rate_takes_peaks_above_the_ceiling(make, sound, form, quality):
    for clip in ["drums", "noise"]:
        source = sound(hard_on_encoders(clip, 2))
        out = make("audio", source, f"o.{form}", normalize="lufs", target_lufs=-9, quality=quality)
        assert measured(out)[1] <= -0.9, clip


def test_a_target_that_peaks_leave_no_room_for_is_told(make, sound):
    out = make("audio", sound(with_peaks(-34)), "o.flac", normalize="lufs", target_lufs=-5)
    lufs, peak = measured(out)
    assert lufs < -5.5 and peak <= -0.9
    [said] = make.run.warnings
    assert f"came to {facts(make)['output_lufs']:.1f} LUFS and not to -5.0" in said


def test_silence_stays_silent(make, sound):
    out = make("audio", sound(numpy.zeros((RATE * 2, 2))), "o.wav", normalize="lufs")
    assert not look.samples(out).any()
    told = facts(make)
    assert [told[name] for name in FACTS] == [None, None, None, None, 0, False]
    assert make.run.warnings == ["the sound is silent, and was left as it is"]


@pytest.mark.parametrize("samples", [noise(-20, 0.2), noise(-20, 0.2, channels=1), noise(-80)])
def test_what_has_no_loudness_is_left_as_it_is(make, sound, samples):
    source = sound(samples)
    out = make("audio", source, "o.wav", normalize="lufs")
    channels = samples.shape[1]
    assert (look.samples(out, channels=channels) == look.samples(source, channels=channels)).all()
    assert facts(make)["input_lufs"] is None and facts(make)["gain_db"] == 0
    assert [said for said in make.run.warnings if "too short or too quiet" in said]


def test_mono_is_one_channel(make, sound):
    source = sound(noise(-33, channels=1))
    out = make("audio", source, "o.opus", normalize="lufs", quality="very_high")
    assert look.probe(out)["audio"][0]["channels"] == 1
    assert_came_to(make, out, -16)


@pytest.mark.parametrize("form, channels", [("flac", 6), ("wav", 6), ("mp3", 2), ("aac", 2)])
def test_surround_is_weighed_by_its_channels(make, sound, form, channels):
    """Loud in the low-frequency channel, which counts nothing."""
    samples = noise(-38, channels=6)
    samples[:, 3] = noise(-22, channels=1)[:, 0]
    samples[:, 4] *= 4
    out = make("audio", sound(samples), f"o.{form}", normalize="lufs", target_lufs=-24)
    assert look.probe(out)["audio"][0]["channels"] == channels
    assert_came_to(make, out, -24)


def test_what_is_no_number_leads_nobody_astray(make, sound):
    samples = noise(-33)
    samples[RATE, 0] = numpy.nan
    samples[RATE + 7, 1] = numpy.inf
    make("audio", sound(samples, "in.wav", "-c:a", "pcm_f32le"), "o.flac", normalize="lufs")
    assert facts(make)["input_lufs"] == pytest.approx(measured(sound(noise(-33)))[0], abs=0.15)


@pytest.mark.parametrize("form", ["mp3", "aac", "opus", "ogg", "flac", "wav"])
def test_what_is_no_number_is_silence(make, sound, form):
    samples = noise(-23)
    for at, odd in enumerate([numpy.nan, numpy.inf, -numpy.inf, 1e30]):
        samples[RATE + 5000 * at] = odd
    out = make("audio", sound(samples, "in.wav", "-c:a", "pcm_f32le"), f"o.{form}")
    assert measured(out)[0] == pytest.approx(measured(sound(noise(-23)))[0], abs=0.6)


@pytest.mark.parametrize("start, end", [(0, 3), (3, 6), (2.5, 4)])
def test_only_the_part_that_is_used_is_measured(make, sound, start, end):
    source = sound(numpy.concatenate([noise(-45, 3), noise(-18, 3, seed=2)]))
    out = make("audio", source, "o.flac", normalize="lufs", target_lufs=-30, start=start, end=end)
    assert_came_to(make, out, -30)
    part = measured(source, span=["-ss", start, "-to", end])[0]
    assert facts(make)["input_lufs"] == pytest.approx(part, abs=0.3)


def test_of_a_film_the_picture_is_copied(make, media):
    source = media / "flash-small.mp4"
    out = make("video", source, "o.mp4", normalize="lufs", target_lufs=-25)
    assert look.frame_hashes(out) == look.frame_hashes(source)
    assert_came_to(make, out, -25, within=0.4)
    look.assert_in_sync(out, 1 / 30)


@pytest.mark.parametrize("name, target", [("o.webm", -20), ("o.mp4", -30)])
def test_of_a_film_that_is_encoded_too(make, media, name, target):
    out = make("video", media / "surround.mp4", name, normalize="lufs", target_lufs=target,
               width=160, quality="low")
    assert_came_to(make, out, target)
    assert [said for said in make.run.warnings if "5.1" in said]


def test_of_several_tracks_the_one_that_is_used_is_measured(make, sound, tmp_path):
    quiet, loud = sound(noise(-50), "quiet.wav"), sound(noise(-20, seed=2), "loud.wav")
    both = tmp_path / "both.mkv"
    look.output_of("ffmpeg", "-v", "error", "-i", loud, "-i", quiet, "-map", "0", "-map", "1",
                   "-c", "copy", "-disposition:a:0", "0", "-disposition:a:1", "default", both)
    out = make("audio", both, "o.flac", normalize="lufs", target_lufs=-24)
    assert_came_to(make, out, -24)
    assert facts(make)["input_lufs"] == pytest.approx(measured(quiet)[0], abs=0.15)


def test_all_renditions_of_a_stream_are_equally_loud(make, sound, film_with):
    film = film_with(sound(noise(-33)))
    out = make("adaptive", film, "hls/master.m3u8", normalize="lufs", target_lufs=-27)
    playlists = sorted(out.parent.rglob("audio*.m3u8"), key=lambda path: path.stem)
    assert [path.stem for path in playlists] == ["audio", "audio-low"]
    for playlist in playlists:
        assert_came_to(make, playlist, -27, within=0.5)  # AAC of 64 kb/s loses some of noise


def test_a_video_without_sound_is_made_with_a_warning(make, refuse, media):
    make("video", media / "no-audio.mp4", "o.mp4", normalize="lufs")
    assert make.run.warnings == ["the input has no sound to normalize"]
    assert all("loudness" not in (task["output"] or {}) for task in make.run.last["tasks"])
    run = refuse("audio", media / "no-audio.mp4", "o.mp3", normalize="lufs")
    assert run.error_kind == "no_audio_stream"


@pytest.mark.parametrize("kind, name, options, field", [
    ("audio", "o.mp3", {"normalize": "lufs", "target_lufs": -40.1}, "target_lufs"),
    ("audio", "o.mp3", {"normalize": "lufs", "target_lufs": -4.9}, "target_lufs"),
    ("audio", "o.mp3", {"normalize": "peak"}, "normalize"),
    ("audio", "o.mp3", {"target_lufs": -20}, "target_lufs"),
    ("audio", "o.json", {"waveform": "json", "normalize": "lufs"}, "normalize"),
    ("video", "o.mp4", {"no_audio": True, "normalize": "lufs"}, "normalize"),
])
def test_what_makes_no_sense_is_refused(refuse, media, kind, name, options, field):
    run = refuse(kind, media / "flash-small.mp4", name, **options)
    assert run.error_kind == "invalid_options" and field in run.message, run.last


def test_the_plan_says_why_sound_is_encoded(media, tmp_path):
    run = cli.ittybit("video", "-i", media / "flash-small.mp4", "-o", tmp_path / "o.mp4",
                      "--normalize", "lufs", "--explain", cwd=tmp_path)
    assert "copied" in run.last["pictures"][0]
    [planned] = run.last["sounds"]
    assert planned["loudness"] == {"lufs": -16, "most_dbtp": -4.1}
    assert planned["why_encoded"] == "its loudness is changed"


def test_a_server_tells_the_loudness_and_takes_its_output_again(server, clip):
    options = {"normalize": "lufs", "target_lufs": -30}
    job = server.wait(server.job(kind="audio", input=clip, options=options))
    assert job["status"] == "succeeded", json.dumps(job)
    [output] = [task["output"] for task in job["tasks"] if task["kind"] == "audio"]
    assert list(output["loudness"]) == FACTS
    assert output["loudness"]["output_lufs"] == pytest.approx(-30, abs=0.2)
    [exported] = [task["output"] for task in job["tasks"] if task["kind"] == "export"]
    again = server.post("/tasks", {"kind": "probe", "input": exported})
    assert again.status_code == 201, again.text
