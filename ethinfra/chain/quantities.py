"""Numbers and hashes by their kind, so that a height is not passed where an amount belongs."""

from __future__ import annotations

from typing import NewType

from ethinfra.errors import ChainError

BlockNumber = NewType("BlockNumber", int)
#: 32 bytes, lower-case hex with 0x.
Hash32 = NewType("Hash32", str)
#: 20 bytes, hex with 0x, in either case.
Address = NewType("Address", str)
Wei = NewType("Wei", int)
Slot = NewType("Slot", int)
Epoch = NewType("Epoch", int)


def number(value: object, what: str) -> int:
    """A quantity as JSON-RPC writes it, `0x1a`."""
    if isinstance(value, str) and value.startswith("0x"):
        try:
            return int(value, 16)
        except ValueError:
            pass
    raise ChainError(what, expected="a quantity such as 0x1a", seen=repr(value)[:80])


def decimal(value: object, what: str) -> int:
    """A number as the Beacon API writes it, `"26"`."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    raise ChainError(what, expected='a number such as "26"', seen=repr(value)[:80])


def hash32(value: object, what: str) -> Hash32:
    """A hash of 32 bytes."""
    if isinstance(value, str) and len(value) == 66 and value.startswith("0x"):
        return Hash32(value.lower())
    raise ChainError(what, expected="a hash of 32 bytes", seen=repr(value)[:80])


def member(document: object, *path: str, what: str) -> object:
    """What lies at a path of nested objects."""
    for key in path:
        if not isinstance(document, dict) or key not in document:
            raise ChainError(what, expected=f"an answer with {'.'.join(path)}", seen=repr(document)[:200])
        document = document[key]
    return document
