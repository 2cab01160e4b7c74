"""Faults to seed, one at a time, into a good stream of ours: what each does to the files, and the
rules of which `ittybit validate` must report one. The stream has at least two rungs, sound in a
group of its own, and three segments or more."""
import pathlib
import re
import struct


class Stream:
    """A stream on disk, to be spoilt."""

    def __init__(self, master):
        self.master = pathlib.Path(master)
        lines = self.master.read_text().splitlines()
        uris = [after for line, after in zip(lines, lines[1:])
                if line.startswith("#EXT-X-STREAM-INF")]
        self.rungs = [self.master.parent / uri for uri in uris]
        self.rung = self.rungs[0]
        sound = re.search(r'TYPE=AUDIO.*URI="([^"]*)"', self.master.read_text())
        self.sound = self.master.parent / sound[1]
        frames = re.search(r'I-FRAME-STREAM-INF.*URI="([^"]*)"', self.master.read_text())
        self.frames = frames and self.master.parent / frames[1]

    def edit(self, path, pattern, replacement, count=1):
        text, times = re.subn(pattern, replacement, path.read_text(), count=count, flags=re.M)
        assert times, (path, pattern)
        path.write_text(text)

    def segments(self, playlist=None):
        playlist = playlist or self.rung
        return [playlist.parent / line for line in playlist.read_text().splitlines()
                if line and not line.startswith("#")]

    def init(self, playlist=None):
        playlist = playlist or self.rung
        return playlist.parent / re.search(r'MAP:URI="([^"]*)"', playlist.read_text())[1]

    def cut_block(self, playlist, number):
        """The EXTINF and the URI of one segment, taken out and given back."""
        blocks = re.findall(r"#EXTINF:[^\n]*\n[^#\n]+\n", playlist.read_text())
        playlist.write_text(playlist.read_text().replace(blocks[number], "", 1))
        return blocks[number]


def boxes(data, path, start=0, end=None):
    """The places of all boxes at a path: where each begins, and its size."""
    end = len(data) if end is None else end
    kind, _, rest = path.partition("/")
    head = 0
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, start)
        assert size >= 8, (path, start)
        if name == kind.encode():
            if not rest:
                yield start, size
            else:
                head = {"stsd": 16, "avc1": 86, "hvc1": 86, "av01": 86, "mp4a": 36,
                        "dref": 16}.get(kind, 8)
                yield from boxes(data, rest, start + head, start + size)
        start += size


def spoil(path, box, change, number=0):
    """`change(data, begin)` on the numbered box at a path."""
    data = bytearray(path.read_bytes())
    begin, _ = list(boxes(data, box))[number]
    change(data, begin)
    path.write_bytes(data)


def rename(path, box, name=b"free", number=0):
    def change(data, begin):
        data[begin + 4:begin + 8] = name
    spoil(path, box, change, number)


def add_to(path, box, offset, amount, form=">I", number=0):
    def change(data, begin):
        value = struct.unpack_from(form, data, begin + offset)[0]
        struct.pack_into(form, data, begin + offset, value + amount)
    spoil(path, box, change, number)


def set_at(path, box, offset, value, form=">I", number=0):
    def change(data, begin):
        struct.pack_into(form, data, begin + offset, value)
    spoil(path, box, change, number)


ENTRY = "moov/trak/mdia/minf/stbl/stsd/avc1"
SOUND_ENTRY = "moov/trak/mdia/minf/stbl/stsd/mp4a"
FAULTS = {}


def fault(name, *rules):
    def keep(function):
        FAULTS[name] = (function, set(rules))
        return function
    return keep


def text_fault(name, where, pattern, replacement, *rules, count=1):
    def seed(stream):
        stream.edit(getattr(stream, where), pattern, replacement, count)
    FAULTS[name] = (seed, set(rules))


# --- playlists ---------------------------------------------------------------------------------

text_fault("bom", "master", r"\A", "\ufeff", "no-bom")
text_fault("no-extm3u", "rung", r"\A#EXTM3U\n", "", "extm3u")
text_fault("version-3-with-map", "rung", r"VERSION:\d+", "VERSION:3", "version")
text_fault("version-twice", "rung", r"(#EXT-X-VERSION:\d+\n)", r"\1\1", "tag-once")
text_fault("no-target", "rung", r"#EXT-X-TARGETDURATION.*\n", "", "target-duration")
text_fault("target-low", "rung", r"TARGETDURATION:\d+", "TARGETDURATION:3", "target-duration")
text_fault("no-endlist", "rung", r"#EXT-X-ENDLIST\n", "", "endlist")
text_fault("no-type", "rung", r"#EXT-X-PLAYLIST-TYPE.*\n", "", "playlist-type")
text_fault("unfinished", "rung", r"#EXT-X-PLAYLIST-TYPE:VOD\n((?:.|\n)*)#EXT-X-ENDLIST\n", r"\1",
           "unfinished")
text_fault("no-comma", "rung", r"(#EXTINF:[0-9.]+),", r"\1", "extinf")
text_fault("media-tag-in-master", "master", r"(#EXT-X-INDEP.*\n)", r"\1#EXT-X-TARGETDURATION:6\n",
           "kind-of-playlist")
text_fault("blank-behind-comma", "master", r",AVERAGE", ", AVERAGE", "attribute-list")
text_fault("blank-in-uri", "rung", r"-00002\.m4s", " 00002.m4s", "uri")
text_fault("no-codecs", "master", r'CODECS="[^"]*",', "", "codecs-missing")
text_fault("codecs-without-sound", "master", r",mp4a.40.2", "", "codecs")
text_fault("codecs-other-level", "master", r'(avc1\.6400)..', r"\g<1>29", "codecs")
text_fault("codecs-he-aac", "master", r"mp4a.40.2", "mp4a.40.5", "codecs")
text_fault("codecs-unquoted", "master", r'CODECS="([^",]*)[^"]*"', r"CODECS=\1",
           "attribute-value")
text_fault("resolution", "master", r"RESOLUTION=\d+", "RESOLUTION=654", "resolution")
text_fault("no-frame-rate", "master", r"FRAME-RATE=[0-9.]+,", "", "frame-rate-missing")
text_fault("frame-rate", "master", r"FRAME-RATE=29.970", "FRAME-RATE=30.000", "frame-rate")
text_fault("no-average", "master", r"AVERAGE-BANDWIDTH=\d+,", "", "average-bandwidth-missing")
text_fault("group-absent", "master", r'AUDIO="[^"]*"', 'AUDIO="nowhere"', "group-missing")
text_fault("no-language", "master", r'LANGUAGE="[^"]*",', "", "language-missing")
text_fault("language", "master", r'LANGUAGE="[^"]*"', 'LANGUAGE="english_US"', "language")
text_fault("channels", "master", r'CHANNELS="\d"', 'CHANNELS="6"', "channels")
text_fault("default-not-auto", "master", "AUTOSELECT=YES", "AUTOSELECT=NO", "autoselect")
text_fault("captions-in-one", "master", ",CLOSED-CAPTIONS=NONE", "", "closed-captions")
text_fault("pq", "master", "VIDEO-RANGE=SDR", "VIDEO-RANGE=PQ", "video-range")
text_fault("not-independent", "master", "#EXT-X-INDEPENDENT-SEGMENTS\n", "", "independent-segments")
text_fault("no-i-frames", "master", r"#EXT-X-I-FRAME.*\n", "", "i-frame-playlist", count=0)
text_fault("attribute-twice", "master", r"(BANDWIDTH=\d+),", r"\1,\1,", "attribute-once")
text_fault("extinf-long", "rung", r"EXTINF:6\.(\d)", r"EXTINF:6.1\1", "extinf-accuracy",
           "sum-accuracy")
text_fault("no-map", "rung", r"#EXT-X-MAP.*\n", "", "map")
text_fault("discontinuity", "rung", r"(#EXTINF.*\n.*00002)", r"#EXT-X-DISCONTINUITY\n\1",
           "same-discontinuities")
# Those below are not on the list that these began with.
text_fault("control-character", "rung", r"(#EXT-X-VERSION)", "\x01\\1", "utf8", "line")
text_fault("extm3u-late", "master", r"\A", "\n", "extm3u")
text_fault("version-14", "rung", r"VERSION:\d+", "VERSION:99", "tag-value")
text_fault("version-text", "rung", r"VERSION:\d+", "VERSION:seven", "tag-value", "version")
text_fault("target-decimals", "rung", r"TARGETDURATION:(\d+)", r"TARGETDURATION:\1.5", "tag-value")
text_fault("extinf-negative", "rung", r"EXTINF:", "EXTINF:-", "extinf")
text_fault("extinf-twice", "rung", r"(#EXTINF.*\n)", r"\1\1", "extinf")
text_fault("segment-without-extinf", "rung", r"#EXTINF.*\n", "", "extinf")
text_fault("sequence-late", "rung", r"(#EXT-X-ENDLIST)", r"#EXT-X-DISCONTINUITY-SEQUENCE:1\n\1",
           "sequence-order")
text_fault("key-without-uri", "rung", r"(#EXTINF)", r"#EXT-X-KEY:METHOD=AES-128\n\1", "key")
text_fault("key-method", "rung", r"(#EXTINF)", r'#EXT-X-KEY:METHOD=ROT13,URI="k"\n\1',
           "attribute-value")
text_fault("key-iv", "rung", r"(#EXTINF)", r'#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x12\n\1',
           "key-iv")
text_fault("start-behind-end", "rung", r"(#EXTINF)", r"#EXT-X-START:TIME-OFFSET=1000\n\1", "start")
text_fault("date-without-zone", "rung", r"(#EXTINF)",
           r"#EXT-X-PROGRAM-DATE-TIME:2026-11-28T12:00:00\n\1", "date-zone")
text_fault("date-range-backwards", "rung", r"(#EXTINF)",
           r'#EXT-X-DATERANGE:ID="a",START-DATE="2026-11-28T12:00:00Z",'
           r'END-DATE="2026-11-27T12:00:00Z"\n\1', "date-range")
text_fault("bandwidth-missing", "master", r"BANDWIDTH=\d+,(AVERAGE)", r"\1", "attribute-missing")
text_fault("bandwidth-text", "master", r"INF:BANDWIDTH=\d+", "INF:BANDWIDTH=1e6",
           "attribute-value")
text_fault("average-over-peak", "master", r"AVERAGE-BANDWIDTH=\d+", "AVERAGE-BANDWIDTH=9000000",
           "bandwidth-order")
text_fault("bandwidth-far-over", "master", r"INF:BANDWIDTH=(\d+)", r"INF:BANDWIDTH=\g<1>0",
           "bandwidth")
text_fault("resolution-form", "master", r"RESOLUTION=(\d+)x", r"RESOLUTION=\1X", "attribute-value")
text_fault("no-resolution", "master", r"RESOLUTION=\d+x\d+,", "", "resolution-missing")
text_fault("hdcp", "master", r"VIDEO-RANGE=SDR,AUDIO", "HDCP-LEVEL=TYPE-9,VIDEO-RANGE=SDR,AUDIO",
           "attribute-value")
text_fault("two-scores", "master", r"INF:BAND", "INF:SCORE=1.0,BAND", "score")
text_fault("type-of-media", "master", "TYPE=AUDIO", "TYPE=SOUND", "attribute-value")
text_fault("name-missing", "master", r'NAME="[^"]*",', "", "attribute-missing")
text_fault("group-id-missing", "master", r'GROUP-ID="[^"]*",', "", "attribute-missing")
text_fault("forced-sound", "master", "DEFAULT=YES", "FORCED=YES,DEFAULT=YES",
           "rendition-attribute")
text_fault("instream-sound", "master", "DEFAULT=YES", 'INSTREAM-ID="CC1",DEFAULT=YES',
           "rendition-attribute")
text_fault("default-form", "master", "DEFAULT=YES", "DEFAULT=TRUE", "attribute-value")
text_fault("sample-rate", "master", "DEFAULT=YES", "SAMPLE-RATE=22050,DEFAULT=YES", "sample-rate")
text_fault("i-frame-without-uri", "master", r'(I-FRAME-STREAM-INF.*),URI="[^"]*"', r"\1",
           "attribute-missing")
text_fault("i-frame-codecs", "master", r'(I-FRAME-STREAM-INF.*CODECS=")', r"\1mp4a.40.2,",
           "codecs")
text_fault("i-frame-resolution", "master", r"(I-FRAME-STREAM-INF.*RESOLUTION=)\d+", r"\g<1>100",
           "resolution")
text_fault("i-frames-only-missing", "frames", r"#EXT-X-I-FRAMES-ONLY\n", "", "i-frames-only")
text_fault("i-frames-only-in-rung", "rung", r"(#EXT-X-MAP)", r"#EXT-X-I-FRAMES-ONLY\n\1",
           "i-frames-only")
text_fault("session-data", "master", r"(#EXT-X-STREAM)", r'#EXT-X-SESSION-DATA:DATA-ID="a"\n\1',
           "session-data")
text_fault("other-target", "sound", r"TARGETDURATION:\d+", "TARGETDURATION:7", "same-target")
text_fault("variable", "rung", r"(#EXTINF.*\n)", r"\1{$base}/", "variable")
text_fault("endlist-in-master", "master", r"\Z", "#EXT-X-ENDLIST\n", "kind-of-playlist")
text_fault("byte-range-form", "frames", r"BYTERANGE:\d+@", "BYTERANGE:@", "byte-range")
text_fault("byte-range-far", "frames", r"BYTERANGE:(\d+)@", r"BYTERANGE:\g<1>00000@",
           "segment-range")
text_fault("group-name-case", "master", r'GROUP-ID="audio"', 'GROUP-ID="Audio"', "group-missing")


@fault("extinf-swapped", "extinf-accuracy")
def _(stream):
    text = stream.rung.read_text()
    found = re.findall(r"EXTINF:([0-9.]+)", text)
    text = text.replace(f":{found[0]},", ":FIRST,", 1)
    at = text.rindex(f":{found[-1]},")
    text = text[:at] + f":{found[0]}," + text[at + len(found[-1]) + 2:]
    stream.rung.write_text(text.replace(":FIRST,", f":{found[-1]},"))


@fault("segment-left-out", "continuity", "same-duration")
def _(stream):
    stream.cut_block(stream.rung, 1)


@fault("segment-listed-twice", "segment-repeated")
def _(stream):
    block = re.search(r"#EXTINF.*\n.*\n", stream.rung.read_text())[0]
    stream.rung.write_text(stream.rung.read_text().replace(block, block + block, 1))


@fault("segments-swapped", "continuity")
def _(stream):
    block = stream.cut_block(stream.rung, 0)
    text = stream.rung.read_text()
    second = text.index("#EXTINF", text.index("#EXTINF") + 1)
    stream.rung.write_text(text[:second] + block + text[second:])


@fault("bandwidth-is-average", "bandwidth")
def _(stream):
    average = re.search(r"AVERAGE-BANDWIDTH=(\d+)", stream.master.read_text())[1]
    stream.edit(stream.master, r"INF:BANDWIDTH=\d+", f"INF:BANDWIDTH={average}")


@fault("average-off", "average-bandwidth")
def _(stream):
    average = int(re.search(r"AVERAGE-BANDWIDTH=(\d+)", stream.master.read_text())[1])
    stream.edit(stream.master, r"AVERAGE-BANDWIDTH=\d+", f"AVERAGE-BANDWIDTH={average * 8 // 10}")


@fault("group-unused", "group-unused")
def _(stream):
    line = re.search(r"#EXT-X-MEDIA:.*\n", stream.master.read_text())[0]
    other = re.sub(r'GROUP-ID="[^"]*"', 'GROUP-ID="spare"', line)
    stream.master.write_text(stream.master.read_text().replace(line, line + other, 1))


@fault("name-twice", "name-unique")
def _(stream):
    line = re.search(r"#EXT-X-MEDIA:.*\n", stream.master.read_text())[0]
    other = re.sub(r'LANGUAGE="[^"]*",DEFAULT=YES', 'LANGUAGE="fr",DEFAULT=NO', line)
    stream.master.write_text(stream.master.read_text().replace(line, line + other, 1))


@fault("one-variant", "one-variant")
def _(stream):
    text = stream.master.read_text()
    found = re.findall(r"#EXT-X-STREAM-INF.*\n.*\n", text)
    for each in found[1:]:
        text = text.replace(each, "", 1)
    stream.master.write_text(text)


@fault("variant-without-uri", "attribute-missing")
def _(stream):
    stream.edit(stream.master, r"(#EXT-X-STREAM-INF.*\n).*\n", r"\1")


# --- files -------------------------------------------------------------------------------------

@fault("segment-missing", "missing")
def _(stream):
    stream.segments()[1].unlink()


@fault("init-missing", "missing")
def _(stream):
    stream.init().unlink()


@fault("playlist-missing", "missing")
def _(stream):
    stream.rung.unlink()


@fault("segment-cut", "box")
def _(stream):
    path = stream.segments()[1]
    path.write_bytes(path.read_bytes()[:-100])


@fault("segment-empty", "segment-empty")
def _(stream):
    stream.segments()[1].write_bytes(b"")


@fault("segment-is-html", "segment-format", "box")
def _(stream):
    stream.segments()[1].write_bytes(b"<html><body>404 Not Found</body></html>")


# --- I-frame playlists -------------------------------------------------------------------------

def move_range(stream, number, offset, length):
    text = stream.frames.read_text()
    found = list(re.finditer(r"BYTERANGE:(\d+)@(\d+)", text))[number]
    moved = f"BYTERANGE:{int(found[1]) + length}@{int(found[2]) + offset}"
    stream.frames.write_text(text[:found.start()] + moved + text[found.end():])


@fault("i-frame-short", "i-frame-moof")
def _(stream):
    move_range(stream, 1, 0, -1)


@fault("i-frame-without-moof", "i-frame-moof")
def _(stream):
    data = stream.segments()[0].read_bytes()
    moof = list(boxes(data, "moof"))[0]
    move_range(stream, 0, moof[1], -moof[1])


@fault("i-frame-of-a-group", "i-frame-one", "segment-range")
def _(stream):
    found = re.search(r"BYTERANGE:(\d+)@(\d+)", stream.frames.read_text())
    first = re.search(r"BYTERANGE.*\n(.*)\n", stream.frames.read_text())[1]
    size = (stream.frames.parent / first).stat().st_size
    move_range(stream, 0, 0, size // 2 - int(found[1]))


@fault("i-frame-not-listed", "i-frame-complete", "i-frame-time")
def _(stream):
    text = stream.frames.read_text()
    block = re.findall(r"#EXTINF.*\n#EXT-X-BYTERANGE.*\n.*\n", text)[1]
    stream.frames.write_text(text.replace(block, "", 1))


@fault("i-frame-duration", "i-frame-time")
def _(stream):
    stream.edit(stream.frames, r"EXTINF:\d", "EXTINF:1")


# --- boxes of segments -------------------------------------------------------------------------

def later(path, ticks, number=None):
    data = path.read_bytes()
    for i in range(len(list(boxes(data, "moof/traf/tfdt")))):
        if number is None or i == number:
            add_to(path, "moof/traf/tfdt", 12, ticks, ">Q", i)


@fault("tfdt-gap", "continuity")
def _(stream):
    later(stream.segments()[1], 1001)


@fault("rung-a-second-late", "matching-timestamps")
def _(stream):
    data = stream.init().read_bytes()
    scale = struct.unpack_from(">I", data, list(boxes(data, "moov/trak/mdia/mdhd"))[0][0] + 20)[0]
    for path in stream.segments():
        later(path, scale)


@fault("sound-late", "same-start")
def _(stream):
    for path in stream.segments(stream.sound):
        later(path, 4800)


@fault("no-tfdt", "tfdt")
def _(stream):
    rename(stream.segments()[1], "moof/traf/tfdt")


@fault("base-not-moof", "base-is-moof")
def _(stream):
    spoil(stream.segments()[1], "moof/traf/tfhd", lambda data, at: data.__setitem__(at + 9, 0))


@fault("bytes-of-nobody", "samples-in-mdat")
def _(stream):
    path = stream.segments()[1]
    data = bytearray(path.read_bytes())
    begin, size = list(boxes(data, "mdat"))[-1]
    struct.pack_into(">I", data, begin, size + 16)
    path.write_bytes(data + bytes(16))


def first_sample_flags(data, trun):
    """Where the flags of a run's first sample stand."""
    flags = int.from_bytes(data[trun + 9:trun + 12], "big")
    at = trun + 16 + (4 if flags & 1 else 0)
    if flags & 4:
        return at
    return at + (4 if flags & 0x100 else 0) + (4 if flags & 0x200 else 0)


@fault("idr-not-marked", "sync-flag")
def _(stream):
    path = stream.segments()[1]
    spoil(path, "moof/traf/trun",
          lambda data, at: struct.pack_into(">I", data, first_sample_flags(data, at), 0x01010000))


@fault("all-marked", "sync-flag")
def _(stream):
    def change(data, at):
        flags = int.from_bytes(data[at + 9:at + 12], "big")
        count = struct.unpack_from(">I", data, at + 12)[0]
        if flags & 0x400:
            position = at + 16 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
            step = 4 * bin(flags & 0xF00).count("1")
            where = 4 * bin(flags & 0x300).count("1")
            for i in range(count):
                struct.pack_into(">I", data, position + i * step + where, 0x02000000)
    path = stream.segments()[1]
    for number in range(len(list(boxes(path.read_bytes(), "moof/traf/trun")))):
        spoil(path, "moof/traf/trun", change, number)
        flags = list(boxes(path.read_bytes(), "moof/traf/tfhd"))[number]
        data = path.read_bytes()
        told = int.from_bytes(data[flags[0] + 9:flags[0] + 12], "big")
        if told & 0x20:
            at = 16 + 4 * bin(told & 0x1A).count("1")
            set_at(path, "moof/traf/tfhd", at, 0x02000000, ">I", number)


def first_slice(data):
    """Where the NAL unit of the first slice has its type."""
    at = list(boxes(data, "mdat"))[0][0] + 8
    while data[at + 4] & 0x1F not in (1, 5):
        at += 4 + int.from_bytes(data[at:at + 4], "big")
    return at + 4


@fault("no-idr-first", "idr-first")
def _(stream):
    path = stream.segments()[1]
    data = bytearray(path.read_bytes())
    at = first_slice(data)
    data[at] = data[at] & 0xE0 | 1
    path.write_bytes(data)


@fault("duration-doubled", "continuity", "extinf-accuracy", "frame-rate-varies")
def _(stream):
    def change(data, at):
        flags = int.from_bytes(data[at + 9:at + 12], "big")
        position = at + 16 + 4 * bin(flags & 3).count("1")
        value = struct.unpack_from(">I", data, position)[0]
        struct.pack_into(">I", data, position, 2 * value)
    path = stream.segments()[0]
    flags = list(boxes(path.read_bytes(), "moof/traf/tfhd"))[0][0]
    if path.read_bytes()[flags + 11] & 8:
        spoil(path, "moof/traf/tfhd", change)
    else:
        count = struct.unpack_from(">I", path.read_bytes(),
                                   list(boxes(path.read_bytes(), "moof/traf/trun"))[0][0] + 12)[0]

        def each(data, at):
            told = int.from_bytes(data[at + 9:at + 12], "big")
            position = at + 16 + (4 if told & 1 else 0) + (4 if told & 4 else 0)
            for i in range(count if told & 0x100 else 0):
                where = position + i * 4 * bin(told & 0xF00).count("1")
                struct.pack_into(">I", data, where, 2 * struct.unpack_from(">I", data, where)[0])
        spoil(path, "moof/traf/trun", each)


@fault("offsets-late", "matching-timestamps", "continuity")
def _(stream):
    late = []

    def change(data, at):
        flags = int.from_bytes(data[at + 9:at + 12], "big")
        if not flags & 0x800:  # shown as they are decoded
            late.append((path, number))
            return
        position = at + 16 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
        step = 4 * bin(flags & 0xF00).count("1")
        for i in range(struct.unpack_from(">I", data, at + 12)[0]):
            where = position + (i + 1) * step - 4
            struct.pack_into(">i", data, where, struct.unpack_from(">i", data, where)[0] + 1001)
    for path in stream.segments():
        for number in range(len(list(boxes(path.read_bytes(), "moof/traf/trun")))):
            spoil(path, "moof/traf/trun", change, number)
    for path, number in late:
        later(path, 1001, number)


@fault("sequence-repeated", "moof-sequence")
def _(stream):
    def change(data, at):
        first = list(boxes(data, "moof/mfhd"))[0][0]
        data[at + 12:at + 16] = data[first + 12:first + 16]
    spoil(stream.segments()[1], "moof/mfhd", change, 1)


@fault("mdat-without-moof", "moof")
def _(stream):
    rename(stream.segments()[1], "moof")


@fault("moof-without-mdat", "moof")
def _(stream):
    rename(stream.segments()[1], "mdat")


@fault("no-tfhd", "traf")
def _(stream):
    rename(stream.segments()[1], "moof/traf/tfhd")


@fault("no-trun", "traf")
def _(stream):
    rename(stream.segments()[1], "moof/traf/trun")


@fault("unknown-track", "traf")
def _(stream):
    set_at(stream.segments()[1], "moof/traf/tfhd", 12, 77)


@fault("data-offset", "samples-in-mdat")
def _(stream):
    add_to(stream.segments()[1], "moof/traf/trun", 16, 4)


@fault("sample-size", "samples-in-mdat", "nal-lengths")
def _(stream):
    def change(data, at):
        flags = int.from_bytes(data[at + 9:at + 12], "big")
        assert flags & 0x200
        position = at + 16 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
        position += 4 if flags & 0x100 else 0
        struct.pack_into(">I", data, position, struct.unpack_from(">I", data, position)[0] - 1)
    spoil(stream.segments()[1], "moof/traf/trun", change, 1)


@fault("other-rung's-segment", "decodes", "nal-unit", "matching-timestamps", "segment-range",
       "i-frame-moof")
def _(stream):
    stream.segments()[1].write_bytes(stream.segments(stream.rungs[1])[1].read_bytes())


@fault("slice-byte", "decodes")
def _(stream):
    path = stream.segments()[1]
    data = bytearray(path.read_bytes())
    at = first_slice(data)
    data[at + 200] ^= 0x55
    path.write_bytes(data)


@fault("nal-length", "nal-lengths")
def _(stream):
    path = stream.segments()[1]
    data = bytearray(path.read_bytes())
    at = first_slice(data) - 4
    struct.pack_into(">I", data, at, 0x7FFFFFFF)
    path.write_bytes(data)


@fault("parameter-sets-in-samples", "parameter-sets")
def _(stream):
    path = stream.segments()[1]
    data = bytearray(path.read_bytes())
    at = list(boxes(data, "mdat"))[0][0] + 8
    data[at + 4] = data[at + 4] & 0xE0 | 8
    path.write_bytes(data)


# --- initialization sections -------------------------------------------------------------------

@fault("profile-differs", "configuration")
def _(stream):
    set_at(stream.init(), ENTRY + "/avcC", 9, 77, ">B")


@fault("entry-size", "entry-size")
def _(stream):
    set_at(stream.init(), ENTRY, 32, 100, ">H")


@fault("tkhd-size", "entry-size")
def _(stream):
    set_at(stream.init(), "moov/trak/tkhd", 84, 100 << 16)


@fault("nal-lengths-of-two", "nal-lengths")
def _(stream):
    set_at(stream.init(), ENTRY + "/avcC", 12, 0xFD, ">B")


@fault("pasp", "sample-aspect")
def _(stream):
    path = stream.init()
    data = path.read_bytes()
    found = list(boxes(data, ENTRY + "/pasp"))
    if found:
        set_at(path, ENTRY + "/pasp", 8, 4)
        set_at(path, ENTRY + "/pasp", 12, 3)
        return
    begin, size = list(boxes(data, ENTRY))[0]
    made = bytearray(data[:begin + size] + struct.pack(">I4sII", 16, b"pasp", 4, 3)
                     + data[begin + size:])
    for part in ("moov", "moov/trak", "moov/trak/mdia", "moov/trak/mdia/minf",
                 "moov/trak/mdia/minf/stbl", "moov/trak/mdia/minf/stbl/stsd", ENTRY):
        at = list(boxes(data, part))[0][0]
        struct.pack_into(">I", made, at, struct.unpack_from(">I", made, at)[0] + 16)
    path.write_bytes(made)


@fault("timescale", "extinf-accuracy")
def _(stream):
    def change(data, at):
        where = at + (28 if data[at + 8] else 20)
        struct.pack_into(">I", data, where, struct.unpack_from(">I", data, where)[0] * 2)
    spoil(stream.init(), "moov/trak/mdia/mdhd", change)


@fault("no-cmaf-brand", "cmaf-brand")
def _(stream):
    data = stream.init().read_bytes()
    stream.init().write_bytes(data.replace(b"cmfc", b"mp41").replace(b"cmf2", b"mp41"))


@fault("only-isom", "brand")
def _(stream):
    data = bytearray(stream.init().read_bytes())
    size = struct.unpack_from(">I", data)[0]
    for at in [8, *range(16, size, 4)]:
        data[at:at + 4] = b"isom"
    stream.init().write_bytes(data)


@fault("no-ftyp", "ftyp")
def _(stream):
    rename(stream.init(), "ftyp")


@fault("no-mvex", "moov")
def _(stream):
    rename(stream.init(), "moov/mvex")


@fault("no-trex", "moov")
def _(stream):
    rename(stream.init(), "moov/mvex/trex")


@fault("no-moov", "moov")
def _(stream):
    rename(stream.init(), "moov")


@fault("no-avcc", "sample-entry")
def _(stream):
    rename(stream.init(), ENTRY + "/avcC")


@fault("edit-list-long", "edit-list", "extinf-accuracy")
def _(stream):
    path = stream.init(stream.sound)
    begin, _ = list(boxes(path.read_bytes(), "moov/trak/edts/elst"))[0]
    is_long = path.read_bytes()[begin + 8] == 1
    set_at(path, "moov/trak/edts/elst", 24 if is_long else 20, 8192, ">Q" if is_long else ">I")


@fault("sound-of-other-rate", "audio-config")
def _(stream):
    path = stream.init(stream.sound)
    data = bytearray(path.read_bytes())
    at = data.index(b"\x05\x80\x80\x80", data.index(b"esds")) + 5
    config = data[at] << 8 | data[at + 1]
    config = config & ~(0xF << 7) | 7 << 7  # 22 050 Hz
    data[at:at + 2] = config.to_bytes(2, "big")
    path.write_bytes(data)


@fault("handler", "handler")
def _(stream):
    set_at(stream.init(), "moov/trak/mdia/hdlr", 16, int.from_bytes(b"soun", "big"))


@fault("track-disabled", "track-disabled")
def _(stream):
    set_at(stream.init(stream.sound), "moov/trak/tkhd", 11, 0, ">B")


@fault("track-id", "traf", "moov")
def _(stream):
    at = 28 if stream.init().read_bytes()[
        list(boxes(stream.init().read_bytes(), "moov/trak/tkhd"))[0][0] + 8] else 20
    set_at(stream.init(), "moov/trak/tkhd", at, 9)


@fault("no-vmhd", "media-header")
def _(stream):
    rename(stream.init(), "moov/trak/mdia/minf/vmhd")


@fault("media-elsewhere", "data-reference")
def _(stream):
    set_at(stream.init(), "moov/trak/mdia/minf/dinf/dref/url ", 11, 0, ">B")


@fault("sound-ends-early", "same-duration")
def _(stream):
    stream.cut_block(stream.sound, -1)


@fault("init-cut", "box")
def _(stream):
    stream.init().write_bytes(stream.init().read_bytes()[:-20])


@fault("sps-broken", "configuration")
def _(stream):
    set_at(stream.init(), ENTRY + "/avcC", 16, 0x69, ">B")
