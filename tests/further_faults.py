"""Further faults to seed, one at a time, into good streams of several kinds (`STREAMS`), with the
rules of which `ittybit validate` must report one. Playlists are here; what lies in segments is in
further_faults_media.py."""
import pathlib
import re

from seeded_faults import Stream

FURTHER = {}


class Film(Stream):
    """A stream of ours, with what not every one has."""

    @property
    def text(self):
        return self.master.parent / re.search(r'SUBTITLES.*URI="([^"]*)"',
                                              self.master.read_text())[1]

    @property
    def mpd(self):
        return self.rung.parent / "manifest.mpd"

    @property
    def target(self):
        return self.master

    def with_line(self, path, behind, *lines):
        """Puts lines behind the first that begins with `behind`, and raises the version."""
        self.edit(path, rf"^({re.escape(behind)}.*\n)",
                  lambda found: found[1] + "".join(line + "\n" for line in lines))
        self.edit(path, r"VERSION:\d+", "VERSION:12")


class Single(Film):
    """One media playlist."""

    def __init__(self, playlist):
        self.master = self.rung = pathlib.Path(playlist)


class Presentation(Film):
    """The same, judged by its MPD."""

    @property
    def target(self):
        return self.mpd


def further(name, kind, *rules):
    def keep(function):
        assert name not in FURTHER, name
        FURTHER[name] = (kind, function, set(rules))
        return function
    return keep


def text_further(name, kind, where, pattern, replacement, *rules, count=1):
    further(name, kind, *rules)(
        lambda stream: stream.edit(getattr(stream, where), pattern, replacement, count))


def line_further(name, where, behind, line, *rules, kind="plain"):
    lines = line if isinstance(line, list) else [line]
    further(name, kind, *rules)(
        lambda stream: stream.with_line(getattr(stream, where), behind, *lines))


HEAD = "#EXT-X-VERSION"
DATED = "#EXT-X-PROGRAM-DATE-TIME:2026-11-28T12:00:00Z"

# --- lines -------------------------------------------------------------------------------------

text_further("return-within-a-line", "plain", "rung", r"(#EXTINF:[^,]*,)", r"\1ti\rtle", "utf8")
text_further("tab-in-a-title", "plain", "rung", r"(#EXTINF:[^,]*,)", r"\1a\tb", "utf8")
text_further("extm3u-in-small-letters", "plain", "rung", r"\A#EXTM3U", "#extm3u", "extm3u")
text_further("extm3u-with-more", "plain", "rung", r"\A#EXTM3U", "#EXTM3U x=1", "extm3u")
text_further("blank-behind-a-tag", "plain", "rung", r"^(#EXT-X-ENDLIST)$", r"\1 ", "line")
text_further("no-version-with-map", "plain", "rung", r"#EXT-X-VERSION.*\n", "", "version")
text_further("endlist-with-value", "plain", "rung", "ENDLIST", "ENDLIST:YES", "tag-value")
text_further("independent-with-value", "plain", "master", "SEGMENTS", "SEGMENTS:YES", "tag-value")
text_further("type-in-small-letters", "plain", "rung", "TYPE:VOD", "TYPE:vod", "tag-value")
text_further("target-twice", "plain", "rung", r"(#EXT-X-TARGET.*\n)", r"\1\1", "tag-once")
text_further("target-far-over", "plain", "rung", r"TARGETDURATION:\d+", "TARGETDURATION:60",
             "target-duration-loose")
text_further("target-of-nothing", "plain", "rung", r"TARGETDURATION:\d+", "TARGETDURATION:0",
             "target-duration")
text_further("sequence-negative", "plain", "rung", "SEQUENCE:0", "SEQUENCE:-1", "tag-value")
text_further("extinf-whole", "plain", "rung", r"EXTINF:6\.\d+", "EXTINF:6", "extinf-decimals")
text_further("extinf-of-nothing", "plain", "rung", r"EXTINF:6\.\d+", "EXTINF:0.0",
             "extinf-accuracy")
text_further("extinf-with-comma", "plain", "rung", r"EXTINF:6\.", "EXTINF:6,", "extinf-decimals")
text_further("extinf-with-blank", "plain", "rung", r"(EXTINF:6\.\d+),", r"\1 ,", "extinf")
text_further("extinf-exponent", "plain", "rung", r"EXTINF:6\.", "EXTINF:6e0.", "extinf")
text_further("address-missing", "plain", "rung", r"^.*00002\.m4s\n", "", "extinf")
text_further("address-twice", "plain", "rung", r"^(.*00002\.m4s\n)", r"\1\1", "extinf")
text_further("address-percent", "plain", "rung", r"00002\.m4s", "00002%2.m4s", "uri")
text_further("tag-misspelt", "plain", "master", "INDEPENDENT", "INDEPENDANT", "unknown-tag")
text_further("allow-cache", "plain", "rung", r"(#EXT-X-TARGET)", r"#EXT-X-ALLOW-CACHE:YES\n\1",
             "removed")
text_further("program-id", "plain", "master", "INF:BANDWIDTH", "INF:PROGRAM-ID=1,BANDWIDTH",
             "removed")


@further("utf-16", "plain", "utf8")
def _(stream):
    stream.rung.write_bytes(stream.rung.read_text().encode("utf-16"))


@further("latin-1", "plain", "utf8")
def _(stream):
    data = stream.master.read_bytes()
    stream.master.write_bytes(data.replace(b'NAME="Audio"', b'NAME="T\xf6ne"', 1))


# --- media playlists ---------------------------------------------------------------------------

text_further("i-frames-version-3", "plain", "frames", r"VERSION:\d+", "VERSION:3", "version")
text_further("i-frame-without-range", "plain", "frames", r"#EXT-X-BYTERANGE.*\n", "",
             "i-frame-one", "segment-repeated")
text_further("i-frame-range-long", "plain", "frames", r"BYTERANGE:(\d)", r"BYTERANGE:9\1",
             "i-frame-one", "segment-range")
text_further("i-frames-of-another-rung", "plain", "frames", r"360p-0", "240p-0", "i-frame-moof",
             "i-frame-one", "segment-range", count=0)
text_further("i-frame-with-two-ranges", "plain", "frames", r"(#EXT-X-BYTERANGE.*\n)", r"\1\1",
             "byte-range")
text_further("i-frames-without-map", "plain", "frames", r"#EXT-X-MAP.*\n", "", "map")
text_further("i-frames-without-end", "plain", "frames", r"#EXT-X-ENDLIST\n", "", "endlist")
text_further("i-frame-sum", "plain", "frames", r"EXTINF:2\.0", "EXTINF:2.1", "i-frame-time")
text_further("i-frames-target", "plain", "frames", r"TARGETDURATION:\d", "TARGETDURATION:1",
             "target-duration")
text_further("map-of-another-rung", "plain", "rung", 'MAP:URI="360p', 'MAP:URI="240p',
             "resolution", "codecs")
text_further("map-of-the-sound", "plain", "rung", 'MAP:URI="360p', 'MAP:URI="audio', "codecs",
             "audio-frame")
text_further("map-is-absent", "plain", "rung", 'MAP:URI="360p', 'MAP:URI="361p', "missing")
text_further("map-without-uri", "plain", "rung", r'MAP:URI=".*"', 'MAP:BYTERANGE="9@0"',
             "attribute-missing")
text_further("map-in-part", "plain", "rung", r'(MAP:URI=".*")', r'\1,BYTERANGE="100@0"', "moov",
             "box")
text_further("map-behind-its-end", "plain", "rung", r'(MAP:URI=".*")', r'\1,BYTERANGE="9@99999"',
             "segment-range")
text_further("map-changes", "plain", "rung", r"(#EXTINF.*\n.*00002)",
             r'#EXT-X-MAP:URI="240p-init.mp4"\n\1', "resolution", "same-media", "decodes")
text_further("map-behind-a-segment", "plain", "rung",
             r"(#EXT-X-MAP.*\n)(#EXTINF.*\n.*\n)", r"\2\1", "map")
text_further("segment-in-part", "plain", "rung", r"(.*00002\.m4s)", r"#EXT-X-BYTERANGE:5000@0\n\1",
             "box")
text_further("range-without-offset", "plain", "rung", r"(.*00002\.m4s)",
             r"#EXT-X-BYTERANGE:5000\n\1", "byte-range")
text_further("discontinuity-sequence", "plain", "rung", r"(#EXT-X-TARGET)",
             r"#EXT-X-DISCONTINUITY-SEQUENCE:3\n\1", "same-discontinuities")
text_further("date-of-no-day", "plain", "rung", r"(#EXTINF)",
             r"#EXT-X-PROGRAM-DATE-TIME:2026-02-30T12:00:00Z\n\1", "tag-value")
text_further("bitrate-wrong", "plain", "rung", r"(#EXTINF)", r"#EXT-X-BITRATE:9000\n\1", "bitrate")
text_further("gap", "plain", "rung", r"(#EXTINF)", r"#EXT-X-GAP\n\1", "gap")
text_further("key-none-with-uri", "plain", "rung", r"(#EXTINF)",
             r'#EXT-X-KEY:METHOD=NONE,URI="k"\n\1', "key")
text_further("key-of-clear-segments", "plain", "rung", r"(#EXTINF)",
             r'#EXT-X-KEY:METHOD=AES-128,URI="k"\n\1', "encrypted", "encrypted-size")
text_further("part-without-info", "plain", "rung", r"(#EXT-X-ENDLIST)",
             r'#EXT-X-PART:DURATION=1.0,URI="p.m4s"\n\1', "part")
text_further("type-in-one-event", "plain", "sound", "TYPE:VOD", "TYPE:EVENT", "same-type")
text_further("sound-without-end", "plain", "sound", r"#EXT-X-ENDLIST\n", "", "endlist")


@further("dates-of-two-rungs", "plain", "same-dates")
def _(stream):
    stream.with_line(stream.rung, "#EXT-X-MAP", DATED)
    stream.with_line(stream.sound, "#EXT-X-MAP", DATED.replace("12:", "13:"))


@further("dates-jump", "plain", "date-order")
def _(stream):
    stream.with_line(stream.rung, "#EXT-X-MAP", DATED)
    stream.edit(stream.rung, r"(#EXTINF.*\n.*00002)", DATED + r"\n\1")


def range_of_dates(attributes):
    return [DATED, f'#EXT-X-DATERANGE:ID="a",START-DATE="2026-11-28T12:00:01Z",{attributes}']


line_further("date-range-cue", "rung", "#EXT-X-MAP", range_of_dates('CUE="NOW"'),
             "attribute-value")
line_further("date-range-pre-and-post", "rung", "#EXT-X-MAP", range_of_dates('CUE="PRE,POST"'),
             "attribute-value")
line_further("date-range-negative", "rung", "#EXT-X-MAP", range_of_dates("DURATION=-1"),
             "attribute-value")
line_further("date-range-end-on-next", "rung", "#EXT-X-MAP", range_of_dates("END-ON-NEXT=YES"),
             "date-range")
line_further("date-range-scte", "rung", "#EXT-X-MAP", range_of_dates("SCTE35-OUT=FC30"),
             "attribute-value")
line_further("date-range-twice", "rung", "#EXT-X-MAP", range_of_dates("DURATION=1.0") + [
    '#EXT-X-DATERANGE:ID="a",START-DATE="2026-11-28T12:00:05Z",DURATION=1.0'], "date-range")
line_further("start-without-offset", "rung", HEAD, "#EXT-X-START:PRECISE=YES", "attribute-missing")
line_further("start-perhaps", "rung", HEAD, "#EXT-X-START:TIME-OFFSET=1,PRECISE=MAYBE",
             "attribute-value")
line_further("start-behind-the-end-of-all", "master", HEAD, "#EXT-X-START:TIME-OFFSET=1000",
             "start")
line_further("define-without-value", "rung", HEAD, '#EXT-X-DEFINE:NAME="a"', "variable")
line_further("define-without-name", "rung", HEAD, '#EXT-X-DEFINE:VALUE="a"', "variable")
line_further("define-name", "rung", HEAD, '#EXT-X-DEFINE:NAME="a b",VALUE="c"', "variable")
line_further("define-twice", "rung", HEAD, ['#EXT-X-DEFINE:NAME="a",VALUE="c"'] * 2, "variable")
line_further("define-two-ways", "rung", HEAD, '#EXT-X-DEFINE:NAME="a",VALUE="c",IMPORT="d"',
             "variable")
line_further("import-of-nothing", "rung", HEAD, '#EXT-X-DEFINE:IMPORT="nothing"', "variable")
line_further("import-in-the-master", "master", HEAD, '#EXT-X-DEFINE:IMPORT="a"', "variable")
line_further("skip", "rung", "#EXT-X-MAP", "#EXT-X-SKIP:SKIPPED-SEGMENTS=3", "server-control")
line_further("hold-back", "rung", HEAD, "#EXT-X-SERVER-CONTROL:HOLD-BACK=6.0", "server-control")
text_further("define-version", "plain", "rung", r"(#EXT-X-MAP)",
             r'#EXT-X-DEFINE:NAME="a",VALUE="b"\n\1', "version")


@further("starts-differ", "plain", "same-tags")
def _(stream):
    stream.with_line(stream.master, HEAD, "#EXT-X-START:TIME-OFFSET=1.0")
    stream.with_line(stream.rung, HEAD, "#EXT-X-START:TIME-OFFSET=4.0")


# --- multivariant playlists --------------------------------------------------------------------

text_further("bandwidth-of-nothing", "plain", "master", r"INF:BANDWIDTH=\d+", "INF:BANDWIDTH=0",
             "attribute-value")
text_further("bandwidth-decimals", "plain", "master", r"INF:BANDWIDTH=(\d+)",
             r"INF:BANDWIDTH=\1.5", "attribute-value")
text_further("resolution-quoted", "plain", "master", r"RESOLUTION=(\d+x\d+)", r'RESOLUTION="\1"',
             "attribute-value")
text_further("frame-rate-quoted", "plain", "master", r"FRAME-RATE=([0-9.]+)", r'FRAME-RATE="\1"',
             "attribute-value")
text_further("range-quoted", "plain", "master", r"RANGE=SDR", 'RANGE="SDR"', "attribute-value")
text_further("range-in-small-letters", "plain", "master", r"RANGE=SDR", "RANGE=sdr",
             "attribute-value")
text_further("range-hlg", "plain", "master", r"RANGE=SDR", "RANGE=HLG", "video-range")
text_further("captions-quoted", "plain", "master", r"CAPTIONS=NONE", 'CAPTIONS="NONE"',
             "group-missing")
text_further("group-unquoted", "plain", "master", r'AUDIO="audio"', "AUDIO=audio",
             "attribute-value")
text_further("name-unquoted", "plain", "master", r'NAME="Audio"', "NAME=Audio", "attribute-value")
text_further("codecs-empty", "plain", "master", r'CODECS="[^"]*"', 'CODECS=""', "codecs")
text_further("codecs-short", "plain", "master", r'CODECS="avc1\.\w+', 'CODECS="avc1', "codecs")
text_further("codecs-of-old", "plain", "master", r'CODECS="avc1\.\w+', 'CODECS="avc1.100.30',
             "codecs")
text_further("codecs-one-more", "plain", "master", r"mp4a.40.2", "mp4a.40.2,ec-3", "codecs")
text_further("codecs-of-text", "plain", "master", r"mp4a.40.2", "mp4a.40.2,wvtt", "codecs")
text_further("codecs-quote-open", "plain", "master", r'mp4a.40.2"', "mp4a.40.2", "attribute-list",
             "attribute-value")
text_further("variants-with-one-playlist", "plain", "master", r"240p\.m3u8", "360p.m3u8",
             "resolution")
text_further("variant-is-absent", "plain", "master", r"240p\.m3u8", "241p.m3u8", "missing")
text_further("variant-is-a-segment", "plain", "master", r"/240p\.m3u8", "/240p-00001.m4s",
             "extm3u", "utf8")
text_further("variant-of-i-frames", "plain", "master", r"240p\.m3u8", "240p-iframes.m3u8",
             "i-frames-only")
text_further("i-frames-of-a-variant", "plain", "master", r"240p-iframes\.m3u8", "240p.m3u8",
             "bandwidth")
text_further("i-frames-of-another", "plain", "master", r"360p-iframes", "240p-iframes",
             "resolution")
text_further("i-frames-without-codecs", "plain", "master", r'(I-FRAME.*)CODECS="\w+\.\w+",', r"\1",
             "codecs-missing")
text_further("i-frames-with-sound", "plain", "master", r"(I-FRAME-STREAM-INF:)",
             r'\1AUDIO="audio",', "unknown-attribute")
text_further("i-frames-bandwidth", "plain", "master", r"(I-FRAME.*INF:BANDWIDTH=)\d+", r"\g<1>9000",
             "bandwidth")
text_further("i-frames-twice", "plain", "master", r"(#EXT-X-I-FRAME.*\n)", r"\1\1",
             "variant-repeated")
text_further("group-type-missing", "plain", "master", "TYPE=AUDIO,", "", "attribute-missing")
text_further("sound-without-uri", "plain", "master", r'(TYPE=AUDIO.*),URI="[^"]*"', r"\1",
             "codecs")
text_further("sound-is-a-picture", "plain", "master", r'(TYPE=AUDIO.*)/audio', r"\1/240p",
             "rendition-media")
text_further("sound-is-absent", "plain", "master", r'(TYPE=AUDIO.*)/audio', r"\1/nothing",
             "missing")
text_further("channels-missing", "plain", "master", r'CHANNELS="1",', "", "channels-missing")
text_further("channels-in-words", "plain", "master", 'CHANNELS="1"', 'CHANNELS="mono"',
             "attribute-value")
text_further("channels-unquoted", "plain", "master", 'CHANNELS="1"', "CHANNELS=1",
             "attribute-value")
text_further("channels-of-nothing", "plain", "master", 'CHANNELS="1"', 'CHANNELS="0"',
             "attribute-value")
text_further("language-empty", "plain", "master", 'LANGUAGE="und"', 'LANGUAGE=""', "language")
text_further("language-of-three", "plain", "master", 'LANGUAGE="und"', 'LANGUAGE="eng"', "language")
text_further("autoselect-in-small-letters", "plain", "master", "AUTOSELECT=YES", "AUTOSELECT=yes",
             "attribute-value")
text_further("rendition-id", "plain", "master", "DEFAULT=YES",
             'STABLE-RENDITION-ID="a b",DEFAULT=YES', "attribute-value")
text_further("variant-id", "plain", "master", "INF:BAND", 'INF:STABLE-VARIANT-ID="a b",BAND',
             "attribute-value")
text_further("variant-id-twice", "plain", "master", "-STREAM-INF:BAND",
             '-STREAM-INF:STABLE-VARIANT-ID="a",BAND', "stable-id", count=2)
text_further("pathway-id", "plain", "master", "INF:BAND", 'INF:PATHWAY-ID="a/b",BAND',
             "attribute-value")
text_further("characteristics", "plain", "master", "DEFAULT=YES",
             'CHARACTERISTICS="describes video",DEFAULT=YES', "attribute-value")
text_further("dolby-beside-h264", "plain", "master", "INF:BAND",
             'INF:SUPPLEMENTAL-CODECS="dvh1.08.01/db1p",BAND', "codecs")
text_further("supplement-without-form", "plain", "master", "INF:BAND",
             'INF:SUPPLEMENTAL-CODECS="/db1p",BAND', "attribute-value")
text_further("content-protection", "plain", "master", "INF:BAND", 'INF:ALLOWED-CPC="HW",BAND',
             "attribute-value")
text_further("hdcp-in-small-letters", "plain", "master", "INF:BAND", "INF:HDCP-LEVEL=type-0,BAND",
             "attribute-value")
text_further("score-negative", "plain", "master", "-STREAM-INF:BAND", "-STREAM-INF:SCORE=-1,BAND",
             "attribute-value", count=3)
text_further("tag-before-the-uri", "plain", "master", r"(#EXT-X-STREAM-INF.*\n)",
             r'\1#EXT-X-SESSION-DATA:DATA-ID="a",VALUE="b"\n', "variant-uri")
line_further("session-data-language", "master", HEAD,
             '#EXT-X-SESSION-DATA:DATA-ID="a",VALUE="b",LANGUAGE="xq"', "language")
line_further("session-key-without-uri", "master", HEAD, "#EXT-X-SESSION-KEY:METHOD=AES-128",
             "session-key")
line_further("session-key-none", "master", HEAD, '#EXT-X-SESSION-KEY:METHOD=NONE,URI="k"',
             "attribute-value")
line_further("session-data-without-id", "master", HEAD, '#EXT-X-SESSION-DATA:VALUE="b"',
             "attribute-missing")
line_further("steering-to-nowhere", "master", HEAD,
             '#EXT-X-CONTENT-STEERING:SERVER-URI="s",PATHWAY-ID="nowhere"', "pathway")


@further("video-layout", "plain", "attribute-value")
def _(stream):
    stream.with_line(stream.master, HEAD)
    stream.edit(stream.master, "INF:BAND", 'INF:REQ-VIDEO-LAYOUT="CH-TRIO",BAND')


@further("variants-swapped", "plain", "resolution")
def _(stream):
    text = stream.master.read_text()
    text = text.replace("/360p.m3u8", "/X").replace("/240p.m3u8", "/360p.m3u8")
    stream.master.write_text(text.replace("/X", "/240p.m3u8"))


# --- languages and text ------------------------------------------------------------------------

text_further("two-defaults", "several", "master", "DEFAULT=NO", "DEFAULT=YES", "default-once")
text_further("same-language-twice", "several", "master", 'LANGUAGE="de"', 'LANGUAGE="en"',
             "autoselect-distinct", "group-members")
text_further("group-lacks-a-member", "several", "master",
             r'#EXT-X-MEDIA.*GROUP-ID="audio-low",NAME="Deutsch".*\n', "", "group-members")
text_further("groups-name-otherwise", "several", "master",
             r'(GROUP-ID="audio-low",NAME="Deutsch",LANGUAGE=)"de"', r'\1"fr"', "group-members")
text_further("groups-choose-otherwise", "several", "master",
             r'(GROUP-ID="audio-low",NAME="Deutsch".*),AUTOSELECT=YES', r"\1", "group-members")
text_further("text-without-uri", "several", "master", r'(SUBTITLES.*),URI="[^"]*"', r"\1",
             "rendition-uri")
text_further("text-in-some-variants", "several", "master", ',SUBTITLES="text"', "",
             "text-everywhere")
text_further("text-is-sound", "several", "master", r"text\.m3u8", "audio-2.m3u8",
             "rendition-media")
text_further("sound-is-text", "several", "master", r"audio-2\.m3u8", "text.m3u8",
             "rendition-media")
text_further("text-forced-perhaps", "several", "master", "SUBTITLES,", "SUBTITLES,FORCED=MAYBE,",
             "attribute-value")
text_further("text-with-channels", "several", "master", "SUBTITLES,", 'SUBTITLES,CHANNELS="2",',
             "rendition-attribute")
text_further("text-ends-early", "several", "text", r"#EXTINF.*\n.*00003.vtt\n", "",
             "same-duration")
text_further("text-without-end", "several", "text", r"#EXT-X-ENDLIST\n", "", "endlist")
text_further("text-durations", "several", "text", r"EXTINF:6\.0", "EXTINF:6.5", "target-duration",
             "same-duration")
text_further("text-target", "several", "text", r"TARGETDURATION:\d", "TARGETDURATION:5",
             "target-duration")
