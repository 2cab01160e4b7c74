"""An HTTP proxy in front of an S3 service that goes wrong on demand, or slowly.

`faults(method, target)` is asked for each request and gives one of the words below, or None. The
Host header passes unchanged, so that signatures made for the proxy's address hold behind it."""
import random
import re
import socket
import socketserver
import ssl
import struct
import threading
import time

WORDS = ("error_500", "slow_down", "reset_in_body", "reset_instead_of_answer", "cut_answer",
         "trickle", "wrong_etag", "late_error", "late_error_after_all")


def error_xml(code):
    error = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
    return f"<?xml version='1.0'?>\n{error}".encode()


class Bucket:
    """Lets `rate` bytes a second pass, those of all connections together."""

    def __init__(self, rate):
        self.rate, self.next, self.lock = rate, time.monotonic(), threading.Lock()

    def take(self, count):
        with self.lock:
            start = max(self.next, time.monotonic() - 0.1)
            self.next = start + count / self.rate
        time.sleep(max(0, self.next - time.monotonic()))


class Proxy:
    def __init__(self, upstream, faults=None, up=None, down=None, certificate=None,
                 address="127.0.0.1"):
        """`upstream` is (host, port); `up` and `down` limit bytes a second of bodies;
        `certificate`, a file with its key, makes it HTTPS."""
        self.upstream, self.faults = upstream, faults or (lambda *_: None)
        self.up, self.down = up and Bucket(up), down and Bucket(down)
        self.calls, self.done, self.sent, self.received = [], [], 0, 0
        self.lock = threading.Lock()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                try:
                    while outer.one(self):
                        pass
                except OSError:
                    pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads, request_queue_size = True, True, 256

        self.server = Server((address, 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://{address}:{self.port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.url = f"https://{address}:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def one(self, client):
        head = read_head(client.rfile)
        if not head:
            return False
        method, target, _ = head[0].split(" ", 2)
        length = length_of(head)
        fault = self.faults(method, target)
        with self.lock:
            self.calls.append((method, target, fault))
        if any(line.lower() == "expect: 100-continue" for line in head):
            client.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if fault == "reset_in_body":
            client.rfile.read(length // 2)
            return reset(client)
        if fault in ("error_500", "slow_down", "late_error"):
            drain(client.rfile, length)
            status, code = {"error_500": ("500 Oh", "InternalError"),
                            "slow_down": ("503 Slow", "SlowDown"),
                            "late_error": ("200 OK", "InternalError")}[fault]
            return answer(client, status, b"" if method == "HEAD" else error_xml(code))
        return self.forward(client, method, head, length, fault)

    def forward(self, client, method, head, length, fault):
        with socket.create_connection(self.upstream) as far:
            lines = [line for line in head if not re.match(r"(?i)(connection|expect):", line)]
            far.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
            self.pump(client.rfile, far.sendall, length, self.up, fault == "trickle")
            with far.makefile("rb") as back:
                told = read_head(back)
                while told and told[0].split()[1] == "100":
                    told = read_head(back)
                if not told or fault == "reset_instead_of_answer":
                    drain(back, None)
                    return reset(client)
                if fault == "late_error_after_all":
                    drain(back, None)
                    return answer(client, "200 OK", error_xml("InternalError"))
                return self.relay(client, method, told, back, fault)

    def relay(self, client, method, told, back, fault):
        status = int(told[0].split()[1])
        has_body = method != "HEAD" and status not in (204, 304)
        if fault == "wrong_etag" and method in ("PUT", "HEAD"):
            told = [re.sub(r'(?i)^(etag: *"?)[0-9a-f]{32}', r"\g<1>" + "0" * 32, line)
                    for line in told]
        chunked = any(line.lower() == "transfer-encoding: chunked" for line in told)
        client.wfile.write("\r\n".join([*told, "", ""]).encode())
        if not has_body:
            return True
        length = None if chunked else length_of(told)
        if fault == "cut_answer" and length:
            self.pump(back, client.wfile.write, length // 2, self.down, False)
            return reset(client)
        self.pump(back, client.wfile.write, length, self.down, fault == "trickle")
        return not chunked

    def pump(self, source, write, length, bucket, is_trickle):
        left = length
        is_up = bucket is self.up and bucket is not None
        while left is None or left > 0:
            piece = source.read1(min(left or 1 << 16, 4096 if is_trickle else 1 << 16))
            if not piece:
                break
            if bucket:
                bucket.take(len(piece))
            if is_trickle:
                time.sleep(0.002)
            write(piece)
            with self.lock:
                if is_up:
                    self.received += len(piece)
                else:
                    self.sent += len(piece)
            if left is not None:
                left -= len(piece)


def read_head(stream):
    lines = []
    while True:
        line = stream.readline(65536)
        if not line:
            return []
        text = line.decode("latin-1").rstrip("\r\n")
        if not text:
            return lines
        lines.append(text)


def length_of(head):
    for line in head:
        if line.lower().startswith("content-length:"):
            return int(line.split(":", 1)[1])
    return 0


def drain(stream, length):
    while length is None or length > 0:
        piece = stream.read(min(length or 1 << 16, 1 << 16))
        if not piece:
            return
        if length is not None:
            length -= len(piece)


def answer(client, status, body):
    client.wfile.write(
        f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    )
    return True


def reset(client):
    client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.connection.close()
    return False


def at_random(seed, chance):
    """Faults by chance, those that fit the request."""
    dice, lock = random.Random(seed), threading.Lock()

    def choose(method, target):
        with lock:
            if dice.random() >= chance:
                return None
            fitting = ["error_500", "slow_down", "trickle", "reset_instead_of_answer"]
            if method == "PUT":
                fitting += ["reset_in_body", "wrong_etag"]
            if method == "GET":
                fitting += ["cut_answer"]
            if method == "POST" and "uploadId=" in target:
                fitting += ["late_error", "late_error_after_all"]
            return dice.choice(fitting)

    return choose
