#!/usr/bin/env python3
"""Everything that could make the server connect where it must not, in a network of its own.

Run by test_fetch_guard.py inside `unshare -nm`: there every address of the world is local, so that
each connection would succeed, and each is seen. Prints what was found as JSON: `allowed` is the
number of jobs that were to succeed and did, `reached` every forbidden address that was spoken to,
`wrong` every job that did not end as it must."""
import http.server
import ipaddress
import json
import pathlib
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time

import fetch_spellings
import service

PUBLIC = "93.184.216.34"  # where our origin is, on port 80
OTHER_PUBLIC = "198.41.0.4"
NAME_SERVER = "9.9.9.9"
FORBIDDEN = ["127.0.0.1", "169.254.169.254", "10.1.2.3", "::1", "fd00:ec2::254"]
BLOCKED = {"input_blocked", "download_failed", "unsupported_media", "corrupt_media"}


def run(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def make_world(folder):
    """All addresses are ours, and our name server is the only one."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo")
    run("ip", "-6", "route", "add", "local", "::/0", "dev", "lo")
    for name, text in {
        "resolv.conf": f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\n",
        "hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost\n",
        "nsswitch.conf": "hosts: files dns\n",
    }.items():
        (folder / name).write_text(text)
        if pathlib.Path("/etc", name).exists():
            run("mount", "--bind", str(folder / name), f"/etc/{name}")


class Trap(threading.Thread):
    """Notes every packet that begins something: TCP's first, and each datagram. Expected are those
    to public addresses, to our name server, and of this program to the server under test."""

    def __init__(self, expected):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.ntohs(3))
        self.socket.bind(("lo", 0))
        self.expected, self.reached = expected, []
        self.start()

    def run(self):
        while True:
            packet, place = self.socket.recvfrom(65536)
            if place[2] == socket.PACKET_OUTGOING:
                continue  # each is seen twice on this device
            target = begun(packet)
            if target and target not in self.expected:
                self.reached.append(target)


def begun(packet):
    """(address, port) of a packet that begins something, or None."""
    if packet[0] >> 4 == 4:
        protocol, behind = packet[9], packet[(packet[0] & 15) * 4:]
        address = socket.inet_ntop(socket.AF_INET, packet[16:20])
    else:
        protocol, behind = packet[6], packet[40:]
        address = socket.inet_ntop(socket.AF_INET6, packet[24:40])
    if protocol not in (6, 17) or len(behind) < 14:
        return None
    port = struct.unpack(">H", behind[2:4])[0]
    is_first = protocol == 17 or behind[13] & 0x12 == 0x02
    from_name_server = protocol == 17 and struct.unpack(">H", behind[:2])[0] == 53
    return (address, port) if is_first and not from_name_server else None


class Names(socketserver.BaseRequestHandler):
    """`one-two-….test` has these addresses (a hyphen for each dot, `x` between addresses);
    `rebind-…` gives one of them at a time, another at each question."""

    asked = 0

    def handle(self):
        query, answerer = self.request
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1").lower())
            at += query[at] + 1
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        answers = [packed(address, kind) for address in addresses_of(".".join(labels))]
        answers = [data for data in answers if data]
        if labels[0].startswith("rebind") and answers:
            Names.asked += 1
            answers = [answers[Names.asked % len(answers)]]
        head = query[:2] + struct.pack(">HHHHH", 0x8580, 1, len(answers), 0, 0)
        body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(data)) + data
                        for data in answers)
        answerer.sendto(head + query[12:at + 5] + body, self.client_address)


def packed(address, kind):
    data = ipaddress.ip_address(address).packed
    return data if (kind, len(data)) in ((1, 4), (28, 16)) else b""


def addresses_of(name):
    fixed = {"public.test": [PUBLIC], "metadata.google.internal": ["169.254.169.254"],
             "both.test": [OTHER_PUBLIC, "127.0.0.1"], "v6.test": ["::1", "fd00:ec2::254"],
             "mixed.test": [OTHER_PUBLIC, "::ffff:127.0.0.1"],
             "rebind.test": [PUBLIC, "127.0.0.1", PUBLIC, "10.1.2.3"]}
    if name in fixed:
        return fixed[name]
    label = name.split(".")[0].replace("-", ".")
    try:
        return [str(ipaddress.ip_address(label))]
    except ValueError:
        return []


class Origin(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; /to/<url> redirects there, /steps/<n>/<url> after n steps of its own."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        target = None
        if self.path.startswith("/to/"):
            target = self.path[4:]
        if self.path.startswith("/steps/"):
            count, target = self.path[7:].split("/", 1)
            if int(count) > 0:
                target = f"http://{PUBLIC}/steps/{int(count) - 1}/{target}"
        if target is None:
            return super().do_GET()
        self.send_response(302)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    do_HEAD = do_GET

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def listen_everywhere(folder):
    """So that no attempt fails for want of an answer: our folder at every address."""
    handler = lambda *args: Origin(*args, directory=str(folder))  # noqa: E731
    for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        for port in (80, 443, 8080, 9000):
            server = type("Anywhere", (service.QuietServer,), {"address_family": family})
            server.allow_reuse_address = True
            if family == socket.AF_INET6:
                server.server_bind = bind_v6_only
            made = server((host, port), handler)
            threading.Thread(target=made.serve_forever, daemon=True).start()


def bind_v6_only(self):
    self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    socketserver.TCPServer.server_bind(self)
    self.server_name, self.server_port = "canary", self.server_address[1]


def hostile_files(folder, clip):
    """Files that would have a careless reader fetch something."""
    target = "http://127.0.0.1/stolen"
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n{target}\n#EXT-X-ENDLIST\n"
    files = {
        "list.m3u8": playlist, "list.mp4": playlist, "list.ts": playlist,
        "key.m3u8": "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"" + target + "\"\n" + playlist[8:],
        "list.mpd": "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><Period>"
                    f"<BaseURL>{target}</BaseURL></Period></MPD>",
        "concat.txt": f"ffconcat version 1.0\nfile '{target}'\n",
        "concat.mp4": f"ffconcat version 1.0\nfile '{target}'\n",
        "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                       "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "picture.svg": "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink="
                       f"'http://www.w3.org/1999/xlink'><image xlink:href='{target}' width='9' "
                       "height='9'/><style>@import url('" + target + "');</style></svg>",
        "picture.png": f"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'>"
                       f"<image href='{target}' width='9' height='9'/></svg>",
        "entity.svg": f"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x SYSTEM '{target}'>]>"
                      "<svg xmlns='http://www.w3.org/2000/svg'><text>&x;</text></svg>",
        "print.ps": f"%!PS\n({target}) (r) file\n",
        "magick.mvg": f"push graphic-context\nimage over 0,0 0,0 'url({target})'\n",
        "list.pls": f"[playlist]\nFile1={target}\n", "list.xspf": f"<playlist>{target}</playlist>",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "reference.mp4").write_bytes(with_reference(clip.read_bytes(), target))
    return files


def with_reference(data, target):
    """The clip, its first track's samples said to be at another address (ISO 14496-12, `url `)."""
    at = data.index(b"dref") + 12
    assert data[at + 4:at + 8] == b"url " and data[at + 11] == 1
    entry = b"url " + bytes(4) + target.encode() + b"\0"
    grown = struct.pack(">I", 4 + len(entry)) + entry
    data = bytearray(data[:at] + grown + data[at + 12:])
    more = len(grown) - 12
    for name in (b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        place = data.rindex(name, 0, at) - 4
        size = struct.unpack_from(">I", data, place)[0]
        struct.pack_into(">I", data, place, size + more)
    return bytes(data)


def redirects():
    """Ways to lead astray that begin at a public address."""
    targets = [f"http://{f'[{host}]' if ':' in host else host}:{port}/secret"
               for host in FORBIDDEN for port in (80, 8080)]
    targets += ["http://2130706433/", "http://0x7f.1/", "http://127-0-0-1.test/",
                "http://rebind.test/list.m3u8", "http://both.test/", "http://v6.test/",
                "https://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:80/x",
                "ftp://127.0.0.1/x", "dict://127.0.0.1:8080/x", "data:video/mp4;base64,AAAA",
                "//127.0.0.1/x", "\\\\127.0.0.1\\x", f"http://{PUBLIC}@127.0.0.1/",
                f"http://127.0.0.1#@{PUBLIC}/", "http://[::ffff:169.254.169.254]/",
                "s3://bucket/key"]
    urls = [f"http://{PUBLIC}/to/{target}" for target in targets]
    urls += [f"http://{PUBLIC}/steps/{count}/{targets[count]}" for count in range(6)]
    return urls + [f"http://{PUBLIC}/steps/7/http://{PUBLIC}/clip.mp4"]


class Guarded:
    """Jobs of a server with the rules it has by default."""

    def __init__(self, folder):
        self.server = service.Server(folder, "--concurrency", "4", allows_private=False)
        self.jobs, self.wrong, self.refused = [], [], 0

    def ask(self, url, kinds, **more):
        """A job, or a refusal at once, which is as good."""
        answer = self.server.post("/jobs", {"input": url, "kind": "image", **more})
        if answer.status_code == 400:
            self.refused += 1
        elif answer.status_code == 201:
            self.jobs.append((url, kinds, answer.json()))
        else:
            self.wrong.append(f"{url}: {answer.status_code} {answer.text}")

    def wait(self):
        for url, kinds, job in self.jobs:
            ended = self.server.wait(job)
            kind = (ended["error"] or {}).get("kind", ended["status"])
            if kind not in kinds:
                self.wrong.append(f"{url}: {kind} {ended['error']}")
        count, self.jobs = len(self.jobs), []
        return count


def s3_and_webhooks(guarded):
    """Endpoints and receivers at forbidden addresses."""
    places = ["127.0.0.1:9000", "169.254.169.254", "[::1]:9000", "127-0-0-1.test:9000"]
    for number, place in enumerate(places):
        name = f"c{number}"
        made = guarded.server.post("/connections", {
            "kind": "s3", "name": name, "endpoint": f"http://{place}", "region": "r",
            "access_key_id": "a", "secret_access_key": "s", "path_style": True})
        if made.status_code != 201:
            continue
        guarded.ask("s3://bucket/key", {"input_blocked"}, connection=name)
        guarded.ask(f"http://{PUBLIC}/clip.mp4", {"input_blocked", "upload_failed"},
                    connection=name, output="s3://bucket/out.jpg")
    for place in [*places, "rebind-me.test", "metadata.google.internal"]:
        guarded.ask(f"http://{PUBLIC}/clip.mp4", {"succeeded"}, webhook_url=f"http://{place}/hook")


def main(media):
    with tempfile.TemporaryDirectory(prefix="ittybit-guard-") as name:
        folder = pathlib.Path(name)
        make_world(folder)
        threading.Thread(
            target=socketserver.ThreadingUDPServer((NAME_SERVER, 53), Names).serve_forever,
            daemon=True).start()
        site = folder / "site"
        site.mkdir()
        (site / "clip.mp4").write_bytes((media / "corner.mp4").read_bytes())
        files = hostile_files(site, site / "clip.mp4")
        listen_everywhere(site)
        guarded = Guarded(folder)
        trap = Trap({("127.0.0.1", guarded.server.port), (NAME_SERVER, 53), (PUBLIC, 80),
                     (OTHER_PUBLIC, 80), (OTHER_PUBLIC, 81)})

        guarded.ask(f"http://{PUBLIC}/clip.mp4", {"succeeded"})
        guarded.ask("http://public.test/clip.mp4", {"succeeded"})
        guarded.ask(f"http://{PUBLIC}/steps/3/http://public.test/clip.mp4", {"succeeded"})
        allowed = guarded.wait()
        spellings = fetch_spellings.all_spellings()
        for url in spellings:
            guarded.ask(url, {"input_blocked"})
        guarded.ask("http://both.test/secret", BLOCKED)  # its public address is asked
        for url in redirects():
            guarded.ask(url, BLOCKED)
        for file in files:
            for kind in ("image", "video"):
                guarded.ask(f"http://{PUBLIC}/{file}", BLOCKED, kind=kind)
        for kind in ("image", "video"):  # the reference is passed over, the clip itself is read
            guarded.ask(f"http://{PUBLIC}/reference.mp4", BLOCKED | {"succeeded"}, kind=kind)
        for _ in range(20):
            guarded.ask("http://rebind.test/clip.mp4", BLOCKED | {"succeeded"})
        s3_and_webhooks(guarded)
        count = guarded.wait()
        time.sleep(2)  # the webhooks' first tries
        reached = sorted(set(map(str, trap.reached)))

        trap.reached.clear()
        socket.create_connection(("10.1.2.3", 80)).close()
        time.sleep(0.2)
        sees = trap.reached == [("10.1.2.3", 80)]
        ended = guarded.server.stop()
    print(json.dumps({"spellings": len(spellings), "jobs": count, "refused": guarded.refused,
                      "allowed": allowed, "reached": reached, "trap_works": sees,
                      "wrong": guarded.wrong, "server_ended": ended}))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
