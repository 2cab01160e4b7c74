#!/usr/bin/env python3
"""Checks an HLS stream of ours in two ways: by `ittybit validate`, which knows the rules of the
standards, and by FFmpeg's demuxer and decoders, which know nothing of our code. A DASH manifest
over it is validated too.

    check_hls.py MASTER.m3u8

Prints one line per fault, then their number; exit status 1 when there was one."""
import json
import pathlib
import re
import subprocess
import sys
from urllib.parse import unquote

import cli
import look

KEY_SECONDS = 2


def validated(manifest):
    """Every must that the stream breaks."""
    run = subprocess.run([cli.BINARY, "validate", "--json", "--no-decode", manifest],
                         capture_output=True, text=True, check=False)
    told = json.loads(run.stdout.splitlines()[-1])
    if "findings" not in told:
        yield f"validate: {told.get('message')}"
    for finding in told.get("findings", []):
        if finding["severity"] == "must":
            yield f"[{finding['source']}] {finding['file']}: {finding['message']}"


def packets(playlist, kind):
    """Times, lengths and key flags of a playlist's packets, as FFmpeg's demuxer sees them."""
    run = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", kind, "-show_entries",
         "packet=pts_time,duration_time,flags", "-of", "json", playlist],
        capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)["packets"]
    return sorted((float(p["pts_time"]), float(p.get("duration_time", 0)), "K" in p["flags"])
                  for p in found if "pts_time" in p)


def listed_seconds(playlist):
    return sum(map(float, re.findall(r"#EXTINF:([0-9.]+)", playlist.read_text())))


def has_keys(found):
    """Whether it begins with a key frame, and has one every two seconds."""
    keys = [time for time, _, is_key in found if is_key]
    slack = 2 * found[0][1] + 1e-3
    steps = [after - before for before, after in zip(keys, [*keys[1:], found[-1][0]])]
    return found[0][2] and max(steps) < KEY_SECONDS + slack


def demuxed(master):
    """What FFmpeg finds wrong with each variant's own playlist."""
    text = master.read_text()
    uris = re.findall(r"#EXT-X-STREAM-INF.*\n(.*)\n", text)
    for uri in uris:
        playlist = master.parent / unquote(uri)
        pictures = packets(playlist, "v")
        found = pictures or packets(playlist, "a")
        if not found:
            yield f"{uri}: nothing in it"
            continue
        lasted = found[-1][0] + found[-1][1] - found[0][0]
        # FFmpeg moves all but the first picture by one when it meets a negative composition offset.
        slack = max(0.05, 1.1 * found[0][1]) if pictures else 0.1
        if abs(lasted - listed_seconds(playlist)) > slack:
            yield f"{uri}: lasts {lasted:.3f} s, listed are {listed_seconds(playlist):.3f} s"
        if pictures and not has_keys(pictures):
            yield f"{uri}: not a key frame every {KEY_SECONDS} s"
        if complaint := look.decode_complaints(playlist):
            yield f"{uri}: {complaint}"


def main():
    master = pathlib.Path(sys.argv[1])
    manifests = [master, *master.parent.glob("*/manifest.mpd")]
    faults = [*(fault for manifest in manifests for fault in validated(manifest)),
              *demuxed(master)]
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
