"""The Engine API: who it answers. It belongs to one consensus client and to nobody else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from enum import Enum

from ethinfra.chain.link import Link, NodeSilent


class EngineDoor(Enum):
    """What somebody at the Engine port finds."""

    CLOSED = "closed"  # nothing answers
    ASKS_FOR_TOKEN = "asks for a token"  # noqa: S105 - a description; 401 or 403, as the specification wants
    OPEN = "open"  # it takes orders
    SOMETHING_ELSE = "something else"  # it answers, but not as an Engine API


def knock(link: Link, *, secret: str | None = None) -> EngineDoor:
    """Ask for the client's capabilities, without a token or with one that is made from the secret (64 hex digits).

    The question changes nothing in the client.
    """
    call = {"jsonrpc": "2.0", "id": 1, "method": "engine_exchangeCapabilities", "params": [["engine_newPayloadV4"]]}
    headers = {"Authorization": f"Bearer {token(secret)}"} if secret else None
    try:
        answer = link.send("POST", "/", json.dumps(call).encode(), headers=headers)
    except NodeSilent:
        return EngineDoor.CLOSED
    if answer.status in (401, 403):
        return EngineDoor.ASKS_FOR_TOKEN
    try:
        document = json.loads(answer.body)
    except ValueError:
        return EngineDoor.SOMETHING_ELSE
    listed = isinstance(document, dict) and isinstance(document.get("result"), list)
    return EngineDoor.OPEN if listed else EngineDoor.SOMETHING_ELSE


def token(secret: str, *, issued: float | None = None) -> str:
    """A JSON Web Token as the Engine API wants it: HS256, claim `iat` within 60 s of now."""
    key = bytes.fromhex(secret.removeprefix("0x"))
    parts = [{"alg": "HS256", "typ": "JWT"}, {"iat": int(time.time() if issued is None else issued)}]
    signed = b".".join(_url_safe(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return (signed + b"." + _url_safe(hmac.new(key, signed, hashlib.sha256).digest())).decode()


def _url_safe(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
