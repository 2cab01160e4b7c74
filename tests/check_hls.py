#!/usr/bin/env python3
"""Checks an HLS stream with CMAF segments against RFC 8216, Apple's authoring specification and
ISO/IEC 23000-19, as far as its bytes tell. Independent of the code that made it.

    check_hls.py MASTER.m3u8 [--json]

Prints one line per fault, then the number of checks; exit status 1 when there was a fault. The
words in brackets (HLS-3, CMAF-2) are the rules of the two standards' checklist.
"""

import json
import math
import re
import struct
import sys
from pathlib import Path
from urllib.parse import unquote

KEY_SECONDS = 2
SEGMENT_SECONDS = 6
LEAST_SECONDS = 0.5  # less stays with the segment before


class Checker:
    def __init__(self):
        self.faults = []
        self.count = 0

    def expect(self, holds, rule, text):
        self.count += 1
        if not holds:
            self.faults.append(f"[{rule}] {text}")
        return holds


# --- playlists ---------------------------------------------------------------------------------

def attributes(text):
    found = {}
    for name, quoted, plain in re.findall(r'([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))', text):
        found[name] = quoted or plain
    return found


def read_lines(path, check):
    raw = path.read_bytes()
    check.expect(not raw.startswith(b"\xef\xbb\xbf"), "HLS-1", f"{path.name}: has a BOM")
    text = raw.decode("utf-8")
    lines = text.split("\n")
    check.expect(lines[0] == "#EXTM3U", "HLS-1", f"{path.name}: does not begin with #EXTM3U")
    version = [int(line.split(":")[1]) for line in lines if line.startswith("#EXT-X-VERSION:")]
    check.expect(len(version) == 1 and version[0] >= 7, "HLS-1", f"{path.name}: version {version}")
    return lines


def read_master(path, check):
    lines = read_lines(path, check)
    master = {"variants": [], "frames": [], "media": []}
    check.expect("#EXT-X-INDEPENDENT-SEGMENTS" in lines, "HLS-4", "no INDEPENDENT-SEGMENTS")
    for i, line in enumerate(lines):
        if line.startswith("#EXT-X-STREAM-INF:"):
            master["variants"].append({**attributes(line), "URI": lines[i + 1]})
        elif line.startswith("#EXT-X-I-FRAME-STREAM-INF:"):
            master["frames"].append(attributes(line))
        elif line.startswith("#EXT-X-MEDIA:"):
            master["media"].append(attributes(line))
    return master


def read_media(path, check):
    lines = read_lines(path, check)
    name = path.name
    tag = "#EXT-X-TARGETDURATION:"
    target = [int(line.removeprefix(tag)) for line in lines if line.startswith(tag)]
    check.expect(len(target) == 1, "HLS-2", f"{name}: TARGETDURATION {target}")
    check.expect("#EXT-X-PLAYLIST-TYPE:VOD" in lines, "HLS-2", f"{name}: not VOD")
    check.expect("#EXT-X-ENDLIST" in lines, "HLS-2", f"{name}: no ENDLIST")
    playlist = {"name": name, "path": path, "target": target[0], "segments": [],
                "frames_only": "#EXT-X-I-FRAMES-ONLY" in lines}
    duration, byte_range = None, None
    for line in lines:
        if line.startswith("#EXT-X-MAP:"):
            playlist["init"] = unquote(attributes(line)["URI"])
        elif line.startswith("#EXTINF:"):
            word = line[8:].rstrip(",")
            check.expect("." in word, "HLS-3", f"{name}: EXTINF {word} has no decimals")
            duration = float(word)
        elif line.startswith("#EXT-X-BYTERANGE:"):
            length, offset = line[17:].split("@")
            byte_range = (int(offset), int(length))
        elif line and not line.startswith("#"):
            check.expect(round(duration) <= playlist["target"], "HLS-2",
                         f"{name}: EXTINF {duration} over target {playlist['target']}")
            playlist["segments"].append({"uri": unquote(line), "duration": duration,
                                         "range": byte_range})
            byte_range = None
    return playlist


def bits_of(segment, folder):
    if segment["range"]:
        return segment["range"][1] * 8
    return (folder / segment["uri"]).stat().st_size * 8


def rates(playlist):
    """The measured peak and average of a media playlist, bits per second."""
    folder = playlist["path"].parent
    runs = [(s["duration"], bits_of(s, folder)) for s in playlist["segments"]]
    average = sum(b for _, b in runs) / sum(d for d, _ in runs)
    peak = 0
    for first in range(len(runs)):
        seconds = bits = 0
        for duration, size in runs[first:]:
            seconds += duration
            bits += size
            if seconds > 1.5 * playlist["target"]:
                break
            if seconds >= 0.5 * playlist["target"]:
                peak = max(peak, bits / seconds)
    return peak or average, average


# --- boxes -------------------------------------------------------------------------------------

CONTAINERS = {"moov", "trak", "mdia", "minf", "stbl", "mvex", "moof", "traf", "edts", "dinf"}


def boxes(data, start=0, end=None):
    end = len(data) if end is None else end
    while start < end:
        size, kind = struct.unpack_from(">I4s", data, start)
        kind = kind.decode("latin1")
        if size < 8 or start + size > end:
            raise ValueError(f"box {kind} of {size} bytes at {start} of {end}")
        yield kind, start, start + 8, start + size
        start += size


def find_all(data, path, start=0, end=None):
    kind, _, rest = path.partition("/")
    for found, _, body, stop in boxes(data, start, end):
        if found == kind:
            if rest:
                yield from find_all(data, rest, body, stop)
            else:
                yield data[body:stop]


def descriptor(data, tag):
    """The content of the first descriptor with this tag, looking into those that hold others."""
    at = 0
    while at < len(data):
        kind, at = data[at], at + 1
        size = 0
        while True:
            size = size << 7 | data[at] & 0x7F
            at += 1
            if not data[at - 1] & 0x80:
                break
        body = data[at:at + size]
        if kind == tag:
            return body
        if kind == 3:
            return descriptor(body[3:], tag)
        if kind == 4:
            return descriptor(body[13:], tag)
        at += size
    return None


def read_init(data, check, name):
    brands = next(find_all(data, "ftyp"))
    brands = {brands[i:i + 4].decode() for i in range(0, len(brands), 4)} - {"\0\0\0\0"}
    tracks = list(find_all(data, "moov/trak"))
    check.expect(len(tracks) == 1, "CMAF-1", f"{name}: {len(tracks)} tracks")
    check.expect({"iso6", "cmfc"} <= brands, "CMAF-1", f"{name}: brands {brands}")
    check.expect(bool(list(find_all(data, "moov/mvex/trex"))), "CMAF-1", f"{name}: no trex")
    track = tracks[0]
    header = next(find_all(track, "mdia/mdhd"))
    timescale = struct.unpack_from(">I", header, 12 if header[0] == 0 else 20)[0]
    entry = next(find_all(track, "mdia/minf/stbl/stsd"))[8:]
    kind = entry[4:8].decode()
    edits = list(find_all(track, "edts/elst"))
    facts = {"timescale": timescale, "kind": kind, "priming": 0}
    if kind == "avc1":
        check.expect("cmf2" in brands, "CMAF-5", f"{name}: no cmf2 brand")
        check.expect(not edits, "CMAF-5", f"{name}: a video edit list")
        facts["size"] = struct.unpack_from(">HH", entry, 8 + 24)
        avcc = next(find_all(entry[8 + 78:], "avcC"))
        facts["codec"] = "avc1." + avcc[1:4].hex()
        check.expect(avcc[1] == 100, "HLS-10", f"{name}: profile {avcc[1]} is not High")
        check.expect(avcc[3] <= 42, "HLS-10", f"{name}: level {avcc[3]}")
    elif kind == "mp4a":
        esds = next(find_all(entry[8 + 28:], "esds"))[4:]
        config = descriptor(esds, 5)
        facts["codec"] = f"mp4a.40.{config[0] >> 3}"
        if edits:
            facts["priming"] = struct.unpack_from(">i", edits[0], 12)[0]
    return facts


def read_samples(data, check, name, wants_head=True):
    """All samples of a media segment: decode and presentation time, duration, sync flag, bytes."""
    samples, at = [], 0
    top = list(boxes(data))
    if wants_head:
        check.expect(top[0][0] == "styp", "CMAF-3", f"{name}: no styp")
    moof_start = None
    for kind, start, body, stop in top:
        if kind == "moof":
            moof_start, moof = start, data[body:stop]
        elif kind == "mdat":
            samples += fragment_samples(data, moof, moof_start, check, name)
        else:
            check.expect(kind == "styp", "CMAF-2", f"{name}: box {kind}")
    return samples


def fragment_samples(data, moof, moof_start, check, name):
    runs = list(find_all(moof, "traf"))
    check.expect(len(runs) == 1, "CMAF-2", f"{name}: {len(runs)} traf")
    tfhd = next(find_all(runs[0], "tfhd"))
    flags = int.from_bytes(tfhd[1:4], "big")
    check.expect(flags & 0x020000 and not flags & 1, "CMAF-2", f"{name}: no default-base-is-moof")
    at = 8
    at += 4 if flags & 2 else 0
    default_duration = default_size = default_flags = 0
    if flags & 8:
        default_duration = struct.unpack_from(">I", tfhd, at)[0]
        at += 4
    if flags & 0x10:
        default_size = struct.unpack_from(">I", tfhd, at)[0]
        at += 4
    if flags & 0x20:
        default_flags = struct.unpack_from(">I", tfhd, at)[0]
    tfdt = next(find_all(runs[0], "tfdt"))
    check.expect(tfdt[0] == 1, "CMAF-2", f"{name}: tfdt version {tfdt[0]}")
    decoded = struct.unpack_from(">Q", tfdt, 4)[0]
    truns = list(find_all(runs[0], "trun"))
    check.expect(len(truns) == 1, "CMAF-2", f"{name}: {len(truns)} trun")
    trun = truns[0]
    flags = int.from_bytes(trun[1:4], "big")
    count, offset = struct.unpack_from(">Ii", trun, 4)
    at, position = 12, moof_start + offset
    first_flags = None
    if flags & 4:
        first_flags = struct.unpack_from(">I", trun, at)[0]
        at += 4
    samples = []
    for i in range(count):
        duration, size, sample_flags, composition = default_duration, default_size, default_flags, 0
        if flags & 0x100:
            duration, at = struct.unpack_from(">I", trun, at)[0], at + 4
        if flags & 0x200:
            size, at = struct.unpack_from(">I", trun, at)[0], at + 4
        if flags & 0x400:
            sample_flags, at = struct.unpack_from(">I", trun, at)[0], at + 4
        if flags & 0x800:
            composition, at = struct.unpack_from(">i" if trun[0] else ">I", trun, at)[0], at + 4
        if i == 0 and first_flags is not None:
            sample_flags = first_flags
        check.expect(position + size <= len(data), "CMAF-3", f"{name}: sample behind the end")
        samples.append({"dts": decoded, "pts": decoded + composition, "duration": duration,
                        "sync": not sample_flags & 0x10000,
                        "data": data[position:position + size]})
        decoded += duration
        position += size
    return samples


def is_idr(sample):
    at, data = 0, sample["data"]
    while at + 4 < len(data):
        if data[at + 4] & 0x1F == 5:
            return True
        at += 4 + int.from_bytes(data[at:at + 4], "big")
    return False


# --- the whole ---------------------------------------------------------------------------------

def check_rendition(playlist, check, fps):
    name, folder = playlist["name"], playlist["path"].parent
    facts = read_init((folder / playlist["init"]).read_bytes(), check, playlist["init"])
    ticks, timescale = 0, facts["timescale"]
    facts["begins"], facts["keys"], facts["frames"] = [], [], 0
    presented = []
    for segment in playlist["segments"]:
        uri = segment["uri"]
        samples = read_samples((folder / uri).read_bytes(), check, uri)
        check.expect(samples[0]["dts"] == ticks, "CMAF-3",
                     f"{uri}: tfdt {samples[0]['dts']} after {ticks}")
        facts["begins"].append(ticks / timescale)
        length = sum(sample["duration"] for sample in samples)
        shown = length - (facts["priming"] if ticks == 0 else 0)
        check.expect(abs(shown / timescale - segment["duration"]) < 1e-4, "HLS-3",
                     f"{uri}: EXTINF {segment['duration']} for {shown / timescale}")
        if facts["kind"] == "avc1":
            check.expect(samples[0]["sync"] and is_idr(samples[0]), "HLS-4", f"{uri}: no IDR first")
            check.expect(min(s["pts"] for s in samples) == samples[0]["pts"] == ticks, "CMAF-3",
                         f"{uri}: shown before its begin")
            for sample in samples:
                check.expect(sample["sync"] == is_idr(sample), "CMAF-3", f"{uri}: wrong sync flag")
                if is_idr(sample):
                    facts["keys"].append(sample["pts"] / timescale)
        presented += [sample["pts"] for sample in samples]
        facts["frames"] += len(samples)
        ticks += length
    facts["duration"] = (ticks - facts["priming"]) / timescale
    frame = samples[0]["duration"] / timescale
    total = sum(segment["duration"] for segment in playlist["segments"])
    check.expect(abs(total - facts["duration"]) <= frame, "HLS-3",
                 f"{name}: EXTINF add up to {total}, the track lasts {facts['duration']}")
    if facts["kind"] == "avc1":
        presented.sort()
        steps = {b - a for a, b in zip(presented, presented[1:])}
        check.expect(len(steps) <= 1, "HLS-10", f"{name}: frame steps {sorted(steps)[:5]}")
        if fps:
            check.expect(abs(1 / frame - fps) < 0.001, "HLS-6", f"{name}: {1 / frame} fps")
        # Beside renditions of half the rate a key frame is the first that they have too.
        expected = first_frames(presented, timescale, KEY_SECONDS)
        check.expect(are_near(facts["keys"], expected, frame), "HLS-9",
                     f"{name}: keys {facts['keys'][:8]}")
        expected = first_frames(presented, timescale, SEGMENT_SECONDS)
        if ticks / timescale - expected[-1] < LEAST_SECONDS:
            expected = expected[:1] + expected[1:-1]
        check.expect(are_near(facts["begins"], expected, frame), "HLS-5",
                     f"{name}: begins {facts['begins'][:8]}")
    return facts


def are_near(found, expected, frame):
    return len(found) == len(expected) and all(
        -1e-6 < a - b < frame + 1e-6 for a, b in zip(found, expected)
    )


def first_frames(presented, timescale, period):
    """The first frame at or after each multiple of `period` seconds."""
    found, following = [], 0
    for at in presented:
        if at >= following * period * timescale:
            found.append(at / timescale)
            following = at // (period * timescale) + 1
    return found


def check_frames_only(playlist, check, keys):
    folder, name = playlist["path"].parent, playlist["name"]
    check.expect(playlist["frames_only"], "HLS-9", f"{name}: no I-FRAMES-ONLY")
    facts = read_init((folder / playlist["init"]).read_bytes(), check, playlist["init"])
    times = []
    for segment in playlist["segments"]:
        offset, length = segment["range"]
        data = (folder / segment["uri"]).read_bytes()[offset:offset + length]
        samples = read_samples(data, check, f"{name} {segment['uri']}@{offset}", wants_head=False)
        single = len(samples) == 1 and is_idr(samples[0])
        check.expect(single, "HLS-9", f"{name}: {segment['uri']}@{offset} is not one IDR picture")
        times.append(samples[0]["pts"] / facts["timescale"])
    check.expect(times == keys, "HLS-9", f"{name}: not all key frames are listed")


def check_rate(declared, measured, rule, text, check):
    check.expect(measured <= declared + 1, rule, f"{text}: {measured:.0f} over declared {declared}")
    check.expect(measured >= declared * 0.9, rule, f"{text}: {measured:.0f}, declared {declared}")


def check_stream(path, check):
    master = read_master(path, check)
    folder = path.parent
    check.expect(bool(master["variants"]), "HLS-6", "no variants")
    groups, audio = {}, None
    for media in master["media"]:
        check.expect({"NAME", "LANGUAGE", "GROUP-ID", "URI"} <= set(media), "HLS-8", f"{media}")
        check.expect(media.get("DEFAULT") == "YES", "HLS-8", "no default rendition")
        playlist = read_media(folder / unquote(media["URI"]), check)
        facts = check_rendition(playlist, check, None)
        groups[media["GROUP-ID"]] = audio = {**facts, "playlist": playlist,
                                             "rates": rates(playlist)}
        check.expect(facts["kind"] == "mp4a", "HLS-11", "the audio group is not AAC")
    targets, videos = set(), {}
    for variant in master["variants"]:
        uri = variant["URI"]
        playlist = read_media(folder / unquote(uri), check)
        targets.add(playlist["target"])
        fps = float(variant["FRAME-RATE"]) if "FRAME-RATE" in variant else None
        facts = check_rendition(playlist, check, fps)
        codecs = [facts["codec"]]
        peak, average = rates(playlist)
        if "AUDIO" in variant:
            check.expect(variant["AUDIO"] in groups, "HLS-8", f"{uri}: group {variant['AUDIO']}")
            group = groups[variant["AUDIO"]]
            codecs.append(group["codec"])
            peak, average = peak + group["rates"][0], average + group["rates"][1]
            targets.add(group["playlist"]["target"])
        check.expect(variant["CODECS"] == ",".join(codecs), "HLS-6",
                     f"{uri}: CODECS {variant['CODECS']}, found {codecs}")
        check_rate(int(variant["BANDWIDTH"]), peak, "HLS-7", f"{uri} peak", check)
        check_rate(int(variant["AVERAGE-BANDWIDTH"]), average, "HLS-7", f"{uri} average", check)
        if facts["kind"] == "avc1":
            size = "{}x{}".format(*facts["size"])
            check.expect(variant.get("RESOLUTION") == size, "HLS-6", f"{uri}: RESOLUTION")
            check.expect(fps is not None and fps <= 60, "HLS-10", f"{uri}: FRAME-RATE {fps}")
            check.expect(variant.get("CLOSED-CAPTIONS") == "NONE", "HLS-6", f"{uri}: captions")
            videos[uri] = facts
    check.expect(len(targets) == 1, "HLS-2", f"target durations {targets}")
    for uri, facts in videos.items():
        first = next(iter(videos.values()))
        check.expect(facts["begins"] == first["begins"], "HLS-5", f"{uri}: other boundaries")
        check.expect(facts["keys"] == first["keys"], "CMAF-4", f"{uri}: other key frames")
        check.expect(facts["timescale"] == first["timescale"], "CMAF-4", f"{uri}: other timescale")
        check.expect(facts["duration"] == first["duration"], "HLS-5", f"{uri}: other duration")
        if audio:
            for mine, theirs in zip(audio["begins"], facts["begins"]):
                shifted = mine - (audio["priming"] / audio["timescale"] if mine else 0)
                check.expect(abs(shifted - theirs) <= 0.02, "HLS-5", f"sound begins {shifted}")
    if videos:
        check.expect(bool(master["frames"]), "HLS-9", "no I-frame playlists")
    for frames in master["frames"]:
        playlist = read_media(folder / unquote(frames["URI"]), check)
        check_frames_only(playlist, check, next(iter(videos.values()))["keys"])
        peak, average = rates(playlist)
        check_rate(int(frames["BANDWIDTH"]), peak, "HLS-7", f"{frames['URI']} peak", check)
        check_rate(int(frames["AVERAGE-BANDWIDTH"]), average, "HLS-7", frames["URI"], check)
    return {"videos": videos, "audio": audio, "variants": len(master["variants"])}


def main():
    check = Checker()
    path = Path(sys.argv[1])
    try:
        result = check_stream(path, check)
    except (OSError, ValueError, KeyError, IndexError, StopIteration, struct.error) as error:
        check.faults.append(f"[HLS-1] cannot be read: {error!r}")
        result = None
    for fault in check.faults:
        print(fault)
    print(f"{check.count} checks, {len(check.faults)} faults")
    if "--json" in sys.argv and result:
        keep = ("codec", "duration", "frames", "begins", "keys", "priming")
        videos = {uri: {k: f[k] for k in keep} for uri, f in result["videos"].items()}
        audio = result["audio"] and {k: result["audio"][k] for k in keep}
        print(json.dumps({"videos": videos, "audio": audio}))
    return 1 if check.faults else 0


if __name__ == "__main__":
    sys.exit(main())
