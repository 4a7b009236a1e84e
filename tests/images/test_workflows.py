"""The files for CI services: pinned, without secrets, and of commands that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from ethinfra.cli import images, tools
from ethinfra.images.secrets import findings
from ethinfra.paths import ROOT

FILES = (ROOT / ".github" / "workflows" / "images.yml", ROOT / ".gitlab-ci.yml")
GROUPS = {"images": images.app, "tools": tools.app}


def values(document: Any, key: str) -> Iterator[Any]:
    """What a key has, anywhere in a document."""
    children = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    if isinstance(document, dict) and key in document:
        yield document[key]
    for one in children:
        yield from values(one, key)


def breaches(text: str) -> list[str]:
    document = yaml.safe_load(text)
    found = [f"uses {one}" for one in values(document, "uses") if not re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", one)]
    containers = [one for one in values(document, "image") if isinstance(one, str)]
    found += [f"image {one}" for one in containers if not re.search(r"@sha256:[0-9a-f]{64}$", one)]
    found += [f"secret {one}" for one in re.findall(r"\$\{\{\s*(secrets\.\w+)", text)]
    for group, command in re.findall(r"ethinfra (\w+) (\w+)", text):
        known = typer.main.get_command(GROUPS[group])
        if command not in getattr(known, "commands", {}):
            found.append(f"command ethinfra {group} {command}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_workflow_is_pinned_and_calls_what_is_there(path: Path):
    text = path.read_text()

    assert breaches(text) == []
    assert findings(text, path.name) == []
    assert "ethinfra images push" in text


@pytest.mark.parametrize(
    ("text", "breach"),
    [
        ("jobs: {a: {steps: [{uses: actions/checkout@v5}]}}", "uses"),
        (f"jobs: {{a: {{steps: [{{uses: someone/action@{'a' * 40}}}]}}}}", "uses"),
        ("job: {image: 'debian:bookworm'}", "image"),
        ("env: {TOKEN: '${{ secrets.PASSWORD }}'}", "secret"),
        ("script: [.venv/bin/ethinfra images publish]", "command"),
    ],
)
def test_breach_is_named(text: str, breach: str):
    assert [one.partition(" ")[0] for one in breaches(text)] == [breach]


def test_both_services_run_the_same_commands():
    commands = [set(re.findall(r"ethinfra images \w+(?: --all)?", path.read_text())) for path in FILES]

    assert commands[1] <= commands[0]
