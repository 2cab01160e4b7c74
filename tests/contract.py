#!/usr/bin/env python3
"""Requests made from the served OpenAPI document, right ones and wrong ones, and what it says of
their answers.

    contract.py [--requests 5000] [--seed N]

Each answer must have a status that the document knows for its operation, its media type, and a body
that its schema takes. No 5xx. `./dev test` runs a twentieth with a fresh seed, which is printed."""
import argparse
import collections
import concurrent.futures
import json
import random
import re
import sys
import tempfile
import threading

import jsonschema
import requests

import cli
import service

MEDIA = cli.ROOT / "build/test_media"
JUNK = [None, True, 0, -1, 1e308, 2**70, "", "x", "\u0000", "ü💾", "../../etc/passwd", "%s%n", [],
        {}, [[]], {"a": {"b": []}}, "9" * 400, "' OR 1=1 --", "50%", "#fff", -0.5, [None]]


class Document:
    """The OpenAPI document, as a list of operations and a judge of answers."""

    def __init__(self, document):
        self.document = document
        self.components = document["components"]
        self.operations = [
            (method.upper(), path, operation)
            for path, item in document["paths"].items() for method, operation in item.items()
        ]

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.components["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def problems(self, operation, answer):
        """What is wrong with an answer, in words."""
        described = operation["responses"].get(str(answer.status_code))
        if described is None:
            return f"undocumented status {answer.status_code}: {answer.text[:300]}"
        content = described.get("content")
        if not content:
            return "a body where there should be none" if answer.content else None
        media = answer.headers.get("Content-Type", "").split(";")[0]
        if media not in content and "application/octet-stream" not in content:
            return f"{answer.status_code} as {media}, not {list(content)}"
        schema = content.get(media, {}).get("schema")
        if media != "application/json" or schema is None or answer.request.method == "HEAD":
            return None
        if "explain=true" in answer.request.url and answer.ok:
            told = answer.json().get("object")
            return None if told == "explanation" else f"{told} where plans were asked for"
        # Beside each other, so that #/components/… is found.
        whole = {**schema, "components": self.components}
        errors = jsonschema.Draft202012Validator(whole).iter_errors(answer.json())
        worst = jsonschema.exceptions.best_match(errors)
        return worst and f"{answer.status_code}: {worst.message} at {list(worst.path)}"


class Maker:
    """Makes up requests."""

    def __init__(self, document, seed, inputs):
        self.document, self.random, self.inputs = document, random.Random(seed), inputs
        self.known = collections.defaultdict(lambda: collections.deque(maxlen=50))

    def chance(self, probability):
        return self.random.random() < probability

    def word(self):
        letters = "abcdefghij_-.~%/?#&=+ \u00fc\u20ac\ud7ff"
        return "".join(self.random.choices(letters, k=self.random.randint(1, 12)))

    def value(self, schema, name=""):
        """Something that the schema takes."""
        schema = self.document.resolve(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return self.value(self.random.choice(schema[choice]), name)
        kind = schema.get("type", "string")
        kind = self.random.choice(kind) if isinstance(kind, list) else kind
        if kind == "object":
            return self.object(schema)
        if kind == "array":
            return [self.value(schema.get("items", {})) for _ in range(self.random.randint(0, 3))]
        return self.scalar(kind, schema, name)

    def scalar(self, kind, schema, name):
        if kind in ("integer", "number"):
            low = schema.get("minimum", 0)
            high = schema.get("maximum", low + 1000)
            if kind == "integer":
                return self.random.randint(int(low), int(high))
            return self.random.choice([low, high, round(self.random.uniform(low, high), 3)])
        if kind in ("boolean", "null"):
            return self.chance(0.5) if kind == "boolean" else None
        if name in ("input", "url"):
            return self.random.choice(self.inputs)
        if name == "webhook_url":
            return "http://127.0.0.1:9/hook"
        if name in ("connection", "connection_id"):
            return self.random.choice([*self.known["connection"], self.word()])
        return f"{self.random.randint(1, 100)}%" if "pattern" in schema else self.word()

    def object(self, schema):
        required = schema.get("required", [])
        properties = schema.get("properties", {})
        often = 0.4 if "kind" in properties else 0.12  # of many options few go together
        return {
            name: self.value(inner, name) for name, inner in properties.items()
            if name in required or self.chance(often)
        }

    def spoil(self, value):
        """Makes one thing wrong somewhere."""
        if isinstance(value, dict) and value and self.chance(0.9):
            name = self.random.choice(list(value))
            change = self.random.randrange(4)
            if change == 0:
                del value[name]
            elif change == 1:
                value[self.word()] = self.random.choice(JUNK)
            else:
                value[name] = self.spoil(value[name])
            return value
        return self.random.choice(JUNK)

    def body(self, operation):
        """Bytes and their headers."""
        content = operation.get("requestBody", {}).get("content")
        if content is None:
            return (b"", {}) if self.chance(0.8) else (b"{}", {"Content-Type": "application/json"})
        if "application/json" not in content:
            some = self.random.randbytes(self.random.randint(0, 3000))
            return some, {"Content-Type": next(iter(content))}
        value = self.value(content["application/json"]["schema"])
        for _ in range(self.random.choice([0, 0, 1, 1, 2, 4])):
            value = self.spoil(value)
        text = json.dumps(value).encode()
        if self.chance(0.03):
            cut = self.random.randrange(len(text))
            text = text[:cut] + self.random.randbytes(self.random.randint(0, 3)) + text[cut + 1:]
        if self.chance(0.005):
            text = b'"' + b"x" * (2 << 20) + b'"'
        media = self.random.choices(
            ["application/json", "text/xml", "application/json; charset=utf-8", ""], [90, 3, 5, 2])
        return text, {"Content-Type": media[0]}

    def path(self, path):
        def fill(match):
            what = match[1]
            if what == "id":
                what = path.split("/")[1].rstrip("s")
            if self.known[what] and self.chance(0.85):
                return self.random.choice(self.known[what])
            word = requests.utils.quote(self.word(), safe="")
            # A client takes "." and ".." out of a path before it sends it (RFC 3986 5.2.4).
            return "x" if word in ("", ".", "..") else word

        return re.sub(r"{(\w+)}", fill, path)

    def query(self, operation):
        query = {}
        for parameter in operation.get("parameters", []):
            if parameter["in"] != "query" or not self.chance(0.25):
                continue
            name = parameter["name"]
            query[name] = self.value(parameter["schema"], name)
            if name in ("after", "before", "kind", "status") and self.chance(0.5):
                query[name] = self.random.choice(["video", "failed", *self.known["job"]])
            if self.chance(0.1):
                query[name] = self.random.choice(JUNK)
        if self.chance(0.03):
            query[self.word()] = "1"
        return query

    def headers(self, operation, key):
        headers = {"Authorization": f"Bearer {key}"}
        if self.chance(0.03):
            headers = self.random.choice([{}, {"Authorization": "Bearer x"},
                                          {"Authorization": "Basic eDp5"}])
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "header" and self.chance(0.2):
                headers[parameter["name"]] = self.random.choice(
                    ["1", "bytes=0-3", "bytes=-1", "bytes=9999999-", '"x"', "x" * 300, "5"])
        return headers

    def request(self, key):
        weights = [3 if method == "POST" else 1 for method, _, _ in self.document.operations]
        method, path, operation = self.random.choices(self.document.operations, weights)[0]
        body, headers = self.body(operation)
        headers |= self.headers(operation, key)
        if not headers.get("Content-Type"):
            headers.pop("Content-Type", None)
        more = {"params": self.query(operation), "headers": headers, "data": body}
        return method, path, operation, self.path(path), more

    def learn(self, answer):
        """Ids of what was made, so that later requests can name them."""
        if answer.status_code not in (200, 201):
            return
        if "json" not in answer.headers.get("Content-Type", ""):
            return
        found = answer.json()
        for item in found if isinstance(found, list) else [found]:
            kind = item.get("object")
            if kind == "external_file" and "/files/" in item["url"]:
                file, name = item["url"].split("/files/")[1].split("/", 1)
                self.known["file"].append(file)
                self.known["name"].append(name)
            elif "id" in item and not (kind == "key" and item["name"] == "first"):  # our own
                self.known[kind].append(item["id"])
                self.known["task"].extend(task["id"] for task in item.get("tasks", []))


def ask(server, session, request):
    method, _, operation, path, more = request
    is_stream = "text/event-stream" in operation["responses"].get("200", {}).get("content", {})
    answer = session.request(method, server.url + path, timeout=60, stream=is_stream,
                             allow_redirects=False, **more)
    if is_stream and "event-stream" in answer.headers.get("Content-Type", ""):
        next(answer.iter_content(1), None)  # none when the job was deleted in between
        answer.close()
        answer._content = b""  # the rest is nobody's business here
    return answer


def run(server, origin, count, seed):
    """Asks so often, four at once; gives the statuses seen and the problems found."""
    document = Document(requests.get(f"{server.url}/openapi.json", timeout=60).json())
    inputs = [f"{origin.url}/one-pixel.png", "http://127.0.0.1:9/a.mp4", "s3://bucket/key.mp4"]
    seen, problems, lock = collections.Counter(), [], threading.Lock()

    def work(part):
        maker = Maker(document, f"{seed}-{part}", inputs)
        with requests.Session() as session:
            for _ in range(count // 4):
                request = maker.request(server.key)
                answer = ask(server, session, request)
                maker.learn(answer)
                problem = document.problems(request[2], answer)
                if answer.status_code >= 500:
                    problem = f"{answer.status_code}: {answer.text[:300]}"
                with lock:
                    seen[request[0], request[1], answer.status_code] += 1
                    if problem:
                        problems.append(f"{request[0]} {request[3]} {request[4]}: {problem}")

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, part) for part in range(4)]:
            done.result()
    return seen, problems


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    words.add_argument("--requests", type=int, default=5000)
    words.add_argument("--seed", default=f"{random.randrange(1 << 32)}")
    given = words.parse_args()
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        origin = service.Receiver(MEDIA)
        server = service.Server(folder)
        try:
            seen, problems = run(server, origin, given.requests, given.seed)
            status = server.stop()
        finally:
            server.process.kill()
            origin.close()
    statuses = collections.Counter()
    for (_, _, code), times in seen.items():
        statuses[code] += times
    print(f"{seen.total()} requests over {len({key[:2] for key in seen})} operations, "
          + ", ".join(f"{times}x {code}" for code, times in sorted(statuses.items())))
    print("\n".join(problems[:20]) or "every answer is as documented")
    sys.exit(bool(problems) or status)


if __name__ == "__main__":
    main()
