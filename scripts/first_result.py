#!/usr/bin/env python3
"""From nothing to a first result: in a fresh Debian of this release (debootstrap, in a folder) the
package is installed, the service started, a job done and the page seen. Prints how long each takes.

    first_result.py DEB CLIP         as root; Chromium looks at the page"""
import contextlib
import pathlib
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))
import image

MIRROR = "http://deb.debian.org/debian"
RELEASE = platform.freedesktop_os_release()["VERSION_CODENAME"]
PORT = 28980
URL = f"http://127.0.0.1:{PORT}"
CLIENT = (f"export ITTYBIT_API_URL={URL}; "
          "export ITTYBIT_API_KEY=$(cat /var/lib/ittybit/first-key); ")


def out_of(*words, **more):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False,
                          **more)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def scratch_folder():
    """An empty folder, removed at the end; what is mounted there is left alone."""
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        out_of("rm", "-rf", "--one-file-system", folder)


@contextlib.contextmanager
def fresh_debian(folder):
    """A Debian with nothing in it, in an empty folder: what a container's image is, too."""
    cache = ROOT / f"build/{RELEASE}.tar"
    if not cache.exists():
        with scratch_folder() as made:
            out_of("debootstrap", "--variant=minbase", RELEASE, made, MIRROR)
            out_of("tar", "-cf", cache, "-C", made, ".")
    out_of("tar", "-xf", cache, "-C", folder)
    folder.chmod(0o755)  # users other than root live there too
    with contextlib.ExitStack() as mounts:
        for place in ("proc", "sys", "dev"):
            out_of("mount", "--rbind", "--make-rslave", f"/{place}", folder / place)
            mounts.callback(out_of, "umount", "-l", folder / place)
        shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
        yield folder


def inside(root, script):
    return out_of("chroot", root, "sh", "-ec", script,
                  env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                       "DEBIAN_FRONTEND": "noninteractive"})


def as_image(command):
    """A line for sh as a container of the image runs it, but at a port that is free here."""
    settings = " ".join(f"{name}={value}" for name, value in image.ENVIRONMENT.items())
    line = (f"exec setpriv --reuid={image.USER} --regid={image.USER} --clear-groups "
            f"env {settings} HOME=/ sh -c {shlex.quote(command)}")
    return line.replace(":8080", f":{PORT}")


def install(root, deb):
    """As the container's image does it."""
    shutil.copy(deb, root / "opt")
    for step in image.STEPS:
        inside(root, step)


@contextlib.contextmanager
def served(root):
    """The service, once it is healthy, as a container runs it."""
    command = as_image("exec " + shlex.join(image.ENTRYPOINT + image.COMMAND))
    with subprocess.Popen(["chroot", root, "sh", "-c", command], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as server:
        try:
            inside(root, as_image(f"for i in $(seq 200); do {image.HEALTH} && exit; sleep 0.1; "
                                  "done; exit 1"))
            yield server
        finally:
            server.terminate()


def page():
    """What a browser shows, once its scripts have run."""
    with scratch_folder() as home:
        return out_of("chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
                      f"--user-data-dir={home}", "--dump-dom", URL)


def first_result(root, deb, clip):
    """Seconds that each step takes. The package stays installed, and the result is in /opt."""
    seconds, last = {}, time.monotonic()

    def done(step):
        nonlocal last
        now = time.monotonic()
        seconds[step], last = now - last, now

    install(root, deb)
    done("package installed")
    with served(root):
        done("service started")
        shutil.copy(clip, root / "opt/clip.mp4")
        inside(root, CLIENT +
               "ittybit video -i /opt/clip.mp4 -o /opt/first.mp4 --width 640 --end 5")
        done("first job done")
        assert "API key" in page(), "the page asks for a key"
        done("page seen")
    return seconds


def report(seconds):
    rows = {**seconds, "in all": sum(seconds.values())}
    return "\n".join(f"{step:18}{taken:6.1f} s" for step, taken in rows.items())


def main(deb, clip):
    with scratch_folder() as folder, fresh_debian(folder) as root:
        print(report(first_result(root, deb, clip)))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
