"""Further faults to seed into what playlists list: see further_faults.py."""
import re
import struct

from further_faults import FURTHER, further, text_further
from seeded_faults import (ENTRY, SOUND_ENTRY, add_to, boxes, first_sample_flags, first_slice,
                           later, rename, set_at, spoil)

__all__ = ["FURTHER"]
AROUND = ["moov", "moov/trak", "moov/trak/mdia", "moov/trak/mdia/minf", "moov/trak/mdia/minf/stbl",
          "moov/trak/mdia/minf/stbl/stsd"]
TREX = "moov/mvex/trex"
TRUN = "moof/traf/trun"
TFHD = "moof/traf/tfhd"
H265 = "moov/trak/mdia/minf/stbl/stsd/hvc1"
AV1 = "moov/trak/mdia/minf/stbl/stsd/av01"


def byte_further(name, where, path, offset, value, *rules, form=">B", kind="plain", of="init"):
    """Sets a number at a place in the first box at a path of an initialization section, or of the
    second segment."""
    def seed(stream):
        playlist = getattr(stream, where)
        file = stream.init(playlist) if of == "init" else stream.segments(playlist)[1]
        set_at(file, path, offset, value, form)
    further(name, kind, *rules)(seed)


def change_bytes(path, change):
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)


def insert(path, parents, at_end_of, added):
    """Adds bytes behind a box, and makes the boxes around it longer."""
    data = path.read_bytes()
    begin, size = list(boxes(data, at_end_of))[0]
    made = bytearray(data[:begin + size] + added + data[begin + size:])
    for parent in parents:
        at = list(boxes(data, parent))[0][0]
        struct.pack_into(">I", made, at, struct.unpack_from(">I", made, at)[0] + len(added))
    path.write_bytes(made)


def of_codec(stream, codec):
    return next(rung for rung in stream.rungs if codec in rung.name)


# --- initialization sections -------------------------------------------------------------------

byte_further("movie-timescale", "rung", "moov/mvhd", 20, 0, "movie-header", form=">I")
byte_further("next-track", "rung", "moov/mvhd", 104, 1, "movie-header", form=">I")
byte_further("track-turned", "rung", "moov/trak/tkhd", 48, 0xFFFF0000, "track-header", form=">I")
byte_further("data-reference-index", "rung", ENTRY, 14, 2, "sample-entry", form=">H")
byte_further("entries-two", "rung", "moov/trak/mdia/minf/stbl/stsd", 12, 2, "sample-entry",
             form=">I")
byte_further("default-entry", "rung", TREX, 16, 2, "moov", form=">I")
byte_further("trex-of-another", "rung", TREX, 12, 7, "moov", form=">I")
byte_further("avcc-version", "rung", ENTRY + "/avcC", 8, 2, "configuration")
byte_further("avcc-level", "rung", ENTRY + "/avcC", 11, 40, "configuration")
byte_further("avcc-no-sets", "rung", ENTRY + "/avcC", 13, 0xE0, "configuration")
byte_further("colours-pq", "rung", ENTRY + "/colr", 14, 16, "video-range", form=">H")
byte_further("colours-primaries", "rung", ENTRY + "/colr", 12, 9, "sample-colour", form=">H")
byte_further("no-sample-table", "rung", "moov/trak/mdia/minf/stbl/stsz", 4, 0x66726565,
             "init-samples", form=">I")
byte_further("samples-in-init", "rung", "moov/trak/mdia/minf/stbl/stts", 12, 1, "init-samples",
             form=">I")
byte_further("sound-entry-rate", "sound", SOUND_ENTRY, 32, 44100, "audio-config", form=">H")
byte_further("sound-entry-channels", "sound", SOUND_ENTRY, 24, 6, "audio-config", form=">H")
byte_further("sound-timescale", "sound", "moov/trak/mdia/mdhd", 20, 44100, "audio-config",
             form=">I")
byte_further("sound-handler", "sound", "moov/trak/mdia/hdlr", 16, 0x76696465, "handler", form=">I")
byte_further("sound-edit-of-another-time", "sound", "moov/trak/edts/elst", 20, 48000, "edit-list",
             form=">I")


byte_further("box-within-too-long", "rung", "moov/trak/mdia", 0, 0x7F000000, "box", form=">I")
byte_further("entry-box-too-long", "rung", ENTRY + "/colr", 0, 0x7F00, "box", form=">I")
byte_further("header-of-version-9", "rung", "moov/mvhd", 8, 9, "box")
byte_further("sound-edit-rate", "sound", "moov/trak/edts/elst", 24, 2, "edit-list", form=">H")
byte_further("sound-edits-cut", "sound", "moov/trak/edts/elst", 12, 5, "edit-list", form=">I")


@further("avcc-chroma", "plain", "configuration")
def _(stream):
    def change(data, at):
        end = at + struct.unpack_from(">I", data, at)[0]
        data[end - 4] = 0xFE  # in front of two depths and a count
    spoil(stream.init(), ENTRY + "/avcC", change)


@further("no-avcc-sets-of-pictures", "plain", "configuration")
def _(stream):
    def change(data, at):
        sets = at + 14
        behind = sets + 2 + struct.unpack_from(">H", data, sets)[0]
        data[behind] = 0
    spoil(stream.init(), ENTRY + "/avcC", change)


@further("sps-of-another-size", "plain", "entry-size")
def _(stream):
    other = stream.init(stream.rungs[1]).read_bytes()
    begin, size = list(boxes(other, ENTRY + "/avcC"))[0]
    insert(stream.init(), [*AROUND, ENTRY], ENTRY + "/avcC", other[begin:begin + size])
    rename(stream.init(), ENTRY + "/avcC")


@further("picture-with-edit-list", "plain", "cmf2")
def _(stream):
    edits = struct.pack(">I4sI4sIIIIHH", 36, b"edts", 28, b"elst", 0, 1, 0, 3003, 1, 0)
    insert(stream.init(), ["moov", "moov/trak"], "moov/trak/tkhd", edits)


@further("sound-without-edit-list", "plain", "matching-timestamps")
def _(stream):
    rename(stream.init(stream.sound), "moov/trak/edts")


@further("sound-is-he-aac", "plain", "codecs", "audio-config")
def _(stream):
    def change(data):
        at = data.index(b"\x05\x80\x80\x80", data.index(b"esds")) + 5
        data[at] = data[at] & 0x07 | 5 << 3
    change_bytes(stream.init(stream.sound), change)


@further("sound-is-stereo", "plain", "channels")
def _(stream):
    def change(data):
        at = data.index(b"\x05\x80\x80\x80", data.index(b"esds")) + 5
        data[at + 1] = data[at + 1] & 0x87 | 2 << 3
    change_bytes(stream.init(stream.sound), change)


@further("sound-is-mp3", "plain", "codecs")
def _(stream):
    def change(data):
        data[data.index(b"\x04\x80\x80\x80", data.index(b"esds")) + 5] = 0x6B
    change_bytes(stream.init(stream.sound), change)


@further("sound-entry-missing", "plain", "sample-entry")
def _(stream):
    rename(stream.init(stream.sound), SOUND_ENTRY + "/esds")


@further("media-behind-the-init", "plain", "init-media")
def _(stream):
    stream.init().write_bytes(stream.init().read_bytes() + stream.segments()[0].read_bytes())


@further("track-of-both", "plain", "one-track", "track-header")
def _(stream):
    data = stream.init().read_bytes()
    begin, size = list(boxes(data, "moov/trak"))[0]
    insert(stream.init(), ["moov"], "moov/trak", data[begin:begin + size])


# --- segments ----------------------------------------------------------------------------------

@further("tfdt-early", "plain", "continuity")
def _(stream):
    later(stream.segments()[1], -3003)


@further("tfdt-begins-anew", "plain", "continuity")
def _(stream):
    set_at(stream.segments()[1], "moof/traf/tfdt", 12, 0, ">Q")


@further("tfdt-of-a-later-fragment", "plain", "continuity")
def _(stream):
    later(stream.segments()[1], 3003, 1)


@further("sound-tfdt-late", "plain", "continuity")
def _(stream):
    later(stream.segments(stream.sound)[1], 1024)


@further("sample-count-less", "plain", "samples-in-mdat")
def _(stream):
    add_to(stream.segments()[1], TRUN, 12, -1)


@further("sample-count-more", "plain", "traf")
def _(stream):
    add_to(stream.segments()[1], TRUN, 12, 1)


@further("no-sample", "plain", "traf")
def _(stream):
    set_at(stream.segments()[1], TRUN, 12, 0)


@further("entry-of-a-fragment", "plain", "traf")
def _(stream):
    set_at(stream.segments(stream.sound)[1], TFHD, 16, 2)


@further("duration-is-empty", "plain", "traf")
def _(stream):
    set_at(stream.segments()[1], TFHD, 9, 3, ">B")


@further("offsets-unsigned", "plain", "cmf2")
def _(stream):
    path = stream.segments()[1]
    data = path.read_bytes()
    number = next(i for i, (at, _) in enumerate(boxes(data, TRUN)) if data[at + 10] & 8)
    set_at(path, TRUN, 8, 0, ">B", number)


@further("sound-duration", "plain", "audio-frame")
def _(stream):
    set_at(stream.segments(stream.sound)[1], TFHD, 20, 1000)


@further("sound-not-sync", "plain", "sync-flag")
def _(stream):
    set_at(stream.segments(stream.sound)[1], TFHD, 28, 0x01010000)


@further("sequence-begins-anew", "plain", "moof-sequence")
def _(stream):
    set_at(stream.segments()[1], "moof/mfhd", 12, 1)


@further("sequence-backwards", "plain", "moof-sequence")
def _(stream):
    set_at(stream.segments()[2], "moof/mfhd", 12, 2)


@further("styp-missing", "plain", "styp")
def _(stream):
    rename(stream.segments()[0], "styp")


@further("styp-missing-later", "plain", "styp")
def _(stream):
    rename(stream.segments()[1], "styp")


@further("segment-doubled", "plain", "continuity", "moof-sequence")
def _(stream):
    path = stream.segments()[1]
    path.write_bytes(path.read_bytes() * 2)


@further("segment-of-before", "plain", "continuity")
def _(stream):
    stream.segments()[1].write_bytes(stream.segments()[0].read_bytes())


@further("segment-of-the-sound", "plain", "codecs", "nal-lengths", "traf", "continuity")
def _(stream):
    stream.segments()[1].write_bytes(stream.segments(stream.sound)[1].read_bytes())


@further("much-free-space", "plain", "moof")
def _(stream):
    path = stream.segments()[1]
    path.write_bytes(path.read_bytes() + struct.pack(">I4s", 10008, b"free") + bytes(10000))


@further("unknown-box", "plain", "segment-format")
def _(stream):
    path = stream.segments()[1]
    path.write_bytes(path.read_bytes() + struct.pack(">I4s", 16, b"abcd") + bytes(8))


@further("bytes-behind", "plain", "box")
def _(stream):
    path = stream.segments()[1]
    path.write_bytes(path.read_bytes() + b"abc")


@further("bytes-before", "plain", "box", "segment-format")
def _(stream):
    path = stream.segments()[1]
    path.write_bytes(b"abc" + path.read_bytes())


def index_of(stream, shift=0, length=None):
    """A segment index in front of the second segment."""
    path = stream.segments()[1]
    data = path.read_bytes()
    begin = list(boxes(data, "moof"))[0][0]
    time = struct.unpack_from(">Q", data, list(boxes(data, "moof/traf/tfdt"))[0][0] + 12)[0]
    size = len(data) - begin if length is None else length
    index = struct.pack(">I4sIIIIIHHIII", 44, b"sidx", 0, 1, 90000, time + shift, 0, 0, 1,
                        size, 540540, 0x90000000)
    path.write_bytes(data[:begin] + index + data[begin:])


@further("index-of-another-size", "plain", "sidx")
def _(stream):
    index_of(stream, length=1000)


@further("index-of-another-time", "plain", "sidx")
def _(stream):
    index_of(stream, shift=90000)


@further("idr-depends", "plain", "sync-flag")
def _(stream):
    spoil(stream.segments()[1], TRUN,
          lambda data, at: struct.pack_into(">I", data, first_sample_flags(data, at), 0x01000000))


@further("key-frame-within-is-none", "plain", "sync-flag")
def _(stream):
    path = stream.segments()[1]
    data = bytearray(path.read_bytes())
    listed = re.findall(r"BYTERANGE:\d+@(\d+)\n.*00002", stream.frames.read_text())
    at = next(begin for begin, _ in boxes(data, "mdat") if begin > int(listed[1])) + 8
    while data[at + 4] & 0x1F != 5:
        at += 4 + int.from_bytes(data[at:at + 4], "big")
    data[at + 4] = data[at + 4] & 0xE0 | 1
    path.write_bytes(data)


def slice_change(name, change, *rules):
    def seed(stream):
        change_bytes(stream.segments()[1], lambda data: change(data, first_slice(data)))
    further(name, "plain", *rules)(seed)


def set_byte(mask, value):
    def change(data, at):
        data[at] = data[at] & mask | value
    return change


slice_change("forbidden-bit", set_byte(0x7F, 0x80), "nal-unit")
slice_change("idr-is-no-reference", set_byte(0x9F, 0), "nal-unit")
slice_change("slice-type-nothing", set_byte(0xE0, 0), "nal-unit")
slice_change("slice-is-filler", set_byte(0xE0, 12), "nal-unit")
slice_change("slice-is-a-set", set_byte(0xE0, 7), "parameter-sets")
slice_change("slice-is-an-end", set_byte(0xE0, 10), "nal-unit")
slice_change("first-slice-elsewhere",
             lambda data, at: data.__setitem__(at + 1, data[at + 1] >> 2 | 0x20), "nal-unit")
slice_change("slice-length-short",
             lambda data, at: struct.pack_into(">I", data, at - 4, 20), "nal-lengths")


@further("offset-of-one-picture", "plain", "order-of-times", "frame-rate-varies")
def _(stream):
    def change(data, at):
        flags = int.from_bytes(data[at + 9:at + 12], "big")
        assert flags & 0x800
        first = at + 16 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
        where = first + 6 * 4 * bin(flags & 0xF00).count("1") - 4
        struct.pack_into(">i", data, where, struct.unpack_from(">i", data, where)[0] + 3003)
    path = stream.segments()[1]
    data = path.read_bytes()
    number = next(i for i, (at, _) in enumerate(boxes(data, TRUN))
                  if data[at + 10] & 8 and data[at + 15] > 8)
    spoil(path, TRUN, change, number)


@further("sound-sizes-moved", "plain", "decodes", "audio-frame")
def _(stream):
    path = stream.segments(stream.sound)[1]
    add_to(path, TRUN, 20, 40)
    add_to(path, TRUN, 24, -40)


# --- subtitles ---------------------------------------------------------------------------------

def cue_further(name, pattern, replacement, *rules, number=0):
    further(name, "several", *rules)(
        lambda stream: stream.edit(stream.segments(stream.text)[number], pattern, replacement))


cue_further("webvtt-in-small-letters", r"\AWEBVTT", "webvtt", "segment-format", "webvtt", "box")
cue_further("map-form", r"LOCAL:00:00:00\.000", "LOCAL:0", "webvtt-map-form")
cue_further("map-missing", r"X-TIMESTAMP-MAP.*\n", "", "webvtt-map", number=1)
cue_further("map-twice", r"(X-TIMESTAMP-MAP.*\n)", r"\1\1", "webvtt-map-form")
cue_further("map-behind-the-header", r"(X-TIMESTAMP-MAP.*\n)\n", r"\n\1\n", "webvtt-map-form",
            "webvtt")
cue_further("map-a-second-late", "MPEGTS:0", "MPEGTS:90000", "webvtt-map-time",
            "webvtt-cue-time", number=1)
cue_further("cue-backwards", r"--> 00:00:03", "--> 00:00:00", "webvtt")
cue_further("cue-with-comma", r"01\.021 -->", "01,021 -->", "webvtt")
cue_further("cue-with-short-arrow", r"-->", "->", "webvtt")
cue_further("cue-of-61-minutes", r"00:00:01", "00:61:01", "webvtt")
cue_further("cue-without-end", r"--> .*", "-->", "webvtt")
cue_further("cue-without-blank-line", r"Hello there\n\n", "Hello there\n", "webvtt")
cue_further("cue-in-the-header", r"(X-TIMESTAMP-MAP.*\n)\n", r"\1", "webvtt")
cue_further("cue-elsewhere", r"00:00:09\.021 --> 00:00:11", "00:01:09.021 --> 00:01:11",
            "webvtt-cue-time", number=1)
cue_further("cue-left-out", r"00:00:05(.*\n)+?\n", "", "webvtt-cue-time", number=1)
cue_further("cues-out-of-order", r"00:00:05\.021 --> 00:00:07", "00:00:00.021 --> 00:00:07",
            "webvtt")
cue_further("text-is-html", r"\A(.|\n)*", "<html></html>\n", "segment-format", "box", "map",
            number=1)


@further("maps-all-late", "several", "webvtt-map-time")
def _(stream):
    for path in stream.segments(stream.text):
        stream.edit(path, "MPEGTS:0", "MPEGTS:900000")


@further("text-in-latin-1", "several", "webvtt")
def _(stream):
    path = stream.segments(stream.text)[0]
    path.write_bytes(path.read_bytes().replace(b"Hello", b"H\xe9llo"))


@further("text-empty", "several", "segment-empty")
def _(stream):
    stream.segments(stream.text)[1].write_bytes(b"")


@further("text-absent", "several", "missing")
def _(stream):
    stream.segments(stream.text)[1].unlink()


# --- encryption --------------------------------------------------------------------------------

KEY = 'KEY:METHOD=AES-128,URI="k.key"'
text_further("iv-wrong", "encrypted", "rung", KEY, KEY + ",IV=0x" + "17" * 16, "box",
             "segment-format")
text_further("iv-short", "encrypted", "rung", KEY, KEY + ",IV=0x07", "key-iv")
text_further("iv-without-0x", "encrypted", "rung", KEY, KEY + ",IV=" + "00" * 16,
             "attribute-value")
text_further("key-left-out", "encrypted", "rung", "#EXT-X-KEY.*\n", "", "segment-format", "box")
text_further("key-is-none", "encrypted", "rung", KEY, "KEY:METHOD=NONE", "segment-format", "box")
text_further("key-of-samples", "encrypted", "rung", "AES-128", "SAMPLE-AES", "segment-format",
             "box")
text_further("key-without-address", "encrypted", "rung", ',URI="k.key"', "", "key")
text_further("key-elsewhere", "encrypted", "rung", "k.key", "l.key", "encrypted")
text_further("key-versions", "encrypted", "rung", KEY, KEY + ',KEYFORMATVERSIONS="1/x"',
             "attribute-value")
text_further("key-before-the-map", "encrypted", "rung", r"(#EXT-X-MAP.*\n)(#EXT-X-KEY.*\n)",
             r"\2\1", "map-iv")

@further("session-key-otherwise", "encrypted", "session-key")
def _(stream):
    key = stream.rung.parent.name + "/k.key"
    stream.edit(stream.master, r"(#EXT-X-VERSION.*\n)",
                rf'\1#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI="{key}"\n')


@further("key-wrong", "encrypted", "encrypted-size", "segment-format", "box")
def _(stream):
    (stream.rung.parent / "k.key").write_bytes(b"fedcba9876543210")


@further("key-short", "encrypted", "encrypted")
def _(stream):
    (stream.rung.parent / "k.key").write_bytes(b"0123456789")


@further("cipher-cut", "encrypted", "encrypted-size")
def _(stream):
    stream.segments()[1].write_bytes(stream.segments()[1].read_bytes()[:-5])


@further("cipher-a-block-short", "encrypted", "encrypted-size", "box")
def _(stream):
    stream.segments()[1].write_bytes(stream.segments()[1].read_bytes()[:-16])


@further("cipher-padding", "encrypted", "encrypted-size")
def _(stream):
    change_bytes(stream.segments()[1], lambda data: data.__setitem__(-17, data[-17] ^ 0x55))


@further("cipher-is-clear", "encrypted", "encrypted-size", "box", "segment-format")
def _(stream):
    stream.segments()[1].write_bytes(stream.init().read_bytes())


# --- other codecs ------------------------------------------------------------------------------

def codec_byte(name, codec, path, offset, value, *rules, form=">B"):
    further(name, "codecs", *rules)(
        lambda stream: set_at(stream.init(of_codec(stream, codec)), path, offset, value, form))


codec_byte("hvcc-level", "h265", H265 + "/hvcC", 20, 93, "configuration")
codec_byte("hvcc-profile", "h265", H265 + "/hvcC", 9, 2, "configuration")
codec_byte("hvcc-one-array", "h265", H265 + "/hvcC", 30, 1, "configuration")
codec_byte("hvcc-array-open", "h265", H265 + "/hvcC", 31, 0x20, "configuration")
codec_byte("hvcc-depth", "h265", H265 + "/hvcC", 25, 0xFA, "configuration")
codec_byte("hev1", "h265", H265, 4, 0x68657631, "hvc1", "codecs", form=">I")
codec_byte("av1c-marker", "av1", AV1 + "/av1C", 8, 1, "configuration")
codec_byte("av1c-level", "av1", AV1 + "/av1C", 9, 9, "codecs", "configuration")
codec_byte("av1c-absent", "av1", AV1 + "/av1C", 4, 0x66726565, "sample-entry", form=">I")
codec_byte("av01-width", "av1", AV1, 32, 322, "entry-size", form=">H")
text_further("av1-depth", "codecs", "master", r"av01\.0\.00M\.08", "av01.0.00M.10", "codecs")
text_further("h265-as-hev1", "codecs", "master", r"hvc1\.1", "hev1.1", "codecs")
text_further("h265-without-score", "codecs", "master", r"SCORE=1\.90,", "", "score")
text_further("av1-pq", "codecs", "master", r"(av01.*RANGE=)SDR", r"\1PQ", "video-range")


def h265_unit(data, wanted):
    at = list(boxes(data, "mdat"))[0][0] + 8
    while (data[at + 4] >> 1 & 0x3F) not in wanted:
        at += 4 + int.from_bytes(data[at:at + 4], "big")
    return at + 4


def h265_change(name, change, *rules):
    def seed(stream):
        path = stream.segments(of_codec(stream, "h265"))[1]
        change_bytes(path, lambda data: change(data, h265_unit(data, range(0, 32))))
    further(name, "codecs", *rules)(seed)


h265_change("h265-no-idr", set_byte(0x81, 1 << 1), "idr-first", "sync-flag")
h265_change("h265-cra", set_byte(0x81, 21 << 1), "idr-first")
h265_change("h265-set", set_byte(0x81, 33 << 1), "parameter-sets", "nal-unit")
h265_change("h265-forbidden-bit", set_byte(0x7F, 0x80), "nal-unit")
h265_change("h265-no-temporal-id", lambda data, at: set_byte(0xF8, 0)(data, at + 1), "nal-unit")
h265_change("h265-length", lambda data, at: struct.pack_into(">I", data, at - 4, 1 << 30),
            "nal-lengths")
h265_change("h265-first-slice", lambda data, at: set_byte(0x7F, 0)(data, at + 2), "nal-unit")


@further("av1-not-marked", "codecs", "sync-flag", "idr-first")
def _(stream):
    spoil(stream.segments(of_codec(stream, "av1"))[1], TRUN,
          lambda data, at: struct.pack_into(">I", data, first_sample_flags(data, at), 0x01010000))


@further("av1-all-marked", "codecs", "sync-flag")
def _(stream):
    path = stream.segments(of_codec(stream, "av1"))[1]

    def change(data, at):
        flags = int.from_bytes(data[at + 9:at + 12], "big")
        where = 12 + 4 + 4 * bin(flags & 0x1B).count("1")
        assert flags & 0x20
        struct.pack_into(">I", data, at + where, 0x02000000)
    spoil(path, TFHD, change, 1)


def av1_frame(data):
    """Where the first frame of a segment's first sample has its header."""
    at = list(boxes(data, "mdat"))[0][0] + 8
    while True:
        kind, begin, size, shift = data[at] >> 3 & 15, at + 1, 0, 0
        while True:
            byte = data[begin]
            size |= (byte & 0x7F) << shift
            shift, begin = shift + 7, begin + 1
            if byte < 0x80:
                break
        if kind in (3, 6):
            return begin
        at = begin + size


@further("av1-no-key-frame", "codecs", "sync-flag", "idr-first")
def _(stream):
    def change(data):
        at = av1_frame(data)
        data[at] = data[at] & 0x9F | 1 << 5
    change_bytes(stream.segments(of_codec(stream, "av1"))[1], change)


@further("av1-forbidden-bit", "codecs", "obu")
def _(stream):
    def change(data):
        data[list(boxes(data, "mdat"))[0][0] + 8] |= 0x80
    change_bytes(stream.segments(of_codec(stream, "av1"))[1], change)


@further("av1-size-of-a-unit", "codecs", "obu")
def _(stream):
    def change(data):
        data[list(boxes(data, "mdat"))[0][0] + 9] = 0x7F
    change_bytes(stream.segments(of_codec(stream, "av1"))[1], change)


@further("av1c-of-another-profile", "codecs", "codecs", "configuration")
def _(stream):
    path = stream.init(of_codec(stream, "av1"))
    set_at(path, AV1 + "/av1C", 10, 0x4C, ">B")
    assert re.search("av01", stream.master.read_text())
