"""values.yaml as the manual that it is: each key with its default and the comment above it.

Entries of a map or list that is empty by default are shown commented out below it, as an example:

    namespaces: {}
      # ethereum:
      #   # Pod Security profile that is enforced.
      #   podSecurity: restricted
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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


def entries(manual: str, schema: Rule) -> dict[Key, Entry]:
    """Every key that a manual shows. The names that a free map holds are one key, `*`."""
    shown, examples = _uncommented(manual.splitlines())
    document = yaml.compose("\n".join(shown))
    found: dict[Key, Entry] = {}
    if isinstance(document, yaml.MappingNode):
        _collect(document, (), 0, shown, examples, schema, found)
    return found


def _collect(
    node: yaml.Node, path: Key, first: int, lines: list[str], examples: set[int], schema: Rule, found: dict[Key, Entry]
) -> None:
    """first: the line of the key whose value this is."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _collect(item, (*path, "-"), first, lines, examples, schema, found)
    if not isinstance(node, yaml.MappingNode):
        return
    for name, value in node.value:
        key = place(schema, (*path, name.value))
        line = name.start_mark.line
        # In braces, the comment is about what the braces belong to; behind an alias (`*probes`), about the original.
        alone = lines[line][: name.start_mark.column].strip(" -") == "" and line >= first
        default = yaml.safe_load(yaml.serialize(value))
        if key not in found:
            found[key] = Entry(default, _above(lines, line) if alone else "", line in examples)
        _collect(value, (*path, name.value), max(first, line), lines, examples, schema, found)


def _above(lines: list[str], line: int) -> str:
    """The comment that ends on the line before; one that a blank line sets apart is about something larger."""
    found: list[str] = []
    while line > 0 and (comment := _COMMENT.match(lines[line - 1])):
        found.insert(0, comment.group(2).strip())
        line -= 1
    return " ".join(found)


def _uncommented(lines: list[str]) -> tuple[list[str], set[int]]:
    """The lines with examples in place of the empty defaults above them, and which lines are examples."""
    shown: list[str] = []
    examples: set[int] = set()
    rest = list(lines)
    while rest:
        line = rest.pop(0)
        empty = _EMPTY.match(line)
        block = _block(rest, len(empty.group(1))) if empty else []
        if not empty or not block:
            shown.append(line)
            continue
        shown.append(f"{empty.group(1)}{empty.group(2)}:")
        examples |= set(range(len(shown), len(shown) + len(block)))
        shown += [_COMMENT.sub(r"\1\2", one) for one in block]
        rest = rest[len(block) :]
    return shown, examples


def _block(lines: list[str], indent: int) -> list[str]:
    """Comment lines that stand deeper than a key."""
    found = []
    for line in lines:
        comment = _COMMENT.match(line)
        if not comment or len(comment.group(1)) <= indent:
            break
        found.append(line)
    return found
