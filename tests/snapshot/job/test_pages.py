"""The pages that a job answers with, and the port that it leaves to whoever comes after."""

from __future__ import annotations

import http.client
import json
from http.server import BaseHTTPRequestHandler

import pytest

from ethinfra.errors import BadInput
from ethinfra.probe.listener import Listener
from ethinfra.snapshot.job.pages import Page, sample, serving

HOST = "127.0.0.1"


def ask(port: int, path: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers["Content-Type"], body


def test_page_is_made_anew_for_each_who_asks() -> None:
    made = iter(range(9))

    with serving((HOST, 0), {"/status": lambda: Page.json({"asked": next(made)}, 503)}) as port:
        answers = [ask(port, path) for path in ("/status", "/status?verbose=1")]

    assert answers == [(503, "application/json", b'{"asked": 0}\n'), (503, "application/json", b'{"asked": 1}\n')]


def test_who_asks_for_what_is_not_there_is_told_what_is() -> None:
    with serving((HOST, 0), {"/metrics": lambda: Page.metrics("")}) as port:
        status, _, body = ask(port, "/healthz")

    assert (status, json.loads(body)) == (404, {"known": ["/metrics"]})


def test_port_that_is_taken_is_named() -> None:
    with serving((HOST, 0), {}) as port, pytest.raises(BadInput, match=f"127.0.0.1:{port}"), serving((HOST, port), {}):
        pass


def test_port_is_free_at_once_for_the_probe_that_comes_after() -> None:
    """The end that closes a connection keeps it for a minute; here that is the server."""
    with serving((HOST, 0), {"/": lambda: Page.json({})}) as port:
        for _ in range(3):
            ask(port, "/")

    with Listener((HOST, port), BaseHTTPRequestHandler) as probe:
        assert probe.server_port == port


def test_value_of_a_label_is_one_line() -> None:
    lines = sample("seconds", "gauge", "How long.", 1.5, {"pod": 'a"b\\c\nd'})

    assert lines[-1] == 'seconds{pod="a\\"b\\\\c\\nd"} 1.500000'
    assert sample("bytes", "gauge", "How much.", 3.0)[-1] == "bytes 3"
