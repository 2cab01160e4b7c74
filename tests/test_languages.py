"""The languages of a stream: sounds, subtitles and 5.1, in its playlists, its DASH manifest, its
bytes, and in three players."""
import json
import re
import subprocess
from xml.etree import ElementTree

import pytest

import cli
import look
from service import Receiver
from test_clients import CHROMIUM, run_client
from test_subtitles import written

SECONDS = 15
TONES = {"English": 300, "Deutsch": 600, "Français": 1200}

# The second is shown over the first boundary, at 6 s, the third beyond the end of the film.
SRT = """1
00:00:01,000 --> 00:00:02,500
Hello <i>world</i> & you

2
00:00:05,000 --> 00:00:07,000
Over the boundary

3
00:00:14,000 --> 00:00:19,000
{\\an8}Last
"""
ASS = """[Script Info]
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour
Style: Big,Arial,30,&H000000FF
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:03.00,0:00:04.00,Big,,0,0,0,,{\\b1}Guten{\\b0} Tag
Dialogue: 0,0:00:08.00,0:00:09.00,Big,,0,0,0,,Zwei\\N\\NZeilen
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Three languages of different tones and lengths, one of them 5.1 and one a description; SRT
    and ASS."""
    folder = tmp_path_factory.mktemp("film")
    english = written(folder, "en.srt", SRT)
    german = written(folder, "de.ass", ASS)
    tone = "sine=frequency={}:sample_rate=48000:duration={}"
    subprocess.run(
        ["ffmpeg", "-v", "error",
         "-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={SECONDS}",
         "-f", "lavfi", "-i", tone.format(300, SECONDS),
         "-f", "lavfi", "-i", tone.format(600, SECONDS - 4),
         "-f", "lavfi", "-i", tone.format(1200, SECONDS),
         "-i", english, "-i", german, "-map", "0", "-map", "1", "-map", "2", "-map", "3",
         "-map", "4", "-map", "5", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
         "-c:a", "flac", "-filter:a:1",
         "pan=5.1|c0=c0|c1=0.1*c0|c2=0.1*c0|c3=0*c0|c4=0*c0|c5=0.5*c0",
         "-c:s:0", "srt", "-c:s:1", "ass",
         "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger",
         "-metadata:s:a:2", "language=fre", "-disposition:a:2", "visual_impaired",
         "-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=ger",
         "-disposition:s:1", "forced", folder / "film.mkv"], check=True)
    return folder / "film.mkv"


def adaptive(source, master, *words):
    master.parent.mkdir(exist_ok=True)
    run = cli.ittybit("adaptive", "-i", source, "-o", master, *words, cwd=master.parent,
                      timeout=400)
    assert run.status == 0, (run.last.get("error"), run.stderr)
    return master, run.last


@pytest.fixture(scope="module")
def stream(film, tmp_path_factory):
    return adaptive(film, tmp_path_factory.mktemp("stream") / "master.m3u8")


def attributes(line):
    return {name: value.strip('"')
            for name, value in re.findall(r'([A-Z-]+)=("[^"]*"|[^,]*)', line.split(":", 1)[1])}


def renditions(master, kind):
    found = [attributes(line) for line in master.read_text().splitlines()
             if line.startswith(f"#EXT-X-MEDIA:TYPE={kind},")]
    return [each | {"path": master.parent / each["URI"]} for each in found]


def renditions_without_uri(master):
    return [attributes(line) for line in master.read_text().splitlines()
            if line.startswith("#EXT-X-MEDIA:") and "URI=" not in line]


def variants(master):
    return [attributes(line) for line in master.read_text().splitlines()
            if line.startswith("#EXT-X-STREAM-INF")]


def lengths(playlist):
    return [float(each) for each in re.findall(r"#EXTINF:([0-9.]+)", playlist.read_text())]


def text_segments(playlist):
    """[(seconds where it begins and ends, its text)]"""
    begin = 0
    for length, name in re.findall(r"#EXTINF:([0-9.]+),\n(.+)", playlist.read_text()):
        yield begin, begin + float(length), (playlist.parent / name).read_text(encoding="utf-8")
        begin += float(length)


def cues(text):
    def seconds(time):
        hours, minutes, rest = time.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(rest)
    return [(seconds(a), seconds(b), lines.strip()) for a, b, lines in re.findall(
        r"(\S+) --> (\S+)[^\n]*\n((?:.+\n)*)", text)]


def findings(path):
    run = cli.ittybit("validate", "--json", path, cwd=path.parent)
    assert run.status in (0, 1), run.stderr
    return run.last["findings"]


def manifest_of(master):
    [found] = master.parent.rglob("manifest.mpd")
    text = found.read_text(encoding="utf-8").replace(' xmlns="urn:mpeg:dash:schema:mpd:2011"', "")
    return found, ElementTree.fromstring(text)


def test_each_sound_is_a_rendition_of_each_group(stream):
    master, _ = stream
    sounds = renditions(master, "AUDIO")
    assert [(each["GROUP-ID"], each["NAME"], each["LANGUAGE"], each["CHANNELS"], each["DEFAULT"],
             each["AUTOSELECT"]) for each in sounds] == [
        (group, name, tag, channels if group == "audio-surround" else "2", default, "YES")
        for group in ("audio", "audio-low", "audio-surround")
        for name, tag, channels, default in [
            ("English", "en", "2", "YES"), ("Deutsch", "de", "6", "NO"),
            ("Français (described)", "fr", "2", "NO")]]
    assert {each["NAME"]: each.get("CHARACTERISTICS") for each in sounds} == {
        "English": None, "Deutsch": None,
        "Français (described)": "public.accessibility.describes-video"}
    groups = [each["AUDIO"] for each in variants(master)]
    assert set(groups) == {"audio", "audio-low", "audio-surround"}
    assert groups[0] != "audio-surround", "the first variant plays everywhere"
    for each in sounds:
        assert abs(look.main_frequency(each["path"]) - TONES[each["NAME"].split()[0]]) < 2
        assert look.probe(each["path"])["audio"][0]["channels"] == int(each["CHANNELS"])


def test_channels_stay_where_they_are(stream):
    [german] = {each["path"] for each in renditions(stream[0], "AUDIO") if each["CHANNELS"] == "6"}
    level = (look.samples(german, channels=6)[48000:96000] ** 2).mean(axis=0) ** 0.5
    wanted = [1, 0.1, 0.1, 0, 0, 0.5]
    assert all(abs(found / level[0] - loud) < 0.05 for found, loud in zip(level, wanted)), level


def test_all_cover_the_same_time(stream):
    master, _ = stream
    playlists = [path for path in master.parent.rglob("*.m3u8")
                 if path != master and "iframes" not in path.name]
    assert len(playlists) == 12
    for playlist in playlists:
        assert abs(sum(lengths(playlist)) - SECONDS) < 0.03, playlist.name
        assert len(lengths(playlist)) == 3


def test_subtitles_are_segments_on_the_grid_of_the_pictures(stream):
    master, last = stream
    english, german = renditions(master, "SUBTITLES")
    assert {each["SUBTITLES"] for each in variants(master)} == {"text"}
    assert (english["NAME"], english["LANGUAGE"], english["DEFAULT"], english["AUTOSELECT"]) == (
        "English", "en", "NO", "YES")
    assert (german["NAME"], german["LANGUAGE"], german["FORCED"]) == (
        "Deutsch (forced)", "de", "YES") and "FORCED" not in english
    for each in (english, german):
        assert lengths(each["path"]) == lengths(each["path"].parent / "360p.m3u8")
        for begin, end, text in text_segments(each["path"]):
            assert text.startswith(
                "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n"), text
            assert all(start < end and stop > begin for start, stop, _ in cues(text))
    told = [cues(text) for _, _, text in text_segments(english["path"])]
    over = (5.0, 7.0, "Over the boundary")
    assert told == [[(1.0, 2.5, "Hello <i>world</i> &amp; you"), over], [over],
                    [(14.0, 15.0, "Last")]]
    assert "--> 00:00:15.000 line:0" in list(text_segments(english["path"]))[2][2]
    told = [cues(text) for _, _, text in text_segments(german["path"])]
    assert told == [[(3.0, 4.0, "<b>Guten</b> Tag")], [(8.0, 9.0, "Zwei\nZeilen")], []]
    streams = [(each["type"], each["language"]) for each in last["tasks"][2]["output"]["streams"]]
    assert streams == [("video", None), *(("audio", word) for word in ("eng", "ger", "ger", "fre")),
                       ("subtitle", "eng"), ("subtitle", "ger")]


def test_nothing_is_found_wrong(stream):
    master, _ = stream
    assert findings(master) == [] and findings(manifest_of(master)[0]) == []
    assert not look.decode_complaints(master)


def test_the_manifest_says_the_same(stream):
    path, root = manifest_of(stream[0])
    sets = [(each.get("contentType"), each.get("lang"), each.findtext("Label"),
             [role.get("value") for role in each.iter("Role")],
             [one.get("id") for one in each.iter("Representation")])
            for each in root.iter("AdaptationSet")][1:]
    assert sets == [
        ("audio", "en", "English", ["main"], ["audio", "audio-low"]),
        ("audio", "de", "Deutsch", ["alternate"], ["audio-2", "audio-low-2"]),
        ("audio", "de", "Deutsch", ["alternate"], ["audio-surround-2"]),
        ("audio", "fr", "Français (described)", ["alternate"], ["audio-3", "audio-low-3"]),
        ("text", "en", "English", ["subtitle"], ["text"]),
        ("text", "de", "Deutsch (forced)", ["subtitle", "forced-subtitle"], ["text-2"])]
    [media] = {each.get("media") for each in root.findall(".//SegmentTemplate")
               if not each.get("initialization")}
    assert media == "$RepresentationID$-$Number%05d$.vtt"
    begins = [(each.get("t"), each.get("d"), each.get("r"))
              for each in root.findall(".//AdaptationSet[@lang='de']")[-1].iter("S")]
    assert begins == [("0", "6000000", "1"), (None, "3000000", None)]
    channels = [each.get("value") for each in root.iter("AudioChannelConfiguration")]
    assert channels == ["2", "2", "2", "2", "6", "2", "2"]


def test_a_part_has_its_own_subtitles_in_its_own_time(film, tmp_path):
    master, _ = adaptive(film, tmp_path / "part/master.m3u8", "--start", "5.5", "--end", "8.5")
    english, german = renditions(master, "SUBTITLES")
    assert [cues(text) for _, _, text in text_segments(english["path"])] == [
        [(0.0, 1.5, "Over the boundary")]]
    assert [cues(text) for _, _, text in text_segments(german["path"])] == [
        [(2.5, 3.0, "Zwei\nZeilen")]]
    assert findings(master) == []


def test_files_come_first_and_the_own_can_be_left_out(film, tmp_path):
    listed = [
        {"url": str(written(tmp_path, "a.srt", SRT.encode("utf-16"))), "language": "pt-BR",
         "label": "Português & mais", "default": True},
        {"url": str(written(tmp_path, "b.ass", ASS)), "language": "de", "forced": True},
        {"url": str(written(tmp_path, "c.srt", SRT))},
    ]
    master, _ = adaptive(film, tmp_path / "own/master.m3u8", "--subtitles", json.dumps(listed),
                         "--no-subtitles", "--end", "4")
    texts = renditions(master, "SUBTITLES")
    assert [(each["NAME"], each["LANGUAGE"], each["DEFAULT"], each.get("FORCED"))
            for each in texts] == [("Português & mais", "pt-BR", "YES", None),
                                   ("Deutsch (forced)", "de", "NO", "YES"),
                                   ("Subtitles", "und", "NO", None)]
    assert [len(cues(next(text_segments(each["path"]))[2])) for each in texts] == [1, 1, 1]
    assert findings(master) == [] and findings(manifest_of(master)[0]) == []
    master, _ = adaptive(film, tmp_path / "one/master.m3u8", "--subtitles", json.dumps(listed[1]),
                         "--end", "4")
    assert [each["NAME"] for each in renditions(master, "SUBTITLES")] == [
        "Deutsch (forced)", "English", "Deutsch (forced) 2"]


def test_sixteen_files_are_sixteen_languages(media, tmp_path):
    tags = "ar cs da de el en es fi fr it ja nl pl pt sv tr".split()
    listed = [{"url": str(written(tmp_path, f"{tag}.srt", SRT.replace("Hello", f"Hello {tag}"))),
               "language": tag} for tag in tags]
    master, _ = adaptive(media / "flash-small.mp4", tmp_path / "all/master.m3u8", "--subtitles",
                         json.dumps(listed), "--end", "4")
    texts = renditions(master, "SUBTITLES")
    assert [each["LANGUAGE"] for each in texts] == tags
    for each in texts:
        assert f"Hello {each['LANGUAGE']} " in next(text_segments(each["path"]))[2]
    assert findings(master) == [] and findings(manifest_of(master)[0]) == []


def test_sound_alone_has_its_languages_too(film, tmp_path):
    master, _ = adaptive(film, tmp_path / "song/master.m3u8", "--mute-video")
    sounds = renditions(master, "AUDIO")
    assert len(sounds) == 9 and {len(lengths(each["path"])) for each in sounds} == {3}
    for each in sounds:
        assert abs(sum(lengths(each["path"])) - SECONDS) < 0.03
    assert len(renditions(master, "SUBTITLES")) == 2
    assert findings(master) == [] and findings(manifest_of(master)[0]) == []


def test_without_a_choice_there_is_none(media, tmp_path):
    master, _ = adaptive(media / "flash-small.mp4", tmp_path / "one/master.m3u8", "--end", "2")
    assert [each["DEFAULT"] for each in renditions(master, "AUDIO")] == ["YES", "YES"]
    assert not renditions(master, "SUBTITLES") and "SUBTITLES" not in master.read_text()


@pytest.mark.parametrize("listed, field", [
    ([{"label": "no url"}], "subtitles.0.url"),
    ([{"url": "https://example.com/a.srt", "language": "English"}], "subtitles.0.language"),
    ([{"url": "https://example.com/a.srt", "label": 'a "b"'}], "subtitles.0.label"),
    ([{"url": "https://example.com/a.srt"}, {"url": "ftp://example.com/a"}], "subtitles.1.url"),
    ([{"url": "https://example.com/a.srt", "default": True}] * 2, "subtitles.1.default"),
    ([{"url": "https://example.com/a.srt"}] * 17, "subtitles"),
    ([{"url": "http://169.254.169.254/a.srt"}], "subtitles.0.url"),
    ("a.srt", "subtitles"),
])
def test_what_makes_no_sense_is_refused_at_once(server, clip, listed, field):
    answer = server.post("/jobs", {"input": clip, "kind": "adaptive_video",
                                   "options": {"subtitles": listed}})
    assert answer.status_code == 400 and answer.json()["kind"] == "invalid_options"
    assert answer.json()["errors"][0]["field"] == f"options.{field}"


def test_a_file_that_is_none_ends_the_job_and_is_named(server, clip, origin):
    for url, kind in [(clip, "unsupported_media"), (f"{origin.url}/no.srt", "download_failed")]:
        job = server.wait(server.job(input=clip, kind="adaptive_video", options={
            "subtitles": [{"url": url}]}))
        assert (job["status"], job["error"]["kind"]) == ("failed", kind)
        assert "subtitles.0.url" in job["error"]["message"]


def captioned(path, rate, seconds, line):
    """H.264 whose pictures carry a line in CC1 from one second on (ATSC A/53, CEA-608), a pair of
    bytes with each thirtieth of a second or so."""
    raw = look.output_of(
        "ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=854x480:rate={rate}",
        "-t", seconds, "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-pix_fmt", "yuv420p",
        "-x264-params", "aud=1:slices=1", "-f", "h264", "-")

    def odd(byte):
        return byte | 0x80 if bin(byte).count("1") % 2 == 0 else byte
    line += " " * (len(line) % 2)
    pairs = [(0x14, 0x20), (0x14, 0x20), (0x14, 0x70), (0x14, 0x70),
             *zip(line.encode()[::2], line.encode()[1::2]), (0x14, 0x2F), (0x14, 0x2F)]
    units = re.split(b"\x00\x00\x00?\x01", raw)[1:]
    out, picture, every = b"", 0, max(1, rate // 25)
    for unit in units:
        kind = unit[0] & 31
        if kind in (1, 5):
            place = picture // every - rate // every
            is_told = picture % every == 0 and 0 <= place < len(pairs)
            pair = pairs[place] if is_told else (0, 0)
            sei = (b"\xb5\x00\x31GA94\x03\xc1\xff\xfc" + bytes(map(odd, pair)) + b"\xff")
            out += b"\x00\x00\x00\x01\x06\x04" + bytes([len(sei)]) + sei + b"\x80"
            picture += 1
        out += b"\x00\x00\x00\x01" + unit
    raw_path = path.with_suffix(".h264")
    raw_path.write_bytes(out)
    look.output_of("ffmpeg", "-v", "error", "-y", "-r", rate, "-i", raw_path, "-c", "copy", path)
    return path


def closed_captions(path):
    """The lines that FFmpeg finds in the pictures."""
    told = look.output_of("ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"movie={path}[out0+subcc]",
                          "-map", "0:s", "-f", "srt", "-").decode()
    return re.sub("<[^>]*>|\\{[^}]*\\}|\\\\h", "", told)


@pytest.mark.parametrize("rate", [25, 50])
def test_captions_in_the_picture_stay_there_once_and_are_declared(tmp_path, rate):
    source = captioned(tmp_path / "in.mp4", rate, 6, "HELLOO THERE")
    assert "HELLOO THERE" in closed_captions(source)
    master, _ = adaptive(source, tmp_path / "cc/master.m3u8")
    [told] = renditions_without_uri(master)
    assert (told["INSTREAM-ID"], told["LANGUAGE"]) == ("CC1", "und")
    assert {each["CLOSED-CAPTIONS"] for each in variants(master)} == {told["GROUP-ID"]}
    inits = list(master.parent.rglob("*-init.mp4"))
    assert len(inits) >= 2
    for init in inits:
        name = init.name.removesuffix("-init.mp4")
        whole = tmp_path / f"{name}.mp4"
        files = [init, *sorted(init.parent.glob(f"{name}-0*.m4s"))]
        whole.write_bytes(b"".join(file.read_bytes() for file in files))
        assert "HELLOO THERE" in closed_captions(whole), name
    path, root = manifest_of(master)
    assert root.find(".//Accessibility").get("value") == "CC1=und"
    assert findings(master) == [] and findings(path) == []


def test_pictures_that_are_subtitles_are_told(tmp_path):
    corpus = cli.ROOT.parent / "shared/media/video/mkv-vobsub.mkv"
    if not corpus.exists():
        pytest.skip("the wide collection is not here")
    master, last = adaptive(corpus, tmp_path / "dvd/master.m3u8", "--end", "3")
    assert not renditions(master, "SUBTITLES")
    assert any("dvd_subtitle" in each and "left out" in each for each in last["warnings"])


@pytest.fixture(scope="module")
def served(server, film, tmp_path_factory):
    """The stream on a server, with subtitles from an address: the URLs of its two manifests."""
    folder = tmp_path_factory.mktemp("texts")
    written(folder, "fr.vtt", "WEBVTT\n\n00:01.500 --> 00:04.000\nBonjour\n\n"
                              "00:09.000 --> 00:13.000\nEncore\n")
    texts = Receiver(folder)
    upload = server.call("POST", "/uploads", data=film.read_bytes()).json()
    job = server.wait(server.job(input=upload["url"], kind="adaptive_video", options={
        "subtitles": [{"url": f"{texts.url}/fr.vtt", "language": "fr"}]}), seconds=400)
    texts.close()
    assert job["status"] == "succeeded", job["error"]
    export = job["tasks"][-1]
    parts = server.get(f"/tasks/{export['id']}/parts?limit=100").json()
    [name] = [part["name"] for part in parts if part["name"].endswith("/manifest.mpd")]
    return {"hls": job["output"], "dash": job["output"].rsplit("/", 1)[0] + "/" + name}


@pytest.mark.parametrize("form, player", [
    ("hls", "hls.js"), ("hls", "shaka-player"), ("dash", "shaka-player"), ("dash", "dashjs")])
def test_players_change_the_language_and_show_subtitles(server, served, form, player):
    places = [1.6, 9.5, 3.2]
    seen = json.loads(run_client(server, "play_languages.mjs", CHROMIUM, server.url, served[form],
                                 player, json.dumps(places)))
    assert seen["errors"] == []
    assert abs(seen["duration"] - SECONDS) < 0.1
    for name, tones in seen["heard"].items():
        assert all(abs(tone - TONES[name.split()[0]]) < 12 for tone in tones), seen["heard"]
    assert {name.split()[0] for name in seen["heard"]} == set(TONES)
    shown = {name: [re.sub("<[^>]*>", "", " ".join(each)) for each in all_of]
             for name, all_of in seen["shown"].items()}
    assert shown["Français"] == ["Bonjour", "Encore", "Bonjour"]
    assert shown["English"][0].startswith("Hello world")
    assert shown["Deutsch (forced)"][2] == "Guten Tag"


def test_a_title_of_several_lines_stays_on_one_line_of_the_playlist(tmp_path):
    source = tmp_path / "film.mkv"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=128x96:rate=25:duration=1",
         "-f", "lavfi", "-i", "sine=duration=1", "-map", "0", "-map", "1",
         "-metadata:s:a", 'title=One "two"\nhttps://example.com/three', source], check=True)
    master, _ = adaptive(source, tmp_path / "out/master.m3u8")
    names = re.findall(r'NAME="([^"]*)"', master.read_text())
    assert set(names) == {"One twohttps://example.com/three"}
    assert not [line for line in master.read_text().splitlines() if line.startswith("https")]
