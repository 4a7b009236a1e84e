"""A probe as its own process, and a scripted node for it to look at."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from ethinfra.errors import EthinfraError
from ethinfra.probe.testing.scripted_node import ScriptedNode
from ethinfra.waiting import eventually

CHAIN = 32382
SLOT = 0.5


@dataclass(frozen=True)
class Said:
    """One answer of the probe."""

    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        return self.body["code"]


class Probe:
    """`python3 -m ethinfra.probe serve`, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log: list[dict[str, Any]] = []
        self.url = ""
        while not self.url:
            line = process.stdout.readline()
            if not line:
                raise EthinfraError("the probe ended before it listened", seen=process.stderr.read())
            self.log.append(json.loads(line))
            if self.log[-1]["event"] == "listening":
                self.url = f"http://{self.log[-1]['address']}"

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=5) as answer:  # noqa: S310 - our own address
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    def asked(self, path: str) -> Said:
        status, body = self.get(path)
        return Said(status, json.loads(body))

    def must_say(self, code: str, *, within: float = 20, path: str = "/readyz") -> Said:
        return eventually(
            f"{path} says {code}",
            lambda: self.asked(path),
            until=lambda said: said.code == code,
            within=within,
            every=0.05,
        )


@contextmanager
def running_probe(*arguments: str) -> Iterator[Probe]:
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", "ethinfra.probe", "serve", "--listen=127.0.0.1:0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Probe(process)
    finally:
        process.kill()
        process.communicate()


def at(node: ScriptedNode) -> list[str]:
    """The arguments that point a probe at a scripted node."""
    return [f"--execution={node.execution_url}", f"--consensus={node.consensus_url}", f"--chain-id={CHAIN}"]


@pytest.fixture
def node() -> Iterator[ScriptedNode]:
    with ScriptedNode(CHAIN, slot=SLOT) as scripted:
        yield scripted
