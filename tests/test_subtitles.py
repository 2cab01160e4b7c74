"""Subtitles of a video: as a track with a file beside it, and burnt in. Read back by FFmpeg, and by
the pixels."""
import os
import re
import subprocess

import pytest

import cli
import look
import s3
from service import Server

SRT = """1
00:00:01,000 --> 00:00:02,000
Hello <i>world</i> & you

2
00:00:02,000 --> 00:00:03,500
Second

3
00:00:03,000 --> 00:00:04,000
{\\an8}Third, on top
"""
VTT = "WEBVTT\n\nNOTE nothing\n\n00:01.000 --> 00:02.000\n<b>Hello</b> world &amp; you\n"
ASS = """[Script Info]
PlayResX: 320
PlayResY: 180
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, Outline, Alignment, MarginV
Style: Big,Arial,30,&H000000FF,&H00000000,1,8,10
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.00,Big,,0,0,0,,HELLO
"""


def written(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def cues(path, stream="0:s:0"):
    """[(start, end, text)] as FFmpeg reads them."""
    srt = look.output_of("ffmpeg", "-v", "error", "-i", path, "-map", stream, "-f", "srt",
            "-").decode()
    found = []
    for block in srt.replace("\r", "").strip().split("\n\n"):
        lines = block.split("\n")
        if len(lines) < 3:
            continue
        times = [float(h) * 3600 + float(m) * 60 + float(s.replace(",", "."))
                 for h, m, s in re.findall(r"(\d+):(\d+):([\d,]+)", lines[1])]
        found.append((*times, re.sub(r"<[^>]*>", "", "\n".join(lines[2:]))))
    return found


def words(path, stream="0:s:0"):
    return [text for _, _, text in cues(path, stream)]


def whiteness(path, at, top=0.5):
    """How much of the picture below `top` is white."""
    pixels = look.picture(path, at)
    part = pixels[int(len(pixels) * top):]
    return ((part > 200).all(axis=2)).mean()


@pytest.mark.parametrize("form, codec, tag", [("mp4", "mov_text", "tx3g"), ("mov", "mov_text",
        "tx3g"),
                                              ("webm", "webvtt", None)])
def test_a_sidecar_is_a_track_and_a_file_beside_it(make, media, tmp_path, form, codec, tag):
    out = make("video", media / "flash-small.mp4", f"out.{form}", subtitle_url=written(tmp_path,
            "a.srt", SRT))
    track = look.probe(out)["subtitle"]
    assert [each["codec_name"] for each in track] == [codec]
    assert tag is None or track[0]["codec_tag_string"] == tag
    assert look.decode_complaints(out) == ""
    told = cues(out)
    assert told[0][2] == "Hello world & you" and told[1][2] == "Second"
    assert told[0][0] == pytest.approx(1, abs=0.02) and told[0][1] == pytest.approx(2, abs=0.02)
    if codec == "mov_text":  # of which one ends before the next begins
        assert [text for _, _, text in told] == [
            "Hello world & you", "Second", "Second\nThird, on top", "Third, on top"]
    vtt = (tmp_path / "out.vtt").read_text()
    assert vtt.startswith("WEBVTT") and "Hello <i>world</i> &amp; you" in vtt
    assert "00:03.000 --> 00:04.000 line:0" in vtt
    assert look.duration(out) == pytest.approx(5, abs=0.1)


def test_the_picture_is_copied_beside_a_sidecar_and_encoded_to_burn_in(media, tmp_path):
    srt = written(tmp_path, "a.srt", SRT)
    def plan(style):
        return cli.ittybit("video", "-i", media / "flash-small.mp4", "--explain",
                "--subtitle-url", srt,
                           "--subtitle-style", style, cwd=tmp_path).last
    beside, burnt = plan("sidecar"), plan("burn_in")
    assert beside["pictures"][0].get("copied") and not burnt["pictures"][0].get("copied")
    assert [b["form"] for b in beside["texts"][0]["branches"]] == ["mov_text", "webvtt"]
    assert burnt["texts"][0]["burnt_into"] == 0 and burnt["texts"][0]["codec"] == "subrip"
    assert len(burnt["outputs"]) == 1 and beside["outputs"][1]["name"] == "subtitles.vtt"


def test_an_existing_file_beside_is_left_alone(make, media, tmp_path):
    mine = written(tmp_path, "out.vtt", VTT)
    make("video", media / "flash-small.mp4", "out.mp4", subtitle_url=mine)
    assert mine.read_text() == VTT and (tmp_path / "out-1.vtt").read_text().startswith("WEBVTT")


def test_subtitles_are_trimmed_and_shifted(make, media, tmp_path):
    out = make("video", media / "flash-small.mp4", "out.mp4", start=1.5, end=3.2,
               subtitle_url=written(tmp_path, "a.srt", SRT))
    told = cues(out)
    assert told[0][:2] == pytest.approx((0, 0.5), abs=0.02)
    assert told[-1][:2] == pytest.approx((1.5, 1.7), abs=0.02)
    burnt = make("video", media / "corner.mp4", "burnt.mp4", start=0.5, end=2,
            subtitle_style="burn_in",
                 subtitle_url=written(tmp_path, "b.vtt", VTT))
    assert [whiteness(burnt, at) > 0.002 for at in (0.3, 0.8, 1.3)] == [False, True, True]


def test_blocks_that_are_no_cues_hide_none(make, media, tmp_path):
    styled = VTT.replace("WEBVTT\n", "WEBVTT\n\nSTYLE\n::cue { color: lime }\n\n"
                         "REGION\nid:one\nwidth:40%\n\nNOTE a word\n", 1)
    assert styled != VTT
    made = [make("video", media / "flash-small.mp4", f"{name}.mp4",
                 subtitle_url=written(tmp_path, f"{name}-in.vtt", text)).with_suffix(".vtt")
            for name, text in (("plain", VTT), ("styled", styled))]
    assert "-->" in made[0].read_text() and made[0].read_text() == made[1].read_text()
    broken = VTT.replace("WEBVTT\n", "WEBVTT\n\n00:0x.000 --> 00:00:01.000\nNever\n", 1)
    make("video", media / "flash-small.mp4", "c.mp4",
         subtitle_url=written(tmp_path, "c-in.vtt", broken))
    assert [said for said in make.run.warnings if "1 subtitles cannot be read" in said]


def film_with_tracks(media, tmp_path):
    made = tmp_path / "tracks.mkv"
    one, two = written(tmp_path, "en.srt", SRT), written(tmp_path, "de.srt", SRT.replace("Hello",
            "Hallo"))
    look.output_of("ffmpeg", "-v", "error", "-i", media / "flash-small.mp4", "-i", one, "-i",
            two, "-map", "0",
                   "-map", "1", "-map", "2", "-c", "copy", "-c:s:1", "ass", "-metadata:s:s:0",
                           "language=eng",
                   "-metadata:s:s:1", "language=ger", made)
    return made


def test_a_track_of_the_input_by_number_and_language(make, refuse, media, tmp_path):
    film = film_with_tracks(media, tmp_path)
    for choice, word in ((2, "Hello"), (3, "Hallo"), ("eng", "Hello"), ("de", "Hallo"), ("ger",
            "Hallo")):
        out = make("video", film, f"{choice}.mp4", subtitle_track=choice)
        assert words(out)[0].startswith(word)
        language = look.probe(out)["subtitle"][0]["tags"]["language"]
        assert language == ("eng" if word == "Hello" else "ger")
    absent = refuse("video", film, "no.mp4", subtitle_track="fr")
    assert absent.error_kind == "no_subtitle_stream"
    assert "2 (eng, subrip), 3 (ger, ass)" in absent.message
    none = refuse("video", media / "flash-small.mp4", "none.mp4", subtitle_track=1)
    assert none.error_kind == "no_subtitle_stream"
    again = make("video", make("video", film, "t.mp4", subtitle_track=2), "again.webm",
            subtitle_track=2)
    assert words(again)[0] == "Hello world & you"
    burnt = make("video", film, "b.mp4", subtitle_track="ger", subtitle_style="burn_in",
            width=960)
    assert whiteness(burnt, 1.5) > whiteness(burnt, 0.5) + 0.001


@pytest.mark.parametrize("coding, warns", [("utf-8-sig", False), ("utf-16", False), ("utf-16-be",
        False),
                                           ("cp1252", True)])
def test_codings(make, media, tmp_path, coding, warns):
    text = SRT.replace("Second", "Größe “déjà”")
    out = make("video", media / "flash-small.mp4", "o.mp4",
               subtitle_url=written(tmp_path, "a.srt", text.encode(coding)))
    assert words(out)[1] == "Größe “déjà”"
    assert [w for w in make.run.warnings if "Windows-1252" in w] == make.run.warnings
    assert bool(make.run.warnings) == warns


def test_vtt_and_ass_are_read(make, media, tmp_path):
    out = make("video", media / "corner.mp4", "v.mp4", subtitle_url=written(tmp_path, "a.vtt",
            VTT))
    assert words(out) == ["Hello world & you"]
    burnt = make("video", media / "corner.mp4", "a.mp4", subtitle_url=written(tmp_path, "a.ass",
            ASS),
                 subtitle_style="burn_in")
    middle = look.picture(burnt, 1.5)[20:100, 90:230].astype(int)
    assert ((middle[..., 0] > 200) & (middle[...,
            1] < 90)).mean() > 0.01, "red letters at the top"
    again = make("video", media / "corner.mp4", "b.mp4",
                 subtitle_url=written(tmp_path, "b.ass", ASS.replace("Script Info", "script info")))
    assert words(again) == ["HELLO"]
    before = look.picture(burnt, 0.5)[20:100, 90:230].astype(int)
    assert ((before[..., 0] > 200) & (before[..., 1] < 90)).mean() == 0


@pytest.mark.parametrize("options", [{"width": 360, "height": 640, "fit": "cover"},
        {"width": 480}, {}])
def test_burnt_in_text_is_within_the_output_picture(make, media, tmp_path, options):
    out = make("video", media / "corner-stored-90.mp4", "o.mp4", subtitle_style="burn_in",
               subtitle_url=written(tmp_path, "a.vtt", VTT), **options)
    pixels = (look.picture(out, 1.2) > 200).all(axis=2)
    rows, columns = pixels.any(axis=1).nonzero()[0], pixels.any(axis=0).nonzero()[0]
    height, width = pixels.shape
    assert rows[0] > height * 0.7 and rows[-1] < height * 0.99, "one line near the bottom"
    assert columns[0] > 0 and columns[-1] < width - 1
    assert abs((columns[0] + columns[-1]) / 2 - width / 2) < width * 0.03, "in the middle"
    assert whiteness(out, 0.5) == 0


def test_subtitles_come_and_go_while_a_picture_stays(make, media, tmp_path):
    film = tmp_path / "slow.mp4"
    look.output_of("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=navy:size=320x240:rate=1/3",
                   "-t", "6", "-c:v", "libx264", "-pix_fmt", "yuv420p", film)
    cues = VTT + "\n00:04.500 --> 00:09.000\n<b>Last</b> words of all\n"
    out = make("video", film, "o.mp4", subtitle_style="burn_in",
               subtitle_url=written(tmp_path, "a.vtt", cues))
    even = tmp_path / "even.mkv"  # what is on screen, however long a picture stays
    look.output_of("ffmpeg", "-v", "error", "-i", out, "-vf",
                   "tpad=stop_mode=clone:stop_duration=2,fps=10", "-qp", "0", even)
    shown = [whiteness(even, at) > 0.001 for at in (0.5, 1.1, 1.9, 2.1, 4.4, 4.6, 5.8)]
    assert shown == [False, True, True, False, False, True, True]
    assert look.duration(out) == pytest.approx(6, abs=0.05) and make.run.warnings == []


@pytest.mark.parametrize("text", ["مرحبا بالعالم", "שלום עולם", "नमस्ते दुनिया", "Ελληνικά",
        "Привет", "♪ ♥ →"])
def test_scripts_are_drawn_with_their_fonts(make, media, tmp_path, text):
    """Letters that a font lacks would all look the same."""
    def drawn(name, line):
        path = written(tmp_path, f"{name}.vtt", VTT.replace("<b>Hello</b> world &amp; you", line))
        out = make("video", media / "corner.mp4", f"{name}.mp4", subtitle_url=path,
                subtitle_style="burn_in")
        assert not make.run.warnings
        return (look.picture(out, 1.2)[170:] > 128).sum()
    missing = "".join("\U000F0000" if letter != " " else " " for letter in text)
    assert drawn("text", text) != drawn("missing", missing)


LETTERS = "a {plain} C:\\new\\temp \\{x} } { {C:\\Users}"


def test_braces_and_backslashes_of_plain_text_are_letters(make, media, tmp_path):
    srt = f"1\n00:00:01,000 --> 00:00:02,000\n{{\\an8}}{{Y:i}}{LETTERS}\\Ntwo\\hlines\n"
    vtt = srt.replace(",", ".").replace("{\\an8}{Y:i}", "").replace("1\n", "WEBVTT\n\n", 1)
    wanted = f"{LETTERS}\ntwo\u00a0lines"
    for name, text in (("a.srt", srt), ("b.vtt", vtt)):
        for form in ("mp4", "webm"):
            out = make("video", media / "flash-small.mp4", f"{name}.{form}",
                       subtitle_url=written(tmp_path, name, text))
            told = (tmp_path / f"{name}.vtt").read_text()
            assert told.split("\n", 3)[3].strip() == wanted
            assert ("line:0" in told) == (name == "a.srt")
            again = make("video", out, f"again-{name}-{form}.mp4", subtitle_track=2)
            assert again.with_suffix(".vtt").read_text().split("\n", 3)[3].strip() == wanted
            for path in tmp_path.glob("*.vtt"):
                path.unlink()


def test_zeros_in_a_file_are_left_out_and_told(make, media, tmp_path):
    srt = written(tmp_path, "a.srt", SRT.replace("Hello", "Hel\0lo"))
    out = make("video", media / "flash-small.mp4", "o.mp4", subtitle_url=srt)
    assert words(out)[:2] == ["Hello world & you", "Second"]
    [warning] = make.run.warnings
    assert "zero bytes were left out of the subtitles" in warning


HOSTILE = {
    "a million": "WEBVTT\n\n" + "00:01.000 --> 00:02.000\nx\n\n" * 300_000,
    "at once": "WEBVTT\n\n" + "00:01.000 --> 00:02.000\nmany words in a line\n\n" * 20_000,
    "braces": "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "{<" * 2_000_000 + "\n",
    "drawings": ASS + "Dialogue: 0,0:00:01.00,0:00:02.00,Big,,0,0,0,,"
    + "{\\p1\\fs90000\\blur900\\t(\\fscx99999)}m 0 0 "
    + "l 9999999 0 l 9 9999999 " * 200 + "\n",
    "styles": ASS.replace(
        "[Events]", "Style: X,Arial,99999999,&H0,&H0,99999999,8,10\n" * 50_000 + "[Events]"),
    "low screen": ASS.replace("PlayResY: 180", "PlayResY: 1"),
    "narrow screen": ASS.replace("PlayResX: 320\nPlayResY: 180", "PlayResX: 1").replace(
        "HELLO", "HELLO" * 300),
    "fonts": ASS.replace(
        "[Events]", "[Fonts]\nfontname: a.ttf\n" + "!!!!" * 20 * 50_000 + "\n[Events]"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("style", ["burn_in", "sidecar"])
def test_hostile_subtitles_take_little_time(media, tmp_path, name, style):
    path = written(tmp_path, "a.txt", HOSTILE[name])
    before = os.times()
    run = cli.ittybit("video", "-i", media / "flash-small.mp4", "-o", "o.mp4", "--subtitle-url",
                      path, "--subtitle-style", style, cwd=tmp_path)
    after = os.times()
    # Of the processors, so that it is the same beside other work.
    assert after.children_user - before.children_user < 30
    assert run.status == 0 or run.error_kind == "limit_exceeded", run.last


TOO_MUCH = {
    "50 MB": (SRT * 300_000, "subtitle_bytes"),
    "a million": ("WEBVTT\n\n" + "00:01.000 --> 00:02.000\nx\n\n" * 1_000_000, "subtitle_bytes"),
    "events": ("WEBVTT\n\n" + "".join(
        f"00:01.000 --> 00:02.000\n{i}\n\n" for i in range(150_000)), "cues"),
    "drawings": (ASS + ("Dialogue: 0,0:00:01.00,0:00:02.00,Big,,0,0,0,,{\\p1\\fs90000}m 0 0 "
                        + "l 9999999 0 l 9 9999999 " * 400 + "\n") * 6000, "subtitle_bytes"),
    "fonts": (ASS.replace("[Events]", "[Fonts]\nfontname: a.ttf\n" + "!!!!" * 20 * 650_000
                          + "\n[Events]"), "subtitle_bytes"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_much_ends_at_once(refuse, media, tmp_path, name):
    text, limit = TOO_MUCH[name]
    path = written(tmp_path, "a.txt", text)
    before = os.times()
    run = refuse("video", media / "flash-small.mp4", "o.mp4", subtitle_url=path,
                 subtitle_style="burn_in")
    assert run.error_kind == "limit_exceeded", run.last
    assert run.last["error"]["limit"]["name"] == limit
    assert os.times().children_user - before.children_user < 10


def test_too_many_in_a_track_end_at_once_and_attached_fonts_are_not_read(
        make, refuse, media, tmp_path):
    many = written(tmp_path, "a.vtt", TOO_MUCH["events"][0])
    fonts = written(tmp_path, "a.ttf", b"\0\1\0\0" * 12_000_000)
    film, clean = tmp_path / "many.mkv", tmp_path / "fonts.mkv"
    add = ["ffmpeg", "-v", "error", "-i", media / "flash-small.mp4", "-i"]
    look.output_of(*add, many, "-c", "copy", "-c:s", "srt", film)
    look.output_of(*add, written(tmp_path, "b.ass", ASS), "-c", "copy", "-attach", fonts,
                   "-metadata:s:t", "mimetype=application/x-truetype-font", clean)
    before = os.times()
    for style in ("sidecar", "burn_in"):
        run = refuse("video", film, "o.mp4", subtitle_track=2, subtitle_style=style)
        assert run.error_kind == "limit_exceeded" and run.last["error"]["limit"]["name"] == "cues"
        assert whiteness(make("video", clean, f"{style}.mp4", subtitle_track=2,
                              subtitle_style=style), 0.5, 0) >= 0
    assert os.times().children_user - before.children_user < 30


def test_what_is_no_subtitle_is_refused(refuse, media, tmp_path):
    srt = written(tmp_path, "big.srt", SRT * 150_000)
    big = refuse("video", media / "flash-small.mp4", "a.mp4", subtitle_url=srt)
    assert big.error_kind == "limit_exceeded"
    assert big.last["error"]["limit"]["name"] == "subtitle_bytes"
    assert "subtitle_url: the file is larger than" in big.message and "input" not in big.message
    for text in ("", "<tt xmlns='http://www.w3.org/ns/ttml'/>", "just words", b"\0\1\2\3" * 99):
        bad = refuse("video", media / "flash-small.mp4", "b.mp4", subtitle_url=written(tmp_path,
                "x", text))
        assert bad.error_kind in ("unsupported_media",
                "corrupt_media") and "subtitle_url" in bad.message
    absent = refuse("video", media / "flash-small.mp4", "c.mp4", subtitle_url=tmp_path / "no.srt")
    assert "subtitle_url" in absent.message


def test_options_against_each_other(server):
    for options, field in (
        ({"subtitle_url": "https://example.com/a.srt", "subtitle_track": 1}, "subtitle_track"),
        ({"subtitle_style": "burn_in"}, "subtitle_style"),
        ({"subtitle_url": "ftp://example.com/a.srt"}, "subtitle_url"),
        ({"subtitle_track": -1}, "subtitle_track"), ({"subtitle_track": "a b"}, "subtitle_track"),
        ({"subtitle_url": "https://example.com/a.srt", "subtitle_style": "beside"},
                "subtitle_style"),
    ):
        answer = server.post("/jobs", {"kind": "video", "input": "https://example.com/a.mp4",
                "options": options})
        assert answer.status_code == 400 and answer.json(
                )["kind"] == "invalid_options", answer.text
        assert answer.json()["errors"][0]["field"] == f"options.{field}"


def test_a_job_over_http(server, origin, clip, media, tmp_path):
    url = server.post("/uploads?filename=a.srt", data=SRT.encode()).json()["url"]
    job = server.wait(server.job(kind="video", input=clip, options={"subtitle_url": url}))
    assert job["status"] == "succeeded", job["error"]
    parts = server.get(f"/tasks/{job['tasks'][-1]['id']}/parts").json()
    assert [part["name"].split("/")[-1] for part in parts] == ["subtitles.vtt"]
    vtt = server.get(parts[0]["url"])
    assert vtt.headers["Content-Type"].startswith("text/vtt") and vtt.text.startswith("WEBVTT")
    (tmp_path / "o.mp4").write_bytes(server.get(job["output"]).content)
    assert words(tmp_path / "o.mp4")[0] == "Hello world & you"
    plan = server.post("/jobs?explain=true", {"kind": "video", "input": clip,
            "options": {"subtitle_url": url}})
    assert plan.json()["outputs"][0]["plan"]["texts"][0]["codec"] == "subrip"


def failed(server, **body):
    job = server.wait(server.job(kind="video", **body))
    assert job["status"] == "failed"
    task = next(task for task in job["tasks"] if task["id"] == job["error"]["task"])
    assert "subtitle_url" in job["error"]["message"]
    return job["error"]["kind"], task["kind"]


def test_a_subtitle_that_cannot_be_had_is_named(server, origin, clip):
    bad = server.post("/uploads?filename=a.srt", data=b"no subtitles at all").json()["url"]
    assert failed(server, input=clip, options={"subtitle_url": bad}) == ("unsupported_media",
            "probe")
    absent = failed(server, input=clip, options={"subtitle_url": f"{origin.url}/no.srt"})
    assert absent == ("download_failed", "probe")


def test_private_addresses_are_refused(tmp_path, origin):
    server = Server(tmp_path, allows_private=False)
    try:
        film = server.post("/uploads?filename=a.mp4", data=b"x").json()["url"]
        for url in (f"{origin.url}/a.srt", "http://169.254.169.254/a.srt"):
            answer = server.post("/jobs", {"kind": "video", "input": film,
                    "options": {"subtitle_url": url}})
            assert answer.status_code == 400 and "subtitle_url" in answer.text
    finally:
        server.stop()


def test_subtitles_from_s3(tmp_path_factory, media, clip):
    service, server = s3.Service(), Server(tmp_path_factory.mktemp("s3"))
    try:
        server.post("/connections", service.connection())
        srt = written(tmp_path_factory.mktemp("srt"), "a.srt", SRT)
        url = service.put(srt, "subtitles/a.srt")
        job = server.wait(server.job(kind="video", input=clip, options={"subtitle_url": url}))
        assert job["status"] == "succeeded", job["error"]
        outputs = [{"kind": "video", "output": f"s3://{service.bucket}/one/film.{form}",
                    "options": {"subtitle_url": url, "end": end}}
                   for form, end in (("mp4", 4), ("webm", 1.5))]
        both = server.wait(server.job(input=clip, outputs=outputs))
        assert both["status"] == "succeeded", both["error"]
        told = [service.read(key).decode() for key in service.keys("one/") if key.endswith("vtt")]
        assert sorted("Third" in text for text in told) == [False, True], "each its own"
    finally:
        server.stop()


def test_the_command_line_sends_a_local_file_ahead(server, media, tmp_path):
    run = cli.ittybit("video", "-i", media / "flash-small.mp4", "-o", "o.mp4", "--subtitle-url",
                      written(tmp_path, "a.srt", SRT), cwd=tmp_path,
                      env={"ITTYBIT_API_URL": server.url, "ITTYBIT_API_KEY": server.key})
    assert run.status == 0, run.stderr
    assert words(tmp_path / "o.mp4")[0] == "Hello world & you"
    assert (tmp_path / "o.vtt").read_text().startswith("WEBVTT")


def test_into_a_pipe_goes_the_main_file_alone(media, tmp_path):
    done = subprocess.run(
        [cli.BINARY, "video", "-i", media / "flash-small.mp4", "-o", "-", "--format", "mp4",
                "--subtitle-url",
         written(tmp_path, "a.srt", SRT)], cwd=tmp_path, env=cli.environment(tmp_path),
                 capture_output=True,
        check=False)
    assert done.returncode == 0, done.stderr
    (tmp_path / "p.mp4").write_bytes(done.stdout)
    assert words(tmp_path / "p.mp4")[0] == "Hello world & you"
