"""Further faults to seed into DASH manifests and into transport streams: see further_faults.py."""
import struct

from further_faults import FURTHER, further, text_further

__all__ = ["FURTHER"]

# --- DASH --------------------------------------------------------------------------------------


def mpd_further(name, pattern, replacement, *rules, count=1):
    text_further("mpd-" + name, "dash", "mpd", pattern, replacement, *rules, count=count)


mpd_further("sar", 'sar="1:1"', 'sar="4:3"', "mpd-size")
mpd_further("channels", 'configuration:2011" value="1"', 'configuration:2011" value="6"',
            "mpd-size")
mpd_further("mime-type", 'mimeType="video/mp4"', 'mimeType="audio/mp4"', "mpd-content")
mpd_further("mime-type-form", 'mimeType="video/mp4"', 'mimeType="video"', "mpd-value",
            "mpd-content")
mpd_further("mime-type-of-mp4", "audio/mp4", "audio/webm", "mpd-content")
mpd_further("scheme-missing", r'Role schemeIdUri="[^"]*"', "Role", "mpd-attribute")
mpd_further("content-type", 'contentType="audio"', 'contentType="video"', "mpd-content")
mpd_further("set-ids", r"<AdaptationSet ", '<AdaptationSet id="1" ', "mpd-ids", count=2)
mpd_further("attribute", "frameRate=", "framerate=", "mpd-attribute")
mpd_further("element", "Role ", "Rolle ", "mpd-attribute")
mpd_further("width-in-words", 'width="640"', 'width="wide"', "mpd-value")
mpd_further("frame-rate-form", 'frameRate="30000/1001"', 'frameRate="29,97"', "mpd-value")
mpd_further("boolean", 'segmentAlignment="true"', 'segmentAlignment="yes"', "mpd-value")
mpd_further("duration-form", 'minBufferTime="PT6S"', 'minBufferTime="6"', "mpd")
mpd_further("start-form", 'start="PT0S"', 'start="0"', "mpd-value")
mpd_further("sap", 'startWithSAP="1"', 'startWithSAP="9"', "mpd-value")
mpd_further("largest-width", 'contentType="video"', 'contentType="video" maxWidth="426"',
            "mpd-bounds")
mpd_further("largest-bandwidth", 'contentType="video"', 'contentType="video" maxBandwidth="9000"',
            "mpd-bounds")
mpd_further("par", 'contentType="video"', 'contentType="video" par="4:3"', "mpd-size")
mpd_further("longest-segment", 'type="static"', 'type="static" maxSegmentDuration="PT2S"',
            "mpd-bounds")
mpd_further("profile", "isoff-live", "isoff-on-demand", "mpd-profile")
mpd_further("role", 'value="alternate"', 'value="alternative"', "mpd-value")
mpd_further("timeline-repeats", 'r="1"', 'r="2"', "missing", "mpd-timeline")
mpd_further("timeline-gap", '<S d="183183"/>', '<S t="1171170" d="183183"/>', "mpd-timeline")
mpd_further("timeline-entry", r'<S d="183183"/>', "", "mpd-timeline")
mpd_further("timeline-absent", r"<SegmentTimeline>(.|\n)*?</SegmentTimeline>", "", "mpd-segments")
mpd_further("timeline-durations", r'<S t="0" d="288768"/>\n\s*<S d="287744"/>',
            '<S t="0" d="240768"/><S d="335744"/>', "mpd-timeline")
mpd_further("timescale", 'timescale="90000"', 'timescale="48000"', "mpd-timeline")
mpd_further("start-number", 'startNumber="1"', 'startNumber="2"', "missing")
mpd_further("time-offset", 'timescale="90000"', 'timescale="90000" presentationTimeOffset="90000"',
            "mpd-timeline")
mpd_further("period-short", 'start="PT0S"', 'start="PT0S" duration="PT9S"', "mpd-timeline")
mpd_further("period-starts-late", 'start="PT0S"', 'start="PT3S"', "mpd-timeline")
mpd_further("language", 'lang="de"', 'lang="ger"', "mpd-language")
mpd_further("id-twice", 'id="240p"', 'id="360p"', "mpd-representation")
mpd_further("id-missing", ' id="240p"', "", "mpd-representation")
mpd_further("bandwidth-of-a-tenth", r'bandwidth="(\d+)\d"', r'bandwidth="\1"', "mpd-bandwidth")
mpd_further("bandwidth-signed", 'bandwidth="', 'bandwidth="-', "mpd-representation")
mpd_further("base-url", "(<Period)", r"<BaseURL>elsewhere/</BaseURL>\n\1", "missing")
mpd_further("codecs-he-aac", "mp4a.40.2", "mp4a.40.5", "mpd-codecs")
mpd_further("codecs-of-another", "avc1.64001e", "avc1.640015", "mpd-codecs")
mpd_further("init-of-another", r"\$RepresentationID\$-init", "240p-init", "mpd-size")
mpd_further("init-absent", r' initialization="[^"]*"', "", "map")
mpd_further("media-without-number", r"-\$Number%05d\$", "-00001", "continuity", "segment-repeated")
mpd_further("frame-rate", "30000/1001", "25", "mpd-size")
mpd_further("sampling-rate", "48000", "44100", "mpd-size", "mpd-timeline")
mpd_further("namespace", "mpd:2011", "mpd:2012", "mpd")
mpd_further("dynamic", "static", "dynamic", "mpd")
mpd_further("duration", "PT14", "PT24", "mpd-duration", "mpd-timeline")
mpd_further("cut", r"</Period>(.|\n)*", "", "mpd")
mpd_further("attribute-twice", r'<MPD ', '<MPD type="static" ', "mpd")
mpd_further("text-as-sound", "text/vtt", "audio/mp4", "mpd-content", "mpd-type")
mpd_further("not-aligned", r'(<S t="0" d="540540" r="1"/>\n\s*<S d="183183"/>)',
            '<S t="0" d="540540"/><S d="723723"/>', "mpd-timeline")


@further("mpd-representation-moved", "dash", "mpd-content")
def _(stream):
    text = stream.mpd.read_text()
    begin = text.index('   <Representation id="180p"')
    end = text.index("</Representation>\n", begin) + len("</Representation>\n")
    moved, text = text[begin:end], text[:begin] + text[end:]
    behind = text.index("\n", text.index('contentType="audio"')) + 1
    stream.mpd.write_text(text[:behind] + moved + text[behind:])


# --- transport streams -------------------------------------------------------------------------

PACKET = 188
PICTURE, SOUND = 0x100, 0x101


def packets(data):
    return [bytearray(data[at:at + PACKET]) for at in range(0, len(data), PACKET)]


def pid_of(packet):
    return (packet[1] & 0x1F) << 8 | packet[2]


def begins(packet):
    return bool(packet[1] & 0x40)


def payload_at(packet):
    return 4 + (packet[4] + 1 if packet[3] & 0x20 else 0)


def crc(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 1 << 31 else 0)) & 0xFFFFFFFF
    return value


def change_table(packet, change):
    """Changes the section in a packet, and its checksum."""
    at = payload_at(packet) + 1
    end = at + 3 + (struct.unpack_from(">H", packet, at + 1)[0] & 0xFFF)
    change(packet, at)
    struct.pack_into(">I", packet, end - 4, crc(packet[at:end - 4]))


def add_time(packet, where, ticks):
    high, middle, low = struct.unpack_from(">BHH", packet, where)
    time = (high >> 1 & 7) << 30 | middle >> 1 << 15 | low >> 1
    time += ticks
    struct.pack_into(">BHH", packet, where, high & 0xF1 | time >> 29 & 0xE,
                     time >> 14 & 0xFFFE | 1, time << 1 & 0xFFFE | 1)


def later_pes(packet, ticks, dts_too=True):
    at = payload_at(packet)
    flags = packet[at + 7]
    if flags & 0x80:
        add_time(packet, at + 9, ticks)
    if flags & 0x40 and dts_too:
        add_time(packet, at + 14, ticks)


def transport(name, *rules, number=1):
    """`change(packets)` on a segment; it may give back others."""
    def keep(change):
        def seed(stream):
            path = stream.segments()[number]
            read = packets(path.read_bytes())
            path.write_bytes(b"".join(change(read) or read))
        further("ts-" + name, "transport", *rules)(seed)
        return change
    return keep


def first(read, pid, wanted=lambda packet: True):
    return next(packet for packet in read if pid_of(packet) == pid and wanted(packet))


@transport("without-pat", "ts-tables")
def _(read):
    return [packet for packet in read if pid_of(packet) != 0]


@transport("without-pmt", "ts-tables")
def _(read):
    return [packet for packet in read if pid_of(packet) != 0x1000]


@transport("two-programs", "ts-tables")
def _(read):
    def change(packet, at):
        packet[at + 2] += 4
        packet[at + 12:at + 16] = struct.pack(">HH", 2, 0xF001)
    change_table(first(read, 0), change)


@transport("pat-checksum", "ts-tables")
def _(read):
    packet = first(read, 0)
    packet[payload_at(packet) + 1 + 12] ^= 0xFF


@transport("pmt-checksum", "ts-tables")
def _(read):
    packet = first(read, 0x1000)
    packet[payload_at(packet) + 1 + 9] ^= 0x01


@transport("type-of-picture", "video-codec", "codecs", "segment-empty", "same-media")
def _(read):
    def change(packet, at):
        packet[at + 12] = 0x24
    for packet in read:
        if pid_of(packet) == 0x1000:
            change_table(packet, change)


@transport("counter-repeated", "ts-continuity")
def _(read):
    of_picture = [packet for packet in read if pid_of(packet) == PICTURE]
    for packet in of_picture[5:]:
        packet[3] = packet[3] & 0xF0 | (packet[3] - 1) & 0x0F


@transport("without-clock", "ts-clock")
def _(read):
    for packet in read:
        if packet[3] & 0x20 and packet[4] > 0 and packet[5] & 0x10:
            packet[5] &= 0xEF


@transport("clock-elsewhere", "ts-clock")
def _(read):
    for packet in read:
        if packet[3] & 0x20 and packet[4] > 0 and packet[5] & 0x10:
            struct.pack_into(">I", packet, 6, struct.unpack_from(">I", packet, 6)[0] + 45000 * 30)


@transport("error-bit", "ts-packet")
def _(read):
    read[20][1] |= 0x80


@transport("scrambled", "ts-packet")
def _(read):
    first(read, PICTURE)[3] |= 0x80


@transport("sound-late", "ts-timestamps")
def _(read):
    for packet in read:
        if pid_of(packet) == SOUND and begins(packet):
            later_pes(packet, 90000)


@transport("picture-late", "ts-timestamps")
def _(read):
    for packet in read:
        if pid_of(packet) == PICTURE and begins(packet):
            later_pes(packet, 90000)


@transport("without-sound", "segment-empty")
def _(read):
    return [packet for packet in read if pid_of(packet) != SOUND]


@transport("without-picture", "segment-empty")
def _(read):
    return [packet for packet in read if pid_of(packet) != PICTURE]


@transport("without-sets", "ts-parameter-sets")
def _(read):
    packet = first(read, PICTURE)
    at = packet.index(b"\0\0\1\x67")
    packet[at + 3] = 0x6C


@transport("without-idr", "idr-first")
def _(read):
    for packet in read[:40]:
        at = packet.find(b"\0\0\1\x65")
        if pid_of(packet) == PICTURE and at > 0:
            packet[at + 3] = 0x61


@transport("decoded-after-shown", "ts-timestamps")
def _(read):
    packet = first(read, PICTURE, begins)
    at = payload_at(packet)
    flags = packet[at + 7]
    assert flags & 0x80
    if flags & 0x40:
        add_time(packet, at + 14, 90000)
        return
    packet[at + 7] |= 0x40
    told = packet[at + 9:at + 14]
    packet[at + 14:at + 19] = told
    packet[at + 8] = 10
    add_time(packet, at + 14, 90000)


@transport("two-at-one-time", "order-of-times", "frame-rate-varies")
def _(read):
    of_picture = [packet for packet in read if pid_of(packet) == PICTURE and begins(packet)]
    later_pes(of_picture[5], 3600)


@transport("no-start-code", "ts-packet")
def _(read):
    of_picture = [packet for packet in read if pid_of(packet) == PICTURE and begins(packet)]
    packet = of_picture[5]
    packet[payload_at(packet) + 2] = 7


@transport("cut", "ts-packet")
def _(read):
    read[-1] = read[-1][:100]


@transport("sync-byte", "ts-packet")
def _(read):
    read[30][0] = 0x48


@transport("cut-in-front", "ts-tables", "ts-timestamps")
def _(read):
    return read[60:]
