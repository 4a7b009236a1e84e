"""values.yaml as the manual that it is: each key with its default and the comment above it.

Entries of a map or list that is empty by default are shown commented out below it, as an example:

    namespaces: {}
      # ethereum:
      #   # Pod Security profile that is enforced.
      #   podSecurity: restricted
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from ethinfra.deploy.values.schema import Key, Rule, place

_EMPTY = re.compile(r"^( *)([\w.-]+): (\{\}|\[\])$")
_COMMENT = re.compile(r"^( *)# ?(.*)$")


@dataclass(frozen=True)
class Entry:
    """One key. default: as YAML reads it. meaning: the comment, in one line. example: shown, and no default."""

    default: Any
    meaning: str
    example: bool


@dataclass
class _Shown:
    """The lines with examples in place of the empty defaults above them.

    emptied: line of such a key → its default. examples: lines that were commented out.
    """

    lines: list[str] = field(default_factory=list)
    emptied: dict[int, Any] = field(default_factory=dict)
    examples: set[int] = field(default_factory=set)


def entries(manual: str, schema: Rule) -> dict[Key, Entry]:
    """Every key that a manual shows. The names that a free map holds are one key, `*`."""
    shown = _uncommented(manual.splitlines())
    document = yaml.compose("\n".join(shown.lines))
    found: dict[Key, Entry] = {}
    if document is not None:
        _collect(document, (), 0, shown, schema, found)
    return found


def _collect(node: yaml.Node, path: Key, first: int, shown: _Shown, schema: Rule, found: dict[Key, Entry]) -> None:
    """first: the line of the key whose value this is."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _collect(item, (*path, "-"), first, shown, schema, found)
    if not isinstance(node, yaml.MappingNode):
        return
    for name, value in node.value:
        key = place(schema, (*path, name.value))
        line = name.start_mark.line
        # In braces, the comment is about what the braces belong to; behind an alias (`*probes`), about the original.
        alone = shown.lines[line][: name.start_mark.column].strip(" -") == "" and line >= first
        default = shown.emptied[line] if line in shown.emptied else yaml.safe_load(yaml.serialize(value))
        if key not in found:
            found[key] = Entry(default, _above(shown.lines, line) if alone else "", line in shown.examples)
        _collect(value, (*path, name.value), max(first, line), shown, schema, found)


def _above(lines: list[str], line: int) -> str:
    """The comment that ends on the line before; one that a blank line sets apart is about something larger."""
    found: list[str] = []
    while line > 0 and (comment := _COMMENT.match(lines[line - 1])):
        found.insert(0, comment.group(2).strip())
        line -= 1
    return " ".join(found)


def _uncommented(lines: list[str]) -> _Shown:
    shown = _Shown()
    rest = list(lines)
    while rest:
        line = rest.pop(0)
        empty = _EMPTY.match(line)
        block = _block(rest, len(empty.group(1))) if empty else []
        if not empty or not block:
            shown.lines.append(line)
            continue
        shown.emptied[len(shown.lines)] = yaml.safe_load(empty.group(3))
        shown.lines.append(f"{empty.group(1)}{empty.group(2)}:")
        shown.examples |= set(range(len(shown.lines), len(shown.lines) + len(block)))
        shown.lines += [_COMMENT.sub(r"\1\2", one) for one in block]
        rest = rest[len(block) :]
    return shown


def _block(lines: list[str], indent: int) -> list[str]:
    """Comment lines that stand deeper than a key."""
    found = []
    for line in lines:
        comment = _COMMENT.match(line)
        if not comment or len(comment.group(1)) <= indent:
            break
        found.append(line)
    return found
