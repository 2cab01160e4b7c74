"""Runs the command line the way a user or a script does."""
import json
import os
import pathlib
import subprocess
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("ITTYBIT", ROOT / "build/release/ittybit")).resolve()


@dataclass
class Run:
    """One finished command: its exit status, the JSON lines it printed, and its stderr."""

    status: int
    lines: list
    stderr: str

    @property
    def last(self):
        return self.lines[-1] if self.lines else {}

    @property
    def error_kind(self):
        error = self.last.get("error") or self.last
        return error.get("kind")

    @property
    def message(self):
        error = self.last.get("error") or self.last
        return error.get("message", "")

    @property
    def warnings(self):
        return self.last.get("warnings") or []


def environment(home):
    """Nothing of the caller's configuration: no key, no server."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    sanitizers = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    return {**kept, **sanitizers, "HOME": str(home)}


def as_json(text):
    lines = []
    for line in text.splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            lines.append({"not_json": line})
    return lines


def ittybit(*words, cwd, timeout=180, stdin=None, env=None):
    """Runs `ittybit words…` in a folder, with a pipe for stdout."""
    done = subprocess.run(
        [BINARY, *map(str, words)],
        cwd=cwd,
        env={**environment(cwd), **(env or {})},
        capture_output=True,
        input=stdin,
        stdin=None if stdin else subprocess.DEVNULL,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Run(done.returncode, as_json(done.stdout), done.stderr)


def build():
    """Version and commit of what is tested."""
    told = subprocess.run([BINARY, "version"], capture_output=True, text=True, check=True).stdout
    return json.loads(told)["build"]


def flags(options):
    """{'no_audio': True, 'width': 320} → --no-audio --width 320."""
    words = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        words += [flag] if value is True else [flag, str(value)]
    return words
