"""The pieces of a resumable upload become one file once, whoever asks, and whoever dies at it."""
import concurrent.futures
import ctypes
import hashlib
import os
import secrets
import struct
import threading

import pytest

import s3
import s3_proxy
from service import WAIT, Server, wait_for
from test_resumable import MIB, begin, content, id_of, patch, tus

PIECES = 8
IN_CREATE, IN_MOVED_TO, IN_OPEN = 0x100, 0x80, 0x20


class Watch:
    """What happens to files in folders from now on (inotify)."""

    def __init__(self, *folders):
        libc = ctypes.CDLL(None)
        self.file = libc.inotify_init1(os.O_NONBLOCK)
        self.folders = {libc.inotify_add_watch(self.file, os.fsencode(folder),
                                               IN_CREATE | IN_MOVED_TO | IN_OPEN): folder
                        for folder in folders}

    def events(self):
        """(path, what) of each, but for folders themselves."""
        told, found = os.read(self.file, 1 << 20), []
        while told:
            watch, what, _, size = struct.unpack_from("iIII", told)
            name = told[16:16 + size].rstrip(b"\0").decode()
            if name:
                found.append((self.folders[watch] / name, what))
            told = told[16 + size:]
        return found


def pieces_of(server, url):
    return server.sql("SELECT key FROM upload_pieces WHERE file_id = ? ORDER BY at", id_of(url))


def all_there(server, bytes_):
    """An upload whose bytes are all there: who had the last did not live to join its pieces."""
    url = begin(server, len(bytes_) + 1)
    assert patch(server, url, 0, bytes_).status_code == 204
    server.sql("UPDATE resumable_uploads SET length = ? WHERE file_id = ?", len(bytes_), id_of(url))
    assert len(pieces_of(server, url)) == len(bytes_) // (4 * MIB)
    return url


def at(server, url):
    return server.url + url[url.index("/uploads/"):]


class OnFolder:
    """One server on SQLite, or two on PostgreSQL, with one data folder."""

    def __init__(self, folder, database):
        self.one = Server(folder, database=database)
        self.servers = [self.one]
        if database == "postgres":
            (folder / "other").mkdir()
            self.servers.append(Server(folder / "other", database=self.one.database,
                                       data=self.one.data))

    def watch(self, url):
        folder = self.one.data / "storage/files" / id_of(url)
        self.told = Watch(folder, folder / ".pieces")

    def reads(self):
        """How often each piece was read, and the file was made."""
        events = self.told.events()
        read = [path.name for path, what in events if path.parent.name == ".pieces" and
                what & IN_OPEN]
        made = [path for path, what in events if path.name == "upload" and
                what & (IN_CREATE | IN_MOVED_TO)]
        return read, len(made)

    def close(self):
        for server in self.servers:
            assert server.stop() == 0


class OnBucket(OnFolder):
    """Two servers on PostgreSQL and S3, each with a data folder of its own."""

    def __init__(self, folder):
        service = s3.Service()
        self.proxy = s3_proxy.Proxy(service.address)
        words = ("--storage", f"s3://{service.bucket}/t-{secrets.token_hex(4)}")
        env = {**service.aws(AWS_ENDPOINT_URL_S3=self.proxy.url),
               "ITTYBIT_SECRET_KEY": "1" * 64, "ITTYBIT_WEBHOOK_SECRET": "whsec_c2VjcmV0"}
        self.one = Server(folder, *words, env=env, database="postgres")
        (folder / "other").mkdir()
        (folder / "other/data").mkdir()
        (folder / "other/data/first-key").write_text(self.one.key)
        other = Server(folder / "other", *words, env=env, database=self.one.database)
        self.servers = [self.one, other]

    def watch(self, url):
        self.seen = len(self.proxy.calls)

    def reads(self):
        calls = [(method, target) for method, target, _ in self.proxy.calls[self.seen:]]
        read = [target for method, target in calls if method == "GET" and "/.pieces/" in target]
        made = [target for method, target in calls if method in ("PUT", "POST") and
                "/upload" in target and "partNumber" not in target and "uploads" not in
                target.rpartition("?")[2]]
        return read, len(made)

    def close(self):
        super().close()
        self.proxy.close()


@pytest.fixture(params=["sqlite", "postgres", "bucket"])
def place(request, tmp_path):
    made = OnBucket(tmp_path) if request.param == "bucket" else OnFolder(tmp_path, request.param)
    yield made
    made.close()


def test_many_who_ask_at_once_have_it_joined_once(place):
    bytes_ = hashlib.shake_256(b"once").digest(PIECES * 4 * MIB)
    url = all_there(place.one, bytes_)
    place.watch(url)
    together = threading.Barrier(20)
    waited = []

    def ask(number):
        server = place.servers[number % len(place.servers)]
        together.wait()
        while (told := tus(server, "HEAD", at(server, url))).status_code == 423:
            assert told.headers["Retry-After"] == "1"
            waited.append(number)
        return told.status_code, told.headers["Upload-Offset"]

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert set(pool.map(ask, range(20))) == {(200, str(len(bytes_)))}
    assert waited, "nobody came while it was joined"
    read, made = place.reads()
    assert len(read) == len(set(read)) == PIECES, "each piece is read once"
    assert made == 1
    assert content(place.one, url) == bytes_
    assert pieces_of(place.one, url) == []


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_who_is_killed_at_it_leaves_it_to_others(tmp_path, database):
    place = OnFolder(tmp_path, database)
    bytes_ = hashlib.shake_256(b"killed").digest(PIECES * 4 * MIB)
    url = all_there(place.one, bytes_)
    last = place.one.data / "storage" / pieces_of(place.one, url)[-1][0]
    last.rename(tmp_path / "piece")
    os.mkfifo(last)  # which nobody reads to its end
    begun = threading.Thread(target=lambda: pytest.raises(Exception, tus, place.one, "HEAD", url))
    begun.start()

    def lease():
        return int(place.one.sql("SELECT joined_until FROM resumable_uploads WHERE file_id = ?",
                                 id_of(url))[0][0])

    first = wait_for(lease, WAIT, "one who joins")
    wait_for(lambda: lease() > first, WAIT, "its lease to go on")
    other = place.servers[-1]
    job = {"input": at(other, url), "kind": "image"}
    assert tus(other, "HEAD", at(other, url)).status_code == 423, "others come again"
    assert patch(other, at(other, url), len(bytes_), b"").status_code == 423
    assert other.post("/jobs", job).status_code == 503
    place.one.kill()
    begun.join()
    last.unlink()
    (tmp_path / "piece").rename(last)
    place.one.start()
    assert tus(other, "HEAD", at(other, url)).status_code == 423, "it may live still"
    wait_for(lambda: tus(other, "HEAD", at(other, url)).ok, WAIT, "the lease to end")
    assert content(other, url) == bytes_
    place.close()
