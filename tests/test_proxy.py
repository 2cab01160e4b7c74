"""The service behind a reverse proxy: who the client is, and how it was addressed."""
import contextlib
import json
import re
import subprocess
import time

import pytest
import requests

import cli
from service import WAIT, Server, free_port, read_events, wait_for

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")

THERE = {"X-Forwarded-For": "203.0.113.9, 192.0.2.1", "X-Forwarded-Proto": "https",
         "X-Forwarded-Host": "media.example"}


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("behind"), "--trusted-proxy", "192.0.2.7",
                    "--trusted-proxy", "127.0.0.1/32")
    yield server
    assert server.stop() == 0


def requests_logged(server):
    lines = (server.folder / "server.log").read_text().splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    return [line for line in told if line["message"] == "request"]


def test_links_and_outputs_lead_to_where_the_proxy_was_asked(behind, clip):
    made = behind.call("POST", "/jobs", json={"input": clip, "kind": "image", "width": 16},
                       headers=THERE)
    assert behind.wait(made.json())["output"].startswith("https://media.example/files/")
    standard = {"Forwarded": 'for="[2001:db8::1]:80";proto=https;host=media.example'}
    upload = behind.call("POST", "/uploads", data=b"x", headers=standard).json()["url"]
    assert upload.startswith("https://media.example/files/")
    behind.job(input=clip, kind="image", width=16)
    link = behind.call("GET", "/jobs?limit=1", headers=THERE).links["next"]["url"]
    assert link.startswith("https://media.example/jobs?")


def test_nobody_else_is_believed(server):
    url = server.call("POST", "/uploads", data=b"x", headers=THERE).json()["url"]
    assert url.startswith(server.url)


def test_wrong_keys_are_counted_for_each_client(behind):
    def seconds(client):
        begin = time.monotonic()
        answer = behind.call("GET", "/jobs", headers={
            "Authorization": "Bearer wrong", "X-Forwarded-For": f"198.51.100.1, {client}"})
        assert answer.status_code == 401
        return time.monotonic() - begin

    for _ in range(12):
        slow = seconds("192.0.2.66")
    assert slow > 0.4
    assert seconds("192.0.2.67") < slow / 2
    wait_for(lambda: {"192.0.2.66", "192.0.2.67"} <= {line["address"] for line in
                                                     requests_logged(behind)}, 5, "their lines")


def test_a_block_that_is_none_is_refused_at_the_start(tmp_path):
    words = [cli.BINARY, "serve", "--listen", "127.0.0.1:0", "--trusted-proxy", "proxy"]
    done = subprocess.run(words, env=cli.environment(tmp_path), capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == 2 and "--trusted-proxy proxy" in done.stderr


def block_of_docs(language):
    text = (cli.ROOT / "docs/proxies.md").read_text()
    return re.search(rf"```{language}\n(.*?)```", text, re.S).group(1)


@contextlib.contextmanager
def running(words, folder, url):
    with open(folder / "proxy.log", "ab") as log:
        proxy = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log,
                                 env={**cli.environment(folder), "XDG_DATA_HOME": str(folder)})
    try:
        wait_for(lambda: is_up(url), WAIT, f"a proxy; see {folder / 'proxy.log'}")
        yield url
    finally:
        proxy.terminate()
        proxy.wait()


def is_up(url):
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(f"{url}/health", verify=False, timeout=5).ok
    return False


def nginx(server, folder):
    port = free_port()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                    "/CN=media.example", "-keyout", "key.pem", "-out", "cert.pem"],
                   cwd=folder, check=True, capture_output=True)
    block = block_of_docs("nginx").replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    block = block.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    block = block.replace("/etc/ssl/media.example.pem", f"{folder}/cert.pem")
    block = block.replace("/etc/ssl/media.example.key", f"{folder}/key.pem")
    places = "".join(f"{name}_temp_path {folder}/{name};" for name in
                     ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {places}\n{block} }}\n")
    words = ["/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    return running(words, folder, f"https://127.0.0.1:{port}")


def caddy(server, folder):
    port = free_port()
    block = block_of_docs("caddy").replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    block = block.replace("media.example", f"http://127.0.0.1:{port}, http://media.example:{port}")
    (folder / "Caddyfile").write_text("{\n    admin off\n}\n" + block)
    words = ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    return running(words, folder, f"http://127.0.0.1:{port}")


@pytest.fixture(scope="module", params=[nginx, caddy], ids=["nginx", "caddy"])
def proxied(request, behind, tmp_path_factory):
    """The service's address behind a proxy that is set up as docs/proxies.md says."""
    with request.param(behind, tmp_path_factory.mktemp("proxy")) as url:
        yield url


class Elsewhere(requests.adapters.HTTPAdapter):
    """A client whose address is not the proxy's."""

    def init_poolmanager(self, *words, **more):
        super().init_poolmanager(*words, source_address=("127.0.0.9", 0), **more)


def through(proxied, behind, method, path, **more):
    headers = {"Authorization": f"Bearer {behind.key}", **more.pop("headers", {})}
    session = requests.Session()
    session.mount(proxied, Elsewhere())
    return session.request(method, proxied + path, headers=headers, verify=False, timeout=WAIT,
                           **more)


def test_links_through_a_proxy_lead_back_to_it(proxied, behind):
    name = {"Host": f"media.example:{proxied.rsplit(':', 1)[1]}",
            "X-Forwarded-Host": "spoofed.example", "X-Forwarded-For": "198.51.100.99",
            "Forwarded": "for=198.51.100.98;host=spoofed.example;proto=gopher"}
    upload = through(proxied, behind, "POST", "/uploads", data=b"x", headers=name)
    assert upload.status_code == 201, upload.text
    scheme = proxied.split(":")[0]
    assert upload.json()["url"].startswith(f"{scheme}://{name['Host']}/files/")
    line = next(line for line in requests_logged(behind)
                if line["request"] == upload.headers["X-Request-Id"])
    assert line["address"] == "127.0.0.9"


def test_a_large_upload_goes_through_as_it_comes(proxied, behind):
    piece, count = b"x" * 1_000_000, 24
    stored = behind.data / "storage"

    def pieces():
        for number in range(count):
            if number == count - 2:  # long before its end the service has most of it
                wait_for(lambda: bytes_below(stored) > before + 10e6, WAIT, "the beginning")
            yield piece

    before = bytes_below(stored)
    made = through(proxied, behind, "POST", "/uploads", data=pieces())
    assert made.status_code == 201, made.text
    path = "/" + made.json()["url"].split("/", 3)[3]
    part = through(proxied, behind, "GET", path, headers={"Range": "bytes=1000000-1000009"})
    assert part.status_code == 206 and part.content == b"x" * 10
    assert len(through(proxied, behind, "GET", path).content) == count * len(piece)


def bytes_below(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_events_come_through_at_once(proxied, behind, clip):
    job = behind.job(input=clip, kind="video", width=64)
    answer = through(proxied, behind, "GET", f"/jobs/{job['id']}/events", stream=True)
    assert answer.headers["Content-Type"] == "text/event-stream"
    seen = [(event["event"], event["data"].get("status")) for event in read_events(answer)]
    assert ("job", "succeeded") in seen and len(seen) > 1, seen
