"""A project of its own with features, steps and stub fixtures in the place of a cluster; the real harness runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ethinfra.paths import ROOT

_CONFTEST = """
from dataclasses import replace
from pathlib import Path

import pytest

from ethinfra.cluster.provider import Cluster
from fixtures.statuses import Blocked

pytest_plugins = {plugins}


@pytest.fixture(scope="session")
def env(settings):
    return replace(settings.env, timeouts={{**settings.env.timeouts, "scenario": 1.5}})


@pytest.fixture(scope="session")
def cluster():
    return Cluster("stub", "embedded", Path("/nowhere") / str(Path(__file__).parent), "stub", frozenset(), {owned})


@pytest.fixture(scope="session")
def head_watcher():
    return None


@pytest.fixture(scope="session")
def layer(run):
    def require(name):
        def make():
            with Path({calls!r}).open("a") as file:
                file.write(name + "\\n")
            return {{"failure": "registry pod crashes: no space" if name == "local-registry" else ""}}

        state = run.once(f"layer-{{name}}", make, within=20)
        if state["failure"]:
            raise Blocked(f"layer {{name}} is not healthy\\n{{state['failure']}}")

    return require
"""

_REQUIREMENTS = """
platform:
  PLAT-01: {text: Layers., clauses: {a: A., b: B., c: C., d: D.}}
  PLAT-02: {text: Nobody., clauses: {a: A.}}
"""


@dataclass(frozen=True)
class Ran:
    """A run of the harness that has ended."""

    code: int
    output: str
    folder: Path

    @property
    def certificate(self) -> dict[str, Any]:
        return json.loads((self.folder / "certificate.json").read_text())

    @property
    def record(self) -> dict[str, Any]:
        return json.loads((self.folder / "run.json").read_text())

    def scenario(self, title: str) -> dict[str, Any]:
        return next(one for one in self.record["scenarios"] if one["title"] == title)

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


class Project:
    """Files of a small project, and ways to run it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls = root / "deployed"
        self.folder = root / "report"
        self.write("pytest.ini", "[pytest]\naddopts = --strict-markers --strict-config -ra -p no:anyio\n")
        self.write("steps/__init__.py", "")
        self.write("features/requirements.yaml", _REQUIREMENTS)
        self.conftest()

    def conftest(self, *, owned: bool = True) -> None:
        plugins = re.search(r"pytest_plugins = (\[.*?\])", (ROOT / "conftest.py").read_text(), re.S)
        assert plugins is not None
        self.write("conftest.py", _CONFTEST.format(plugins=plugins.group(1), calls=str(self.calls), owned=owned))

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def feature(self, name: str, text: str) -> None:
        self.write(f"features/{name}.feature", text)

    def steps(self, text: str) -> None:
        head = "import os, signal, time\nimport pytest\nfrom pytest_bdd import given, parsers, then, when\n"
        self.write("steps/all.py", head + textwrap.dedent(text))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": f"{self.root}{os.pathsep}{ROOT}", "COLUMNS": "200"}
        environment.pop("PYTEST_ADDOPTS", None)
        command = [sys.executable, "-m", "pytest", *(arguments or ("features",))]
        command += ["--report-dir", str(self.folder)]
        return subprocess.Popen(
            command, cwd=self.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, *arguments: str) -> Ran:
        child = self.start(*arguments)
        return self.end(child)

    def end(self, child: subprocess.Popen[str]) -> Ran:
        output, _ = child.communicate(timeout=90)
        return Ran(child.returncode, output, self.folder)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    return Project(tmp_path)
