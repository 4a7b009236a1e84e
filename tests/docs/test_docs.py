"""What the documentation names exists: links, verbs of ethinfra and make, scripts, options, messages."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from ethinfra import cli
from ethinfra.environment import load_environment
from ethinfra.paths import ROOT

#: Every page of the repository; what is made, or is somebody else's, is left out.
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not {".venv", "reports", "node_modules", ".pytest_cache"} & set(path.relative_to(ROOT).parts)
)
#: Pages whose commands an operator types.
MANUALS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "features" / "README.md"]

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```[a-z]*\n(.*?)^```|`([^`\n]+)`", re.S | re.M)
#: An option that is a pytest plugin's or pytest's own, by its first word.
_PYTEST_OWN = {"--collect-only", "-n", "-m", "-q", "-k"}


def pages(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in paths]


def code_lines(page: Path) -> Iterator[str]:
    """Each line of code on a page, without comments: from blocks and from between back quotes."""
    for block, inline in _CODE.findall(page.read_text()):
        for line in (block or inline).splitlines():
            yield re.sub(r"(^|\s)#.*", "", line).strip()


def commands(page: Path, program: str) -> Iterator[list[str]]:
    """The arguments of each call of a program, also in `$(…)` and behind a path."""
    for line in code_lines(page):
        for found in re.finditer(rf"(?:^|\$\(|[/;]\s*){program}((?:\s+[^;&|)]+)?)", line):
            try:
                yield shlex.split(found.group(1).replace("…", ""))
            except ValueError:
                yield found.group(1).replace('"', "").split()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(PAGES))
def test_relative_links_resolve(page: Path) -> None:
    broken = []
    for link in _LINK.findall(page.read_text()):
        target, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            broken.append(link)

    assert broken == []


@pytest.fixture(scope="module")
def verbs() -> dict[str, set[str]]:
    """Every verb of `ethinfra` with its options: `registry gc` → {--env, -e, …}."""
    app = typer.Typer()
    for module in cli.TOP:
        app.registered_commands.extend(importlib.import_module(f"ethinfra.cli.{module}").app.registered_commands)
    for name, module in cli.GROUPS.items():
        app.add_typer(importlib.import_module(f"ethinfra.cli.{module}").app, name=name)

    found: dict[str, set[str]] = {}

    def visit(command: object, name: str) -> None:
        for below, one in getattr(command, "commands", {}).items():
            visit(one, f"{name} {below}".strip())
        found[name] = {"--help", *(option for one in command.params for option in one.opts)}  # type: ignore[attr-defined]

    visit(typer.main.get_command(app), "")
    found[""].add("--version")
    return found


@pytest.mark.parametrize("page", pages(MANUALS))
def test_verbs_of_ethinfra_exist(page: Path, verbs: dict[str, set[str]]) -> None:
    wrong = []
    for words in commands(page, "ethinfra"):
        # A group's verb is two words; whatever follows are its arguments.
        name = next((n for n in (" ".join(words[:2]), " ".join(words[:1]), "") if n in verbs), "")
        if words and not name and not words[0].startswith("-"):
            wrong.append(" ".join(words))
        options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        unknown = options - verbs[name]
        # `certify` hands what it does not know to pytest.
        if unknown and name != "certify":
            wrong.append(f"{name}: {unknown}")

    assert wrong == []


@pytest.mark.parametrize("page", pages(MANUALS))
def test_verbs_of_make_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    named = {words[0] for words in commands(page, "make") if words and re.fullmatch(r"[a-z]+", words[0])}

    assert named <= targets


@pytest.mark.parametrize("page", pages(MANUALS))
def test_scripts_and_files_exist(page: Path) -> None:
    """Paths in the text that begin in one of the repository's folders; `<…>`, `*` and `…` stand for something."""
    folders = "scripts|environments|values|helmfiles|charts|docker|steps|fixtures|features|toolchain|ethinfra|docs"
    text = page.read_text()
    named = set(
        re.findall(rf"(?:^|[\s`(/])((?:{folders})/[\w./<>*{{}}-]+\.(?:sh|py|yaml|md|feature|gotmpl|svg))", text)
    )
    concrete = {path for path in named if not set("<>*{}") & set(path)}
    scripts = {f"scripts/{name}" for name in re.findall(r"`([a-z][a-z0-9-]+\.sh)`", text)}

    assert [path for path in sorted(concrete | scripts) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", pages(MANUALS))
def test_pytest_options_exist(page: Path) -> None:
    options = set(re.findall(r'addoption\(\s*"(--[a-z-]+)"', (ROOT / "fixtures" / "options.py").read_text()))
    assert "--allow-disruptive" in options
    wrong = []
    for words in commands(page, "pytest"):
        for word in words:
            if re.match(r"--?[a-z]", word) and word.partition("=")[0] not in options | _PYTEST_OWN:
                wrong.append(word)
            if word.startswith("features/") and not (ROOT / word.partition("::")[0]).exists() and "<" not in word:
                wrong.append(word)
            if "::" in word and "<" not in word:
                path, _, title = word.partition("::")
                if f"Scenario: {title}" not in (ROOT / path).read_text():
                    wrong.append(word)

    assert wrong == []


@pytest.mark.parametrize("page", pages(MANUALS))
def test_timeouts_and_variables_exist(page: Path) -> None:
    text = page.read_text()
    code = "".join(path.read_text() for path in (ROOT / "ethinfra").rglob("*.py"))
    timeouts = set(re.findall(r"`timeouts\.([a-zA-Z]+)`", text))

    assert timeouts <= set(load_environment("local").timeouts)
    assert [name for name in sorted(set(re.findall(r"ETHINFRA_[A-Z]+", text))) if name not in code] == []


def quoted(page: str) -> list[str]:
    """First cells of a page's tables that begin with what somebody has seen."""
    return re.findall(r"^\| (`.+?) \|", (ROOT / "docs" / page).read_text(), re.M)


@pytest.mark.parametrize("said", [*quoted("troubleshooting.md"), *quoted("snapshots.md")])
def test_every_message_is_one_that_the_code_says(said: str) -> None:
    """The longest fixed part of each quoted message is in the sources: who searches for it finds the page."""
    sources = [
        *(path for folder in ("ethinfra", "fixtures") for path in (ROOT / folder).rglob("*.py")),
        *(ROOT / "charts").rglob("*.tpl"),
    ]
    text = "".join(path.read_text() for path in sources) + FOREIGN
    for message in re.findall(r"`([^`]+)`", said):
        # Also a node, its volume, and what the programs of a job put before a reason.
        parts = [part.strip(" :") for part in re.split(r"…|\d[\d./]*\w*|<\w+>|\bgeth\b|/data\b|^not needed", message)]
        longest = max(parts, key=len)
        assert longest in text, message


#: Words of Kubernetes, helm, clients and pytest that the page quotes too.
FOREIGN = """
not scheduled: Insufficient anti-affinity unbound PersistentVolumeClaims exceeded quota violates PodSecurity
waits: ErrImagePull ImagePullBackOff waits: CrashLoopBackOff ended before with code OOMKilled Unauthorized not found
x509: certificate signed by unknown authority connection refused conflicting fork version schedule
ERROR: file or directory not found Permission denied Invalid value for '--nodes' no space left on device /helmfile
"""
