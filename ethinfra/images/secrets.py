"""Secrets where none may be: in what goes into an image, in rendered manifests, in this repository's history.

Looked for are things that are a secret by their form alone, so that a finding is worth reading: a private key in PEM, a
JWT secret, a mnemonic whose checksum is right, the tokens of clouds and forges. What merely looks random is left alone.
General scanners know neither the field's own forms (64 hex digits that sign for the Engine API, BIP-39) nor the base64
of a Kubernetes Secret, and their entropy rules take every digest of a lock file for a key.

A finding names the kind and the place, and shows no more than the first characters of the secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import inspect
import json
import re
import secrets as random
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from eth_account.hdaccount.mnemonic import Mnemonic

from ethinfra.errors import MissingCapability
from ethinfra.paths import cache_dir
from ethinfra.process import run

#: What looks like a secret and is known to everybody, with the reason why it may be in the repository.
ALLOWED = {
    "test test test test test test test test test test test junk": (
        "the default mnemonic of Hardhat and Foundry, which print it at every start: the devnet's rich accounts"
    ),
}

#: Numbers of words that BIP-39 allows.
_LENGTHS = (24, 21, 18, 15, 12)


@dataclass(frozen=True)
class Kind:
    """One form of secret. The group `secret`, or else all of the match, is what must not be there.

    begins: words of which one is in every match, near its beginning. Searching for a word is a hundred times faster
    than for a pattern, and a program has a hundred megabytes.
    """

    name: str
    begins: tuple[str, ...]
    pattern: re.Pattern[str]


#: How far before a word of `begins` a match can begin, and how far behind it end.
_BEFORE, _BEHIND = 64, 8192

#: Forms that no program contains by chance; looked for in binaries too.
_ANYWHERE = tuple(
    Kind(name, begins, re.compile(pattern))
    for name, begins, pattern in (
        (
            "private key (PEM)",
            ("PRIVATE KEY",),
            r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:\\n|\s)+(?:[A-Za-z-]+: [^\n]*\s+)*[A-Za-z0-9+/]{40}",
        ),
        ("AWS access key", ("AKIA", "ASIA"), r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])"),
        ("Google API key", ("AIza",), r"(?<![\w-])AIza[\w-]{35}(?![\w-])"),
        ("GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"(?<!\w)gh[pousr]_[A-Za-z0-9]{36}"),
        ("GitHub token", ("github_pat_",), r"(?<!\w)github_pat_\w{60,}"),
        ("GitLab token", ("glpat-",), r"(?<![\w-])glpat-[\w-]{20,}"),
        ("npm token", ("npm_",), r"(?<!\w)npm_[A-Za-z0-9]{36}(?!\w)"),
        ("PyPI token", ("pypi-AgEI",), r"(?<!\w)pypi-AgEIcHlwaS5vcmc[\w-]{50,}"),
        ("Slack token", ("xox",), r"(?<!\w)xox[abprs]-[0-9]{10,}-[\w-]{20,}"),
    )
)

#: Forms that mean something in text only.
_IN_TEXT = tuple(
    Kind(name, (), re.compile(pattern))
    for name, pattern in (
        (
            "secret of 64 hex digits",
            r"(?i)(?:jwt|secret|priv(?:ate)?[_-]?key|node[_-]?key)[\w.-]*[\"']?\s*[:=]\s*[\"']?"
            r"(?P<secret>(?:0x)?[0-9a-f]{64})(?![0-9a-f])",
        ),
        (
            "AWS secret key",
            r"(?i)aws_?secret\w*[\"']?\s*[:=]\s*[\"']?(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])",
        ),
        ("registry log-in", r"\"auth\"\s*:\s*\"(?P<secret>[A-Za-z0-9+/]{16,}={0,2})\""),
        ("RPC provider's key", r"(?:infura\.io/(?:ws/)?v3/[0-9a-f]{32}|alchemy\.com/v2/[\w-]{32})(?![\w-])"),
        ("Ethereum keystore", r"\"ciphertext\"\s*:\s*\"[0-9a-f]{64,}\""),
    )
)

_HEX = re.compile(r"(?:0x)?[0-9a-fA-F]{64}")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{86,}={0,2}(?![A-Za-z0-9+/=])")
_WORDS = re.compile(r"(?<![a-z])[a-z]{3,8}(?: [a-z]{3,8}){11,}(?![a-z])")

#: Text that is longer than this is a generated file, e.g. a chain's specification.
_LONGEST_BASE64 = 1 << 16


def findings(text: str, where: str) -> list[str]:
    """Secrets in a text; `where` names it in the findings, which then tell the line."""
    found = [*_matches(text, (*_ANYWHERE, *_IN_TEXT)), *_whole(text), *_encoded(text), *_mnemonics(text)]
    return [
        f"{where}:{text.count(chr(10), 0, start) + 1}: {name}, {_shown(secret)}"
        for start, name, secret in sorted(found)
        if secret not in ALLOWED
    ]


def findings_in_bytes(data: bytes, where: str, *, published: bool = False) -> list[str]:
    """Secrets in a file of any kind.

    In binaries only what no program contains by chance. The same in what others have published: test vectors and
    examples of documentation are full of keys, which are no secrets of ours.
    """
    if not published and b"\0" not in data[:8192]:
        return findings(data.decode(errors="replace"), where)
    found = _matches(data.decode("latin-1"), _ANYWHERE)
    return [f"{where}: {name} at byte {start}, {_shown(secret)}" for start, name, secret in found]


def findings_in_folder(folder: Path, published: Sequence[str] = ()) -> list[str]:
    """Secrets in all files of a folder; links are not followed.

    published: what of it others have published, as patterns of paths that `fnmatch` understands
    """
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            where = path.relative_to(folder).as_posix()
            found += findings_in_bytes(path.read_bytes(), where, published=matches(where, published))
    return found


def checkout_findings(repo: Path) -> list[str]:
    """Secrets in the files of a checkout as they are: those that git knows, and those that it would take."""
    listed = run(["git", "-C", repo, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]).stdout
    found = []
    for name in sorted(filter(None, listed.split("\0"))):
        path = repo / name
        if path.is_file() and not path.is_symlink():
            found += findings_in_bytes(path.read_bytes(), name)
    return found


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns of `fnmatch` fits, whose `*` crosses folders."""
    return any(fnmatch(path, pattern) for pattern in patterns)


def history_findings(repo: Path) -> list[str]:
    """Secrets in everything that was ever committed to any branch of a repository, commit messages included.

    What was found clean is remembered by its git object id, so a second run reads only what is new.
    MissingCapability for a clone without its history: nothing could be said of what is not there.
    """
    git = ("git", "-C", str(repo))
    if run([*git, "rev-parse", "--is-shallow-repository"]).stdout == "true":
        raise MissingCapability(
            f"{repo} is a shallow clone, so its history cannot be searched for secrets",
            todo="git fetch --unshallow; in a CI service: a checkout with fetch-depth 0",
        )
    paths: dict[str, str] = {}
    for line in run([*git, "rev-list", "--objects", "--all"], within=60).stdout.splitlines():
        name, _, path = line.partition(" ")
        paths.setdefault(name, path)
    memory = _Memory(repo)
    found = []
    for name, kind, text in _objects(git, [name for name in paths if name not in memory.clean]):
        where = f"commit {name[:12]}" if kind == "commit" else f"{paths[name]} ({name[:12]})"
        here = [] if kind == "tree" else findings_in_bytes(text.encode(), where)
        found += here
        if not here:
            memory.clean.add(name)
    memory.keep(set(paths))
    return found


class _Memory:
    """Git objects that these rules found clean. A change of the rules forgets them all."""

    def __init__(self, repo: Path) -> None:
        rules = hashlib.sha256(inspect.getsource(sys.modules[__name__]).encode()).hexdigest()[:16]
        name = hashlib.sha256(str(repo.resolve()).encode()).hexdigest()[:16]
        self._file = cache_dir() / "secrets" / f"{name}-{rules}.json"
        try:
            self.clean: set[str] = set(json.loads(self._file.read_text()))
        except (OSError, ValueError):
            self.clean = set()

    def keep(self, existing: set[str]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._file.parent, delete=False) as partial:
            json.dump(sorted(self.clean & existing), partial)
        Path(partial.name).replace(self._file)


def _objects(git: Iterable[str], names: list[str]) -> Iterator[tuple[str, str, str]]:
    """Name, type and text of git objects."""
    # Each object begins with a mark that no object can contain, so that bytes which are no UTF-8 need no counting.
    mark = random.token_hex(16)
    form = f"--batch={mark} %(objectname) %(objecttype)"
    listing = run([*git, "cat-file", form], stdin="".join(f"{name}\n" for name in names), within=120).stdout
    for part in listing.split(f"{mark} ")[1:]:
        head, _, text = part.partition("\n")
        name, _, kind = head.partition(" ")
        yield name, kind, text


def _matches(text: str, kinds: Iterable[Kind]) -> list[tuple[int, str, str]]:
    found = []
    for kind in kinds:
        group = "secret" if "secret" in kind.pattern.groupindex else 0
        for match in _occurrences(text, kind):
            found.append((match.start(group), kind.name, match.group(group)))
    return found


def _occurrences(text: str, kind: Kind) -> Iterator[re.Match[str]]:
    if not kind.begins:
        yield from kind.pattern.finditer(text)
        return
    for word in kind.begins:
        end, place = 0, text.find(word)
        while place >= 0:
            match = kind.pattern.search(text, max(place - _BEFORE, end), place + _BEHIND)
            if match:
                end = match.end()
                yield match
            place = text.find(word, max(place + len(word), end))


def _whole(text: str) -> list[tuple[int, str, str]]:
    """A file of nothing but 64 hex digits is how clients keep a JWT secret or a node's key."""
    return [(0, "file of 64 hex digits", text.strip())] if len(text) < 80 and _HEX.fullmatch(text.strip()) else []


def _encoded(text: str) -> list[tuple[int, str, str]]:
    """What a Kubernetes Secret's `data` hides."""
    found = []
    for match in _BASE64.finditer(text):
        if len(match.group()) > _LONGEST_BASE64:
            continue
        try:
            inside = base64.b64decode(match.group(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        for _, name, secret in (*_matches(inside, (*_ANYWHERE, *_IN_TEXT)), *_whole(inside), *_mnemonics(inside)):
            found.append((match.start(), f"{name}, in base64", secret))
    return found


def _mnemonics(text: str) -> list[tuple[int, str, str]]:
    found = []
    for match in _WORDS.finditer(text):
        words, position = match.group().split(), 0
        while position <= len(words) - _LENGTHS[-1]:
            phrase = next((one for one in _phrases(words[position:]) if _mnemonic().is_mnemonic_valid(one)), "")
            if phrase:
                found.append((match.start(), "mnemonic", phrase))
            position += len(phrase.split()) or 1
    return found


def _phrases(words: list[str]) -> Iterator[str]:
    """The longest first: a mnemonic of 24 words may begin with 12 whose checksum is right by chance."""
    known = _known_words()
    for length in _LENGTHS:
        if len(words) >= length and all(word in known for word in words[:length]):
            yield " ".join(words[:length])


@cache
def _mnemonic() -> Mnemonic:
    return Mnemonic()


@cache
def _known_words() -> frozenset[str]:
    return frozenset(_mnemonic().wordlist)


def _shown(secret: str) -> str:
    return f"{secret[:6]!r}… ({len(secret)} characters)"
