"""A template of Go's as a tree of what it does: enough of the language to follow values through our charts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ACTION = re.compile(r"\{\{-?\s*(?:/\*.*?\*/|(.*?))\s*-?\}\}", re.S)
_WORD = re.compile(r"([a-z]+)\s*(.*)", re.S)
_BOUND = re.compile(r"\$(\w+)(?:\s*,\s*\$(\w+))?\s*:=\s*(.*)", re.S)
_ASSIGNED = re.compile(r"\$(\w+)\s*(:?=)\s*(.*)", re.S)


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Output:
    """What a pipeline gives is written."""

    pipeline: str


@dataclass(frozen=True)
class Assign:
    """new: declared here, not changed."""

    name: str
    pipeline: str
    new: bool


@dataclass(frozen=True)
class Block:
    """if, with, range, define. names: variables for the value, or for place and value of a range.

    other: what is done otherwise
    """

    kind: str
    pipeline: str
    names: tuple[str, ...]
    body: tuple[Node, ...]
    other: tuple[Node, ...] = ()


Node = Text | Output | Assign | Block


def parse(text: str) -> tuple[Node, ...]:
    """The whole template. ValueError where an `end` is missing or too many."""
    pieces = list(_pieces(text))
    nodes, rest = _nodes(pieces)
    if rest:
        raise ValueError(f"`{rest[0]}` without a beginning")
    return nodes


def _pieces(text: str) -> Iterator[Text | str]:
    """Text, and actions as strings."""
    end = 0
    for action in _ACTION.finditer(text):
        yield Text(text[end : action.start()])
        if action.group(1):
            yield action.group(1)
        end = action.end()
    yield Text(text[end:])


def _nodes(pieces: list[Text | str]) -> tuple[tuple[Node, ...], list[Text | str]]:
    """Nodes up to an `else` or `end` that belongs to whoever asks, and what is left from there."""
    found: list[Node] = []
    while pieces:
        piece = pieces[0]
        if isinstance(piece, Text):
            found.append(piece)
            pieces = pieces[1:]
            continue
        if piece == "end" or piece.startswith("else"):
            break
        word = _WORD.fullmatch(piece)
        if word and word.group(1) in ("if", "with", "range", "define"):
            block, pieces = _block(word.group(1), word.group(2), pieces[1:])
            found.append(block)
            continue
        assigned = _ASSIGNED.fullmatch(piece)
        if assigned:
            found.append(Assign(assigned.group(1), assigned.group(3), assigned.group(2) == ":="))
        else:
            found.append(Output(piece))
        pieces = pieces[1:]
    return tuple(found), pieces


def _block(kind: str, head: str, pieces: list[Text | str]) -> tuple[Block, list[Text | str]]:
    bound = _BOUND.fullmatch(head) if kind in ("with", "range") else None
    names = tuple(name for name in bound.groups()[:2] if name) if bound else ()
    pipeline = bound.group(3) if bound else head
    body, pieces = _nodes(pieces)
    if not pieces:
        raise ValueError(f"`{kind} {head}` has no end")
    closing = str(pieces[0])
    other: tuple[Node, ...] = ()
    if closing.startswith("else"):
        below = _WORD.fullmatch(closing[4:].strip())
        if below:
            # `else if` ends where its `if` does.
            inner, pieces = _block(below.group(1), below.group(2), pieces[1:])
            return Block(kind, pipeline, names, body, (inner,)), pieces
        other, pieces = _nodes(pieces[1:])
    return Block(kind, pipeline, names, body, other), pieces[1:]
