#!/usr/bin/env python3
"""Whether this build makes the same bytes as another one: each kind, format and codec.

    same_bytes.py OTHER [THIS]       two `ittybit`s, each beside its `ittybit-media`

What differs is named, with the sizes, and is for the commit to explain. x264 and x265 are not
always the same twice: what differs is made up to four times by each, and is the same if any of
both are. With a bound on the rate neither x264 nor SVT-AV1 ever is: of what they make of a stream
the names are compared, and the headers.
Status 1 where something differs, or an order fails, if in both."""
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEDIA = ROOT / "build/test_media"
LEVELS = ("very_low", "very_high")
TRIES = 4
UNSTEADY = re.compile(r"(p|-av1)(-low)?-\d+\.m4s$|\.m3u8$|\.mpd$")  # and what tells their size


def orders():
    """(kind, options, input) of each."""
    for form, codecs in {"mp4": ("h264", "h265", "av1"), "mov": ("h264", "h265"),
                         "webm": ("vp9", "av1")}.items():
        for codec in codecs:
            how = {"format": form, "codec": codec, "width": 128, "end": 1}
            for quality in LEVELS if codec != "av1" else ("low",):
                yield "video", {**how, "quality": quality}, "flash-small.mp4"
    yield "video", {}, "flash-small.mkv"  # copied
    yield "video", {"format": "mov"}, "flash-small.ts"
    yield "video", {"width": 160}, "bars-hdr10.mp4"
    yield "video", {"width": 90, "height": 160, "fit": "contain", "fps": 12.5}, "interlaced.mpg"
    yield "video", {"width": 120, "format": "webm"}, "alpha.webm"
    for form in ("mp3", "aac", "ogg", "opus", "wav", "flac"):
        yield "audio", {"format": form}, "flash-small.mkv"
        yield "audio", {"format": form, "end": 2, "start": 0.5}, "surround.wav"
    yield "audio", {"waveform": "json"}, "tone.mp3"
    yield "audio", {"waveform": "png", "width": 200}, "tone.mp3"
    yield "audio", {"format": "mp3", "normalize": "lufs"}, "tone.flac"
    for form in ("jpeg", "png", "webp", "avif"):
        for quality in LEVELS if form != "png" else ("low",):
            yield "image", {"format": form, "quality": quality, "width": 200}, "photo.jpg"
        yield "image", {"format": form, "start": 1}, "flash-small.mp4"
        yield "image", {"format": form}, "alpha.png"
    steps = {"format": "jpeg", "interval": 1, "width": 80}
    yield "image", steps, "flash-small.mp4"
    yield "image", {**steps, "sheet": "sprite"}, "flash-small.mp4"
    for form in ("gif", "webp"):
        for quality in LEVELS:
            yield "animation", {"format": form, "quality": quality, "end": 1, "width": 120}, \
                "flash-small.mp4"
        yield "animation", {"format": form, "end": 9}, "animated.webp"
    for codecs in (["h264"], ["h264", "h265"], ["h264", "av1"]):
        yield "adaptive_video", {"codecs": codecs, "end": 2, "quality": "low"}, "flash-small.mp4"
    yield "adaptive_video", {"mute_video": True}, "flash-small.mp4"


def made(program, kind, options, source):
    """Hashes of what one order comes to, by name; what it says where it fails."""
    body = json.dumps({"outputs": [{"kind": kind, "options": options}]})
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [program, "run", "-i", MEDIA / source, "--body", body, "-o", f"{folder}/", "--quiet"],
            capture_output=True, text=True, check=False)
        if done.returncode:
            return {"failed": done.stderr.strip()[-200:]}
        return {name_in(folder, path): facts(path) for path in pathlib.Path(folder).rglob("*")
                if path.is_file()}


def name_in(folder, path):
    """Without the job's id."""
    return re.sub(r"-\w{8}/", "/", str(path.relative_to(folder)))


def facts(path):
    if UNSTEADY.search(path.name):
        return "is there"
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8], path.stat().st_size


def are_alike(other, this, order):
    """The files that differ however often both are made."""
    ours, theirs = [made(this, *order)], [made(other, *order)]
    while not any(one == two and "failed" not in one for one in ours for two in theirs):
        if len(ours) == TRIES:
            one, two = theirs[0], ours[0]
            return [(name, one.get(name), two.get(name)) for name in sorted({*one, *two})
                    if one.get(name) != two.get(name) or name == "failed"]
        ours.append(made(this, *order))
        theirs.append(made(other, *order))
    return []


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    this = sys.argv[2] if len(sys.argv) == 3 else ROOT / "build/release/ittybit"
    others = list(orders())
    differing = 0
    for order in others:
        found = are_alike(sys.argv[1], this, order)
        differing += bool(found)
        for name, one, two in found:
            print(order[0], json.dumps(order[1]), order[2], name, one, "→", two, flush=True)
    print(f"{len(others) - differing} of {len(others)} have the same bytes")
    return differing > 0


if __name__ == "__main__":
    sys.exit(main())
