"""Which keys the templates of a chart use, by following values through them: from `.Values` by variables, arguments of
`include`, `with` and `range` to where something is written or decided.

It asks less than a template engine answers: both branches of an `if` are taken, a loop's body once, and what a function
makes of its arguments counts as all of them. What stands in the text around actions is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ethinfra.deploy.values.chart import Chart
from ethinfra.deploy.values.schema import ANY, Key
from ethinfra.deploy.values.template import Assign, Block, Node, Output, Text, parse

#: Where a list that a template makes keeps what is in it.
_ITEM = "[]"


@dataclass(frozen=True)
class Value:
    """What an expression may be.

    keys:   places in the values that it may come from
    text:   keys that were written into it, so that nothing inside can be told apart any more
    words:  strings that it may be
    fields: of a map or list that the template makes
    """

    keys: frozenset[Key] = frozenset()
    text: frozenset[Key] = frozenset()
    words: frozenset[str] = frozenset()
    fields: tuple[tuple[str, Value], ...] = ()

    @cached_property
    def made(self) -> dict[str, Value]:
        return dict(self.fields)

    def get(self, name: str) -> Value:
        """One field; of a map that the template changed, the field that it set."""
        if name in self.made:
            return self.made[name]
        return Value(frozenset((*key, name) for key in self.keys), self.text)

    def items(self) -> Value:
        """What is in a list or map, all together."""
        inside = Value(frozenset((*key, ANY) for key in self.keys), self.text, self.words)
        return union([inside, *self.made.values()])

    def everything(self) -> frozenset[Key]:
        """All keys that are written when this is."""
        return self.keys | self.text | {key for one in self.made.values() for key in one.everything()}


NOTHING = Value()


def union(values: Iterable[Value]) -> Value:
    """What may be one or the other."""
    keys, text, words = frozenset[Key](), frozenset[Key](), frozenset[str]()
    made: dict[str, list[Value]] = {}
    for one in values:
        keys, text, words = keys | one.keys, text | one.text, words | one.words
        for name, below in one.fields:
            made.setdefault(name, []).append(below)
    return Value(keys, text, words, tuple(sorted((name, union(found)) for name, found in made.items())))


def _word(text: str) -> Value:
    return Value(words=frozenset([text]))


@dataclass(frozen=True)
class Usage:
    """decided: a template asks for the key, or goes through it. written: it ends up in a manifest, with all below it.

    Each with the first place that does so.
    """

    decided: dict[Key, str] = field(default_factory=dict)
    written: dict[Key, str] = field(default_factory=dict)

    def uses(self, key: Key) -> bool:
        """Whether anything depends on the key, or on what is inside."""
        above = any(key[:length] in self.written for length in range(1, len(key) + 1))
        return above or any(one[: len(key)] == key for one in self.keys())

    def keys(self) -> dict[Key, str]:
        """All that are named."""
        return {**self.written, **self.decided}


def used(chart: Chart) -> Usage:
    """By all files of the chart that are no helpers, and for the ethereum chart by the files of clients.

    ValueError names a template that cannot be read.
    """
    follower = _Follower(chart)
    for path in chart.templates:
        if path.startswith("templates/") and not path.rpartition("/")[2].startswith("_"):
            follower.file(path)
    return follower.usage


class _Follower:
    """One walk through a chart's templates."""

    def __init__(self, chart: Chart) -> None:
        self.usage = Usage()
        self.chart = chart
        self._defined: dict[str, tuple[str, tuple[Node, ...]]] = {}
        self._files: dict[str, tuple[Node, ...]] = {}
        self._results: dict[tuple[str, Value], Value] = {}
        for path, text in chart.templates.items():
            if path.startswith("templates/"):
                self._files[path] = self._read(path, text)
        self._programs = [(where, self._read(where, one)) for where, all_ in chart.programs.items() for one in all_]

    def _read(self, path: str, text: str) -> tuple[Node, ...]:
        try:
            nodes = parse(text)
        except ValueError as reason:
            raise ValueError(f"{self.chart.name}/{path}: {reason}") from reason
        for node in nodes:
            if isinstance(node, Block) and node.kind == "define":
                self._defined[node.pipeline.strip('"')] = (path, node.body)
        return nodes

    def file(self, path: str) -> None:
        """Follow one file; what it writes is used."""
        root = Value(fields=(("Values", Value(frozenset([()]))),))
        result = _Frame(self, path, root).run(self._files[path])
        self.note(self.usage.written, result.everything(), path)

    def include(self, name: str, dot: Value) -> Value:
        """What a helper gives for one argument."""
        if (name, dot) not in self._results:
            if name not in self._defined:
                raise ValueError(f"{self.chart.name}: no template is named {name}")
            path, body = self._defined[name]
            self._results[name, dot] = NOTHING
            self._results[name, dot] = _Frame(self, f"{path} {name}", dot).run(body)
        return self._results[name, dot]

    def other_file(self, path: str, dot: Value, where: str) -> Value:
        """A file of the chart that is a template too (`tpl (.Files.Get …)`)."""
        return _Frame(self, f"{where} {path}", dot).run(self._read(path, self.chart.templates[path]))

    def program(self, group: str, names: dict[str, Value]) -> Value:
        """What the templates of clients give for a group of flags: `flags.base`, `options.*.flags`, `environment`."""
        dot = Value(fields=tuple(sorted(names.items())))
        pattern = re.compile(r"clients\.[^.]+\.[^.]+\." + re.escape(group).replace(r"\*", "[^.]+"))
        written = []
        for where, nodes in self._programs:
            if pattern.fullmatch(where):
                written.append(_Frame(self, where, dot).run(nodes))
                self.note(self.usage.decided, written[-1].everything(), where)
        return union(written)

    def note(self, kind: dict[Key, str], keys: Iterable[Key], where: str) -> None:
        for key in keys:
            if key:
                kind.setdefault(key, where)


class _Frame:
    """One template with its dot and its variables."""

    def __init__(self, follower: _Follower, where: str, dot: Value) -> None:
        self._follower = follower
        self._where = where
        self._root = dot
        self._scopes: list[dict[str, Value]] = [{}]

    def run(self, nodes: Sequence[Node]) -> Value:
        return self._nodes(nodes, self._root)

    def _nodes(self, nodes: Sequence[Node], dot: Value) -> Value:
        """What is written: one value where there is no text around, so that it can be read back from YAML."""
        written = [self._node(node, dot) for node in nodes]
        result = union(written)
        if any(isinstance(node, Text) and node.text.strip() for node in nodes):
            return Value(text=result.everything(), words=result.words)
        return result

    def _node(self, node: Node, dot: Value) -> Value:
        if isinstance(node, Text):
            return _word(node.text.strip()) if node.text.strip() else NOTHING
        if isinstance(node, Output):
            return self._pipeline(node.pipeline, dot)
        if isinstance(node, Assign):
            self._assign(node, self._pipeline(node.pipeline, dot))
            return NOTHING
        return self._block(node, dot) if node.kind != "define" else NOTHING

    def _assign(self, node: Assign, value: Value) -> None:
        if node.name == "_":
            # `$_ := set …` changes a map in place, which is not followed any further.
            self._follower.note(self._follower.usage.decided, value.everything(), self._where)
            return
        if node.new:
            self._scopes[-1][node.name] = value
            return
        scope = next(one for one in reversed(self._scopes) if node.name in one)
        # In a block that may be passed over, it may also stay what it was.
        scope[node.name] = value if scope is self._scopes[-1] else union([scope[node.name], value])

    def _block(self, block: Block, dot: Value) -> Value:
        value = self._pipeline(block.pipeline, dot)
        self._follower.note(self._follower.usage.decided, value.everything(), self._where)
        inside = dot
        names: dict[str, Value] = {}
        if block.kind == "range":
            inside = value.items()
            place = Value(words=frozenset(value.made))
            # One name is the value's; of two, the first is its place's.
            names = dict(zip(reversed(block.names), (inside, place), strict=False))
        elif block.kind == "with":
            inside = value
            names = dict.fromkeys(block.names, inside)
        self._scopes.append(names)
        body = self._nodes(block.body, inside)
        self._scopes[-1] = {}
        other = self._nodes(block.other, dot)
        self._scopes.pop()
        return union([body, other])

    # Pipelines

    def _pipeline(self, text: str, dot: Value) -> Value:
        tokens = list(_tokens(text))
        value, rest = self._piped(tokens, dot)
        if rest:
            raise ValueError(f"{self._where}: cannot read {text!r}")
        return value

    def _piped(self, tokens: list[str], dot: Value) -> tuple[Value, list[str]]:
        """Commands joined by `|`; each takes what the one before gives as its last argument."""
        last: list[Value] = []
        while True:
            function, arguments, tokens = self._command(tokens, dot)
            value = self._call(function, [*arguments, *last]) if function else union(arguments)
            if not tokens or tokens[0] != "|":
                return value, tokens
            last, tokens = [value], tokens[1:]

    def _command(self, tokens: list[str], dot: Value) -> tuple[str, list[Value], list[str]]:
        function = ""
        if tokens and re.fullmatch(r"[a-zA-Z]\w*", tokens[0]):
            function, tokens = tokens[0], tokens[1:]
        arguments = []
        while tokens and tokens[0][0] not in "|)":
            value, tokens = self._operand(tokens, dot)
            arguments.append(value)
        if function in ("true", "false", "nil"):
            return "", [], tokens
        return function, arguments, tokens

    def _operand(self, tokens: list[str], dot: Value) -> tuple[Value, list[str]]:
        token, tokens = tokens[0], tokens[1:]
        if token == "(":  # noqa: S105 -- a parenthesis
            value, tokens = self._piped(tokens, dot)
            closing, tokens = tokens[0], tokens[1:]
            return _fields(value, closing[1:]), tokens
        if token[0] in '"`':
            return _word(token[1:-1]), tokens
        if token[0] == "$":
            name, _, path = token[1:].partition(".")
            return _fields(self._variable(name), path), tokens
        if token[0] == ".":
            if token.startswith(".Files"):
                return _word("Files"), tokens
            return _fields(dot, token[1:]), tokens
        # A number, or a function without arguments, such as `dict`.
        return NOTHING, tokens

    def _variable(self, name: str) -> Value:
        if not name:
            return self._root
        found = next((one[name] for one in reversed(self._scopes) if name in one), None)
        if found is None:
            raise ValueError(f"{self._where}: no variable ${name}")
        return found

    # Functions

    def _call(self, function: str, given: list[Value]) -> Value:
        own = getattr(self, f"_do_{function}", None)
        if own is not None:
            result: Value = own(given)
            return result
        if function in _SILENT:
            return NOTHING
        if function in _SAME:
            return given[_SAME[function]]
        if function in _JOINED:
            return union(given)
        # Whatever else is made of values has nothing inside that would be a key.
        return Value(text=union(given).everything(), words=union(given).words)

    def _do_include(self, given: list[Value]) -> Value:
        if len(given) != 2 or len(given[0].words) != 1:
            raise ValueError(f"{self._where}: `include` of a name that is not written out cannot be followed")
        (name,) = given[0].words
        if name == "ethereum.flags":
            return self._flags(given[1])
        return self._follower.include(name, given[1])

    def _flags(self, given: Value) -> Value:
        """`ethereum.flags` looks for groups by their names in a loop, through which words cannot be followed: what it
        does is said here instead. The templates of the groups stand in the files of clients."""
        program, node = given.get("program"), given.get("scope").get("node")
        names = {
            **{name: program.get(name) for name in ("dataDir", "ports")},
            **dict.fromkeys(("enginePort", "consensusRpcPort", "paths", "checkpoint", "bootnodeHost"), NOTHING),
            "network": node.get("network"),
            "node": node,
            "option": Value(fields=(("path", NOTHING), ("settings", given.get("options").items().get("settings")))),
        }
        written = [given.get("extra")]
        for group in sorted(given.get("groups").items().words | given.get("over").items().words):
            path = group.replace("%s", ANY).split(".")
            found = program.get("flags")
            for name in path:
                found = found.get(name)
            written += [found, self._follower.program(".".join(["flags", *path]), names)]
        if "options" in given.made:
            written += [
                program.get("options").items().get("flags"),
                self._follower.program("options.*.flags", names),
                self._follower.program("environment", names),
            ]
        return Value(text=union(written).everything())

    def _do_tpl(self, given: list[Value]) -> Value:
        files = [word for word in given[0].words if word in self._follower.chart.templates]
        return union([given[0], *(self._follower.other_file(path, given[1], self._where) for path in files)])

    def _do_dict(self, given: list[Value]) -> Value:
        names = [next(iter(one.words), "") for one in given[::2]]
        return Value(fields=tuple(sorted(zip(names, given[1::2], strict=True))))

    def _do_list(self, given: list[Value]) -> Value:
        return Value(fields=((_ITEM, union(given)),))

    def _do_append(self, given: list[Value]) -> Value:
        return union([given[0], Value(fields=((_ITEM, given[1]),))])

    def _do_set(self, given: list[Value]) -> Value:
        (name,) = given[1].words or {ANY}
        return replace(given[0], fields=tuple(sorted({**given[0].made, name: given[2]}.items())))

    def _do_get(self, given: list[Value]) -> Value:
        return self._do_index(given)

    def _do_index(self, given: list[Value]) -> Value:
        found = given[0]
        for one in given[1:]:
            found = union(found.get(word) for word in one.words) if one.words else found.items()
            self._follower.note(self._follower.usage.decided, one.everything(), self._where)
        return found

    def _do_first(self, given: list[Value]) -> Value:
        return given[0].items()

    def _do_splitList(self, given: list[Value]) -> Value:  # noqa: N802 -- as the function is called
        (separator,) = given[0].words
        words = frozenset(part for word in given[1].words for part in word.split(separator))
        return Value(fields=((_ITEM, replace(union(given[1:]), words=words)),))

    def _do_join(self, given: list[Value]) -> Value:
        inside = given[1].items()
        return Value(text=inside.everything(), words=inside.words)

    def _do_printf(self, given: list[Value]) -> Value:
        return Value(text=union(given[1:]).everything(), words=given[0].words)


#: Functions whose result says nothing of the values: errors, digests, counts; a change shows elsewhere or not at all.
_SILENT = frozenset({"fail", "sha256sum", "keys", "len"})

#: Functions that give one of their arguments, changed in a way that keeps its keys.
_SAME = {
    "toYaml": 0,
    "deepCopy": 0,
    "omit": 0,
    "fromJson": 0,
    "fromJsonArray": 0,
    "fromYaml": 0,
    "fromYamlArray": 0,
    "toJson": 0,
    "toPrettyJson": 0,
    "uniq": 0,
    "sortAlpha": 0,
    "nindent": 1,
    "trim": 0,
    "replace": 2,
    "trunc": 1,
}

#: Functions that give one of their arguments, or all of them in one.
_JOINED = frozenset({"default", "merge", "mergeOverwrite", "concat", "ternary", "and", "or", "coalesce"})

_TOKEN = re.compile(r'\s*("(?:\\.|[^"\\])*"|`[^`]*`|\)(?:\.\w+)*|[(|,]|\$?[\w.]+|\$|-?\d+)')


def _tokens(text: str) -> Iterator[str]:
    """Words of a pipeline. A closing parenthesis keeps the fields that are asked of what it closes."""
    end = 0
    text = text.rstrip()
    while end < len(text):
        token = _TOKEN.match(text, end)
        if not token:
            raise ValueError(f"cannot read {text[end:]!r}")
        yield token.group(1)
        end = token.end()


def _fields(value: Value, path: str) -> Value:
    for name in path.strip(".").split("."):
        if name:
            value = value.get(name)
    return value
