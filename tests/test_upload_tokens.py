"""Tokens for one upload by a browser, on a real server."""
import threading
import time

import pytest
import requests

import service


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = service.Server(tmp_path_factory.mktemp("tokens"))
    yield one
    one.stop()


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


def test_a_browser_uploads_once_with_a_token(server):
    made = server.post("/uploads/tokens", {"max_bytes": 1000, "expires_in": "5m"})
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    token = made.json()
    assert token["max_bytes"] == 1000
    asked = requests.options(token["url"], timeout=10, headers={
        "Origin": "https://shop.example", "Access-Control-Request-Method": "POST"})
    assert asked.status_code == 204 and asked.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    large = requests.post(token["url"], data=b"x" * 1001, timeout=10)
    assert large.status_code == 413 and "1000 bytes" in large.json()["message"]
    url = token["url"] + "&filename=a.bin"
    sent = requests.post(url, data=b"x" * 1000, headers={"Origin": "https://a.b"}, timeout=10)
    assert sent.status_code == 201 and sent.headers["Access-Control-Allow-Origin"] == "*"
    assert requests.get(sent.json()["url"], timeout=10).content == b"x" * 1000
    assert requests.post(url, data=b"x", timeout=10).status_code == 401
    as_key = server.post("/uploads/tokens").json()["token"]
    assert requests.get(server.url + "/jobs", timeout=10, **bearer(as_key)).status_code == 401
    sent = requests.post(server.url + "/uploads", data=b"x", timeout=10, **bearer(as_key))
    assert sent.status_code == 201


def test_only_the_hash_of_a_token_is_kept(server):
    token = server.post("/uploads/tokens").json()["token"]
    rows = server.sql("SELECT hash, key_id FROM upload_tokens")
    assert rows and all(token not in row for row in rows)
    assert token not in (server.folder / "server.log").read_text()


def test_of_two_uploads_with_one_token_one_is_kept(server):
    url = server.post("/uploads/tokens").json()["url"]
    answers = []

    def slowly():
        yield b"x"
        time.sleep(1)
        yield b"y"

    def send():
        answers.append(requests.post(url, data=slowly(), timeout=30).status_code)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201, 401]


def test_the_document_knows_of_tokens(server):
    paths = server.get("/openapi.json").json()["paths"]
    assert {"uploadToken": []} in paths["/uploads"]["post"]["security"]
    assert paths["/uploads/tokens"]["post"]["security"] == [{"key": ["create"]}]
    assert paths["/uploads/tokens"]["post"]["operationId"] == "createUploadToken"
