"""The client's own manners, against a server that answers as registries do on their bad days."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ethinfra.registry.client import RegistryClient, RegistryRefused, RegistryUnreachable
from ethinfra.snapshot.store import digest_of

BASIC = "Basic " + base64.b64encode(b"robot:secret").decode()
BLOB = b"content of a blob"


@dataclass(frozen=True)
class Asked:
    """A request, as the server saw it."""

    method: str
    path: str
    authorization: str
    body: bytes
    port: int


#: Status, headers and body of an answer.
Answered = tuple[int, dict[str, str], bytes]


class Script(ThreadingHTTPServer):
    """Answers by a function of the request, and remembers who asked for what."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Asked], Answered]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def client(self, **options: Any) -> RegistryClient:
        return RegistryClient(self.url, authority=None, **options)

    def client_of_robot(self, password: str, **options: Any) -> RegistryClient:
        return self.client(username="robot", password=password, **options)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Script

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        shown = str(self.headers.get("authorization") or "")
        asked = Asked(self.command, self.path, shown, body, self.server.server_port)
        self.server.asked.append(asked)
        status, headers, answer = self.server.answer(asked)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(answer)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)
        self.close_connection = self.close_connection or headers.get("Connection") == "close"

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _any  # noqa: N815

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def serving(answer: Callable[[Asked], Answered]) -> Iterator[Script]:
    server = Script(answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def _with_tokens(realm: str) -> Callable[[Asked], Answered]:
    """A registry that wants tokens, and the service that gives them, as Docker Hub and GHCR have it."""

    def answer(asked: Asked) -> Answered:
        place = urlsplit(asked.path)
        if place.path == "/token":
            if asked.authorization != BASIC:
                return 401, {}, b""
            scope = parse_qs(place.query)["scope"][0]
            return 200, {}, json.dumps({"token": f"for {scope}".replace(" ", "-"), "expires_in": 300}).encode()
        scope = "repository:a/b:pull" if asked.method in ("GET", "HEAD") else "repository:a/b:pull,push"
        if asked.authorization != f"Bearer for-{scope}":
            url = realm or f"http://127.0.0.1:{asked.port}/token"
            return 401, {"WWW-Authenticate": f'Bearer realm="{url}",service="r",scope="{scope}"'}, b""
        if asked.method == "POST":
            return 202, {"Location": "/v2/a/b/blobs/uploads/1?state=x"}, b""
        return (201 if asked.method == "PUT" else 200), {}, BLOB

    return answer


def test_token_is_fetched_once_for_each_kind_of_access() -> None:
    with serving(_with_tokens("")) as server, server.client_of_robot("secret") as client:
        assert client.blob("a/b", digest_of(BLOB)) == BLOB
        assert client.blob("a/b", digest_of(BLOB)) == BLOB
        client.push_blob("a/b", digest_of(BLOB), len(BLOB), BLOB)

        tokens = [urlsplit(one.path).query for one in server.asked if one.path.startswith("/token")]
        assert len(tokens) == 2
        put = server.asked[-1]
        assert put.body == BLOB
        assert "state=x" in put.path
        assert "digest=sha256" in put.path


def test_wrong_password_is_refused_and_not_tried_for_ever() -> None:
    with serving(_with_tokens("")) as server, server.client_of_robot("wrong", patience=5) as client:
        with pytest.raises(RegistryRefused) as refused:
            client.blob("a/b", digest_of(BLOB))

        assert refused.value.status == 401
        assert len(server.asked) == 2


def test_account_is_not_shown_to_a_token_service_without_tls() -> None:
    realm = "http://tokens.example/token"
    with serving(_with_tokens(realm)) as server, server.client_of_robot("secret") as client:
        with pytest.raises(RegistryRefused):
            client.blob("a/b", digest_of(BLOB))

        assert len(server.asked) == 1


def test_account_is_not_shown_to_the_store_that_blobs_are_redirected_to() -> None:
    with (
        serving(lambda _: (200, {}, BLOB)) as store,
        serving(lambda _: (307, {"Location": f"{store.url}/signed?key=1"}, b"")) as registry,
        registry.client_of_robot("secret") as client,
    ):
        assert client.blob("a/b", digest_of(BLOB)) == BLOB

        assert registry.asked[0].authorization == BASIC
        assert store.asked[0].authorization == ""


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_passes_is_waited_out(status: int) -> None:
    """A restart; a garbage collection, which refuses writes with 503."""
    answers = [(status, {}, b"later")] * 2

    def answer(_: Asked) -> Answered:
        return answers.pop() if answers else (200, {}, BLOB)

    with serving(answer) as server, server.client(patience=10) as client:
        assert client.blob("a/b", digest_of(BLOB)) == BLOB
        assert len(server.asked) == 3


@pytest.mark.parametrize("status", [429, 503])
def test_busy_token_service_is_waited_out(status: int) -> None:
    """It is no wrong password."""
    busy, answer = [status], _with_tokens("")

    def at_first(asked: Asked) -> Answered:
        if busy and asked.path.startswith("/token"):
            return busy.pop(), {"Retry-After": "1"}, b"busy"
        return answer(asked)

    with serving(at_first) as server, server.client_of_robot("secret", patience=10) as client:
        began = time.monotonic()
        assert client.blob("a/b", digest_of(BLOB)) == BLOB
        assert time.monotonic() - began >= 1


def test_token_service_that_stays_busy_is_named() -> None:
    answer = _with_tokens("")

    def busy(asked: Asked) -> Answered:
        return (503, {"Retry-After": "7"}, b"busy") if asked.path.startswith("/token") else answer(asked)

    with serving(busy) as server, server.client_of_robot("secret") as client:
        with pytest.raises(RegistryRefused) as refused:
            client.blob("a/b", digest_of(BLOB))

        assert (refused.value.status, refused.value.retry_after) == (503, 7)
        assert "/token" in str(refused.value)
        assert "password" not in str(refused.value)


def test_upload_that_leads_nowhere_is_refused() -> None:
    with serving(lambda _: (202, {}, b"")) as server, server.client(patience=30) as client:
        with pytest.raises(RegistryRefused, match="POST /v2/a/b/blobs/uploads/"):
            client.push_blob("a/b", digest_of(BLOB), len(BLOB), BLOB)

        assert len(server.asked) == 1


def test_patience_ends() -> None:
    with serving(lambda _: (503, {}, b"read-only")) as server, server.client(patience=1) as client:
        with pytest.raises(RegistryRefused) as refused:
            client.blob("a/b", digest_of(BLOB))

        assert refused.value.status == 503
        assert 1 < len(server.asked) < 10


def test_without_patience_everything_is_asked_once() -> None:
    with serving(lambda _: (503, {}, b"")) as server, server.client() as client:
        with pytest.raises(RegistryRefused):
            client.blob("a/b", digest_of(BLOB))

        assert len(server.asked) == 1


@pytest.mark.parametrize("status", [404, 403, 507])
def test_what_does_not_pass_is_said_at_once(status: int) -> None:
    with serving(lambda _: (status, {}, b"")) as server, server.client(patience=30) as client:
        with pytest.raises(RegistryRefused) as refused:
            client.blob("a/b", digest_of(BLOB))

        assert refused.value.full is (status == 507)
        assert len(server.asked) == 1


def test_full_disk_of_a_registry_is_known_by_its_words() -> None:
    """distribution answers 500 for it."""
    with serving(lambda _: (500, {}, b"write: no space left on device")) as server, server.client(patience=9) as client:
        with pytest.raises(RegistryRefused) as refused:
            client.push_blob("a/b", digest_of(BLOB), len(BLOB), BLOB)

        assert refused.value.full
        assert len(server.asked) == 1


def test_upload_that_was_lost_is_begun_again() -> None:
    """The registry was restarted between the two requests of an upload."""
    lost = [True]

    def answer(asked: Asked) -> Answered:
        if asked.method == "POST":
            return 202, {"Location": "/v2/a/b/blobs/uploads/1"}, b""
        return (404, {}, b"BLOB_UPLOAD_UNKNOWN") if lost and lost.pop() else (201, {}, b"")

    with serving(answer) as server, server.client(patience=10) as client:
        client.push_blob("a/b", digest_of(BLOB), len(BLOB), memoryview(BLOB))

        assert [one.method for one in server.asked] == ["POST", "PUT", "POST", "PUT"]
        assert server.asked[-1].body == BLOB


def test_answer_that_breaks_off_is_no_answer() -> None:
    short = {"Content-Length": "100", "Connection": "close"}
    with serving(lambda _: (200, short, BLOB)) as server, server.client() as client, pytest.raises(RegistryUnreachable):
        client.unchecked_blob("a/b", digest_of(BLOB), 100)


def test_answer_that_does_not_end_is_cut_off() -> None:
    endless = bytes(5_000_000)
    with serving(lambda _: (200, {}, endless)) as server, server.client() as client:
        assert client.unchecked_blob("a/b", digest_of(BLOB), 1000) == bytes(1001)
        assert client.unchecked_blob("a/b", digest_of(BLOB), 5_000_000) == endless


def test_certificate_that_is_not_trusted_is_not_tried_again(request: pytest.FixtureRequest) -> None:
    loopback = request.getfixturevalue("loopback")
    from ethinfra.registry.certificate import make_certificate

    stranger = make_certificate("registry.example").authority
    with RegistryClient(f"https://localhost:{loopback.port}", authority=stranger, patience=30) as client:
        with pytest.raises(RegistryUnreachable) as refused:
            client.login()

        assert not refused.value.passing
