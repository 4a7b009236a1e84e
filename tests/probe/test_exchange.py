"""One question over HTTP: whatever the other side does, it ends by the deadline, and only a whole answer counts."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ethinfra.probe.exchange import MAX_BODY, Deadline, Endpoint, NoAnswer, ask
from ethinfra.probe.view import Kind


@contextmanager
def server(speak: Callable[[socket.socket, threading.Event], None]) -> Iterator[Endpoint]:
    """A server that reads one request and then speaks as told, until the test is over."""
    over = threading.Event()

    def serve() -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.recv(65536)
            try:
                speak(connection, over)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Endpoint.parse(f"http://127.0.0.1:{listener.getsockname()[1]}")
        over.set()
        listener.close()
        thread.join(5)


def says(*parts: bytes) -> Callable[[socket.socket, threading.Event], None]:
    return lambda connection, _: connection.sendall(b"".join(parts))


def drips(head: bytes, drop: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def speak(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(head)
        while not over.wait(0.02):
            connection.sendall(drop)

    return speak


@pytest.mark.parametrize(
    "speak",
    [
        pytest.param(lambda _, over: over.wait(10), id="silent"),
        pytest.param(drips(b"", b"H"), id="drips its status line"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), id="drips headers"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x"), id="drips a body"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), id="drips a body without end"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), id="drips chunks"),
    ],
)
def test_deadline_bounds_the_whole_exchange(speak: Callable[[socket.socket, threading.Event], None]):
    """A timeout per read would never end here, since a byte comes every 20 ms."""
    with server(speak) as endpoint:
        started = time.monotonic()
        with pytest.raises(NoAnswer) as late:
            ask(endpoint, "/", Deadline(0.4))

    assert late.value.trouble.kind is Kind.UNREACHABLE
    assert 0.3 < time.monotonic() - started < 1.5


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello and more", b"hello"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", b"hello"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    ],
    ids=["length", "lower case", "until the end", "chunked", "empty"],
)
def test_whole_answer_is_read(answer: bytes, body: bytes):
    with server(says(answer)) as endpoint:
        assert ask(endpoint, "/", Deadline(5)).body == body


def test_status_is_handed_on():
    """Whether a 503 is an answer is for the caller to say."""
    with server(says(b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}")) as endpoint:
        assert ask(endpoint, "/", Deadline(5)).status == 503


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 OK\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "cut off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "no readable length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1), "larger than"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n", "larger than"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "no readable length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", "cut off"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10000, "does not end"),
    ],
    ids=[
        "other protocol",
        "no status",
        "short body",
        "negative length",
        "huge length",
        "huge chunk",
        "odd chunk",
        "short chunk",
        "endless headers",
    ],
)
def test_broken_answer_is_malformed(answer: bytes, said: str):
    with server(says(answer)) as endpoint, pytest.raises(NoAnswer) as refused:
        ask(endpoint, "/", Deadline(5))

    assert refused.value.trouble.kind is Kind.MALFORMED
    assert said in refused.value.trouble.text


def test_refused_connection_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint.parse(f"http://127.0.0.1:{listener.getsockname()[1]}")

    with pytest.raises(NoAnswer) as refused:
        ask(endpoint, "/", Deadline(5))

    assert refused.value.trouble.kind is Kind.UNREACHABLE
    assert "refused" in refused.value.trouble.text


def test_name_of_an_endpoint_hides_the_key_in_its_path():
    """Providers put the key into the path; names go to logs and to `/status`."""
    endpoint = Endpoint.parse("https://eth.example.org/v3/0123456789secret")

    assert endpoint.name == "https://eth.example.org:443"
    assert endpoint.path == "/v3/0123456789secret"


@pytest.mark.parametrize("url", ["127.0.0.1:8545", "ftp://a:1", "http://", "http://user:word@host:1", "http://a:99999"])
def test_address_that_is_none_is_refused(url: str):
    with pytest.raises(ValueError, match=r"not of the form|Port out of range"):
        Endpoint.parse(url)
