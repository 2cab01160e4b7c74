import os
import pathlib
import subprocess

import pytest

import cli
import postgres
import s3
from service import Receiver, Server

MEDIA = cli.ROOT / "build/test_media"
# Their tests run on both databases each time; with --all, all do that use the server of their file.
ON_BOTH = {"test_api", "test_cli_server", "test_several", "test_status", "test_uploads"}
CLIPS = cli.ROOT / "tests/node_modules"


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="the whole matrix, not a sample of it")
    parser.addoption("--postgres", action="store_true", help="every server on PostgreSQL")


def pytest_sessionstart(session):
    if not hasattr(session.config, "workerinput"):
        subprocess.run([cli.ROOT / "tests/make_media.sh", MEDIA], check=True)


def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        s3.stop()
        postgres.stop()


@pytest.fixture(scope="session")
def media():
    """The folder of made clips (make_media.sh)."""
    return MEDIA


@pytest.fixture(scope="module")
def server(request, tmp_path_factory):
    """A server for all tests of a file."""
    made = Server(tmp_path_factory.mktemp("server"), database=getattr(request, "param", None))
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="session")
def origin(media):
    """Serves the made clips over HTTP."""
    made = Receiver(media)
    yield made
    made.close()


@pytest.fixture(scope="session")
def clip(origin):
    return f"{origin.url}/flash-small.mp4"


@pytest.fixture
def make(tmp_path):
    """make(kind, input, 'out.mp4', option=value…): runs a job that must succeed, gives the output
    path; `make.run` is the whole Run of the last one."""

    def made(kind, source, name, **options):
        out = tmp_path / name
        words = [kind, "-i", source, "-o", out, *cli.flags(options)]
        made.run = cli.ittybit(*words, cwd=tmp_path)
        told = (made.run.status, made.run.last.get("error") or made.run.last, made.run.stderr)
        assert made.run.status == 0, f"ittybit {' '.join(map(str, words))}: {told}"
        assert out.exists()
        return out

    return made


@pytest.fixture
def refuse(tmp_path):
    """refuse(kind, input, **options): runs a job that must fail, and gives its Run."""

    def refused(kind, source, name="out", **options):
        out = pathlib.Path(tmp_path) / name
        run = cli.ittybit(kind, "-i", source, "-o", out, *cli.flags(options), cwd=tmp_path)
        assert run.status != 0, run.last
        assert not out.exists(), "a failed job left something under its name"
        return run

    return refused


def pytest_generate_tests(metafunc):
    is_own = hasattr(metafunc.module, "server")
    is_wanted = metafunc.module.__name__ in ON_BOTH or metafunc.config.getoption("--all")
    if "server" in metafunc.fixturenames and is_wanted and not is_own:
        metafunc.parametrize("server", ["sqlite", "postgres"], indirect=True, scope="module")


def pytest_configure(config):
    if config.getoption("--postgres"):
        os.environ["ITTYBIT_TEST_DATABASE"] = "postgres"
    config.addinivalue_line("markers", "whole_matrix: only with --all")
    s3.folder()


def pytest_collection_modifyitems(config, items):
    if config.getoption("--all"):
        return
    left_out = [item for item in items if item.get_closest_marker("whole_matrix")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("whole_matrix")]
