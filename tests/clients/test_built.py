"""Erigon as it is built here: its file fits the program, the image and the chart, and it is not the client table's."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
import yaml

from ethinfra.clients import Program, find_program, read_clients
from ethinfra.clients.flags import ask_for_flags
from ethinfra.images import find_image
from ethinfra.images.standard import Recipe, disagreements
from ethinfra.kube import Object
from ethinfra.paths import ROOT
from ethinfra.process import run
from ethinfra.toolchain import default_store, tool
from steps.clients import BUILT_ERIGON, BUILT_ERIGON_FILE

NODE = {"name": "built", "execution": {"client": BUILT_ERIGON, "syncMode": "full"}, "consensus": {"client": "prysm"}}


@pytest.fixture(scope="module")
def built() -> Program:
    return Program(BUILT_ERIGON, "execution", read_clients(BUILT_ERIGON_FILE)[BUILT_ERIGON]["execution"])


@pytest.fixture(scope="module")
def pod() -> Object:
    """Its pod's template, as the chart renders it on the devnet."""
    files = [ROOT / "values" / f"{name}.yaml" for name in ("clients/prysm", "networks/devnet", "ethereum/local")]
    done = run(
        [
            tool("helm"), "template", "built", ROOT / "charts" / "ethereum-infrastructure",
            *(part for file in (*files, BUILT_ERIGON_FILE) for part in ("--values", file)),
            "--set-json", f"sync.nodes={json.dumps([NODE])}",
            "--set", "sync.enabled=true",
        ],
        within=60,
    )  # fmt: skip
    (workload,) = (one for one in yaml.safe_load_all(done.stdout) if one and one["kind"] == "StatefulSet")
    template: Object = workload["spec"]["template"]
    return template


def test_it_is_what_its_tool_and_its_image_are(built: Program) -> None:
    image = built.known["image"]
    said = run([tool(built.command), "--version"], within=30).stdout

    assert said.split()[-1] == built.version != find_program("erigon", "execution").version
    assert image["tag"] == default_store().binary(built.command).version
    found = find_image(f"{image['repository']}:{image['tag']}")
    assert found.key == BUILT_ERIGON
    assert disagreements(Recipe.of(found), [built.known]) == []


def test_it_has_every_flag_that_the_chart_gives_it(built: Program, pod: Object) -> None:
    known = ask_for_flags(built, tool(built.command))

    assert unknown(pod, known) == set()


def test_a_flag_of_another_version_is_named(built: Program, pod: Object) -> None:
    """`--mcp.disable` came later; were it rendered, the program would not start."""
    known = ask_for_flags(built, tool(built.command))
    changed = deepcopy(pod)
    execution(changed)["args"].append("--mcp.disable=true")

    assert unknown(changed, known) == {"--mcp.disable"}


def execution(pod: Object) -> dict[str, Any]:
    container: dict[str, Any] = next(one for one in pod["spec"]["containers"] if one["name"] == "execution")
    return container


def unknown(pod: Object, known: frozenset[str]) -> set[str]:
    """Flags of the execution client and of its init container that the program does not explain."""
    containers = [execution(pod), *(one for one in pod["spec"]["initContainers"] if one["name"] == "init")]
    given = {word.partition("=")[0] for one in containers for word in one["args"] if word.startswith("-")}
    return given - known
