"""Who the Engine port answers."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable

import pytest

from ethinfra.chain.engine import EngineDoor, knock, token
from ethinfra.chain.link import HttpLink
from tests.chain.conftest import Script, json_rpc

SECRET = "0x" + "5e" * 32


def test_nobody_answers():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert knock(HttpLink(f"http://127.0.0.1:{port}")) is EngineDoor.CLOSED


@pytest.mark.parametrize(
    ("status", "body", "door"),
    [
        (401, b"missing token", EngineDoor.ASKS_FOR_TOKEN),
        (403, b"", EngineDoor.ASKS_FOR_TOKEN),
        (200, b"<html>", EngineDoor.SOMETHING_ELSE),
        (200, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}', EngineDoor.SOMETHING_ELSE),
        (404, b"", EngineDoor.SOMETHING_ELSE),
    ],
)
def test_answer_tells_the_door(status: int, body: bytes, door: EngineDoor, serve: Callable[[Script], str]):
    assert knock(HttpLink(serve(lambda *_: (status, body)))) is door


def test_engine_that_takes_orders_from_anybody_is_open(serve: Callable[[Script], str]):
    """The control: what a scenario must call a failure."""
    url = serve(json_rpc({"engine_exchangeCapabilities": ["engine_newPayloadV4"]}))

    assert knock(HttpLink(url)) is EngineDoor.OPEN


def test_token_is_a_jwt_with_the_time_of_its_issue():
    """That its signature is right, geth says (test_live)."""
    made = token(SECRET, issued=1700000000)

    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in made.split(".")[:2])
    assert header == {"alg": "HS256", "typ": "JWT"}
    assert claims == {"iat": 1700000000}
