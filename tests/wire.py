"""HTTP/1.1 by hand, for requests and answers that a client library would smooth over."""
import json
import socket
from dataclasses import dataclass, field

WAIT = 30


@dataclass
class Answer:
    """One answer as it came, and the 1xx statuses before it."""

    status: int
    headers: dict = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    before: list = field(default_factory=list)

    def json(self):
        return json.loads(self.body)


class Wire:
    """One connection to a server. `with Wire(server) as wire: wire.ask(…)`."""

    def __init__(self, server):
        self.server = server
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=WAIT)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def head(self, line, *headers, host="a", key=True):
        """The start of a request, up to its empty line."""
        lines = [line if " HTTP/" in line else f"{line} HTTP/1.1"]
        lines += [f"Host: {host}"] if host else []
        lines += [f"Authorization: Bearer {self.server.key}"] if key else []
        self.send("\r\n".join([*lines, *headers]) + "\r\n\r\n")

    def ask(self, line, *headers, body=b"", **more):
        """A whole request and its answer."""
        announced = [f"Content-Length: {len(body)}"] if body else []
        self.head(line, *headers, *announced, **more)
        if body:
            self.send(body)
        return self.read(has_body=not line.startswith("HEAD "))

    def read_head(self):
        line = self.file.readline()
        assert line.startswith(b"HTTP/1."), line or "the connection was closed"
        answer = Answer(int(line.split()[1]))
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, value = line.decode().split(":", 1)
            assert name.lower() not in answer.headers, f"{name} twice"
            answer.headers[name.lower()] = value.strip()
        return answer

    def read(self, has_body=True):
        before, answer = [], self.read_head()
        while answer.status < 200:
            before.append(answer.status)
            answer = self.read_head()
        answer.before = before
        if has_body and answer.status not in (204, 304):
            answer.body = self.read_body(answer)
        return answer

    def read_body(self, answer):
        if answer.headers.get("transfer-encoding") == "chunked":
            return b"".join(self.chunks())
        if "content-length" in answer.headers:
            return self.file.read(int(answer.headers["content-length"]))
        return self.file.read()

    def chunks(self):
        while size := int(self.file.readline(), 16):
            yield self.file.read(size)
            assert self.file.readline() == b"\r\n"
        assert self.file.readline() == b"\r\n"

    def is_closed(self):
        """Whether the server ends the connection, having said all it had to say."""
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True
