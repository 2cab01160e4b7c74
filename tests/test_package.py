"""What is installed: a .deb in a fresh Debian, of the release that it was built on, and an archive
that runs from anywhere.

`./dev test --package` makes the packages and says where they are; it wants root."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import cli

sys.path.append(str(cli.ROOT / "scripts"))
from first_result import CLIENT, first_result, fresh_debian, inside, out_of, report, served

pytestmark = pytest.mark.skipif("ITTYBIT_PACKAGES" not in os.environ,
                                reason="./dev test --package makes what is tested here")


@pytest.fixture(scope="module")
def packages():
    """The folder that holds the .deb and the .tar.gz."""
    return pathlib.Path(os.environ["ITTYBIT_PACKAGES"])


@pytest.fixture(scope="module")
def deb(packages):
    return next(packages.glob("*.deb"))


def test_the_package_holds_what_an_operator_expects(deb, tmp_path):
    listed = out_of("dpkg-deb", "-c", deb)
    for path in ("usr/bin/ittybit", "usr/bin/ittybit-media", "usr/share/man/man1/ittybit.1",
                 "usr/share/man/man1/ittybit-media.1", "usr/share/man/man5/ittybit.toml.5",
                 "usr/share/bash-completion/completions/ittybit", "etc/ittybit/ittybit.toml",
                 "usr/share/zsh/vendor-completions/_ittybit",
                 "usr/share/fish/vendor_completions.d/ittybit.fish",
                 "usr/lib/systemd/system/ittybit.service",
                 "usr/lib/systemd/system/ittybit-worker@.service",
                 "usr/share/doc/ittybit/copyright", "usr/share/doc/ittybit/docs/service.md"):
        assert f" ./{path}\n" in listed, listed
    assert "usr/etc" not in listed
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}
    control = out_of("dpkg-deb", "-f", deb)
    for needed in ("libavcodec", "libvips", "libcurl", "libsqlite3", "adduser", "ca-certificates"):
        assert needed in control
    out_of("dpkg-deb", "-e", deb, tmp_path)
    assert (tmp_path / "conffiles").read_text() == "/etc/ittybit/ittybit.toml\n"


def test_the_units_are_what_systemd_takes(deb, tmp_path):
    out_of("dpkg-deb", "-x", deb, tmp_path)
    for unit, command in (("ittybit.service", "serve"), ("ittybit-worker@.service", "worker")):
        text = (tmp_path / "usr/lib/systemd/system" / unit).read_text()
        assert (f"ExecStart=/usr/bin/ittybit {command} --config /etc/ittybit/ittybit.toml\n"
                in text)
        assert "@" not in text.replace("ittybit-worker@", "").replace("~@", "@").split(
            "SystemCallFilter")[0]
    if shutil.which("systemd-analyze"):
        service = tmp_path / "usr/lib/systemd/system/ittybit.service"
        told = subprocess.run(["systemd-analyze", "verify", service], capture_output=True,
                              text=True, check=False)
        assert "Unknown" not in told.stderr and "Failed to parse" not in told.stderr, told.stderr


def test_the_settings_of_the_package_are_good_ones(deb, tmp_path):
    out_of("dpkg-deb", "-x", deb, tmp_path)
    told = out_of(tmp_path / "usr/bin/ittybit", "serve", "--check", "--config",
                  tmp_path / "etc/ittybit/ittybit.toml", env=cli.environment(tmp_path))
    assert 'data = "/var/lib/ittybit"' in told


def test_manual_pages_are_without_fault(deb, tmp_path):
    out_of("dpkg-deb", "-x", deb, tmp_path)
    for page in (tmp_path / "usr/share/man").rglob("ittybit*"):
        done = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True,
                              check=False, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                                                "MANROFFSEQ": "", "MANWIDTH": "100"})
        assert done.returncode == 0 and not done.stderr, f"{page}: {done.stderr}"
        assert "NAME" in done.stdout


def test_the_archive_runs_wherever_it_is_unpacked(packages, tmp_path, media):
    out_of("tar", "-xf", next(packages.glob("*.tar.gz")), "-C", tmp_path)
    program = next(tmp_path.glob("*/bin/ittybit"))
    moved = tmp_path / "somewhere else"
    program.parent.parent.rename(moved)
    done = subprocess.run([moved / "bin/ittybit", "image", "-i", media / "flash-small.mp4", "-o",
                           tmp_path / "a.png", "--width", "16"], env=cli.environment(tmp_path),
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    with fresh_debian(tmp_path_factory.mktemp("root")) as folder:
        yield folder


def test_a_first_result_is_there_within_a_minute(root, deb, media):
    seconds = first_result(root, deb, media / "flash-small.mp4")
    assert sum(seconds.values()) < 60, report(seconds)
    assert not list((root / "opt").glob("*.deb"))
    assert inside(root, "stat -c '%U %a' /var/lib/ittybit").split() == ["ittybit", "700"]
    assert (root / "opt/first.mp4").read_bytes()[4:8] == b"ftyp"


def test_used_and_removed(root):
    with served(root):
        told = inside(root, CLIENT + "ittybit image -i /opt/clip.mp4 -o /opt/a.webp --width 16")
    inside(root, "ittybit image -i /opt/clip.mp4 -o /opt/a.avif --width 16")
    assert json.loads(told.splitlines()[-1])["status"] == "succeeded"
    assert (root / "opt/a.webp").read_bytes()[8:12] == b"WEBP"
    assert (root / "opt/a.avif").read_bytes()[8:12] == b"avif"
    inside(root, "apt-get remove -q -y ittybit")
    assert not (root / "usr/bin/ittybit").exists() and (root / "var/lib/ittybit").exists()
    assert (root / "etc/ittybit/ittybit.toml").exists()
    inside(root, "apt-get purge -q -y ittybit")
    assert not (root / "var/lib/ittybit").exists() and not (root / "etc/ittybit").exists()


# In the place of systemd's, which a fresh Debian in a folder lacks.
SYSTEMCTL = """#!/bin/sh
echo "$@" >>/opt/systemctl.log
if [ "$1" = enable ]; then
    ln -s "/usr/lib/systemd/system/$2" /etc/systemd/system/multi-user.target.wants/
fi
"""


def test_installed_again_it_goes_on_and_purged_it_is_gone(root, deb):
    wants = root / "etc/systemd/system/multi-user.target.wants"
    for folder in (wants, root / "run/systemd/system"):
        folder.mkdir(parents=True, exist_ok=True)
    (root / "usr/bin/systemctl").write_text(SYSTEMCTL)
    (root / "usr/bin/systemctl").chmod(0o755)
    log = root / "opt/systemctl.log"
    shutil.copy(deb, root / "opt/ittybit.deb")
    install = "apt-get update -q; apt-get install -q -y --no-install-recommends /opt/ittybit.deb"
    inside(root, install)
    (wants / "ittybit-worker@1.service").symlink_to(
        "/usr/lib/systemd/system/ittybit-worker@.service")
    (root / "etc/ittybit/environment").touch()
    assert "start ittybit.service" in log.read_text().splitlines()
    inside(root, "apt-get remove -q -y ittybit")
    log.unlink()
    inside(root, install)
    assert {"start ittybit.service", "start ittybit-worker@1.service"} <= set(
        log.read_text().splitlines())
    inside(root, "apt-get purge -q -y ittybit")
    assert not (root / "etc/ittybit").exists() and not list(wants.glob("ittybit*"))
