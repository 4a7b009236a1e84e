"""Values as the clients' APIs write them, read strictly: what is not as specified is Malformed, never guessed."""

from __future__ import annotations

import json
import re

from ethinfra.probe.exchange import NoAnswer
from ethinfra.probe.view import Kind

_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,15})\Z")
_DECIMAL = re.compile(r"[0-9]{1,20}\Z")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}\Z")


class Malformed(NoAnswer):
    """An answer that is not what the API specifies."""

    def __init__(self, text: str) -> None:
        super().__init__(Kind.MALFORMED, text)


def document(body: bytes, status: int) -> object:
    """A JSON body; `status` is for the message only."""
    if not body:
        raise Malformed(f"HTTP {status} with an empty body")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        start = body[:40].decode("ascii", "replace").strip()
        raise Malformed(f"HTTP {status} and no JSON: {start!r}") from None


def quantity(value: object, what: str) -> int:
    """A number as JSON-RPC writes it: `0x1a`."""
    if not isinstance(value, str) or not _QUANTITY.match(value):
        raise Malformed(f"{what} is {_shown(value)}, not a quantity")
    return int(value, 16)


def decimal(value: object, what: str) -> int:
    """A number as the Beacon API writes it: `"26"`."""
    if not isinstance(value, str) or not _DECIMAL.match(value):
        raise Malformed(f"{what} is {_shown(value)}, not a decimal number")
    return int(value)


def hash32(value: object, what: str) -> str:
    """A hash, in lower case."""
    if not isinstance(value, str) or not _HASH.match(value):
        raise Malformed(f"{what} is {_shown(value)}, not a hash")
    return value.lower()


def boolean(value: object, what: str) -> bool:
    """True or false, and nothing that merely counts as either."""
    if not isinstance(value, bool):
        raise Malformed(f"{what} is {_shown(value)}, not true or false")
    return value


def member(value: object, *path: str) -> object:
    """What lies at a path of nested objects."""
    for depth, key in enumerate(path):
        if not isinstance(value, dict) or key not in value:
            raise Malformed(f"the answer has no {'.'.join(path[: depth + 1])}")
        value = value[key]
    return value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "…"
