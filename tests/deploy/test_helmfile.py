"""What helmfile says, turned into what an operator can act on."""

from __future__ import annotations

import importlib

import pytest

from ethinfra.environment import load_environment
from ethinfra.errors import BadInput
from ethinfra.process import CommandFailed

#: Its name is also that of the function in it, which the package exports.
subject = importlib.import_module("ethinfra.deploy.helmfile")

#: The end of helm 4's output by way of helmfile 1.7; it says everything twice.
REFUSED = """
STDERR:
  Error: values don't meet the specifications of the schema(s) in the following chart(s):
  ethereum-infrastructure:
  - at '/sync/replicas': got string, want integer
  - at '': additional properties 'typo' not allowed

COMBINED OUTPUT:
  Error: values don't meet the specifications of the schema(s) in the following chart(s):
  ethereum-infrastructure:
  - at '/sync/replicas': got string, want integer
  - at '': additional properties 'typo' not allowed
"""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """helmfile fails with the output that a test puts here."""
    output: list[str] = []

    def fail(command: list[str], **_: object) -> None:
        raise CommandFailed([str(part) for part in command], 1, output[0])

    monkeypatch.setattr(subject, "run", fail)
    monkeypatch.setattr(subject, "tool", lambda name: name)
    monkeypatch.setattr(subject, "surroundings", lambda _: {})
    return output


def test_refused_value_is_bad_input_with_its_path(failing: list[str]) -> None:
    failing.append(REFUSED)
    local = load_environment("local")

    with pytest.raises(BadInput) as refused:
        subject.helmfile(local, local.layer("ethereum"), "template", within=1)

    assert refused.value.seen.splitlines() == [
        "sync/replicas: got string, want integer",
        "(top level): additional properties 'typo' not allowed",
    ]
    assert "values/ethereum/local.yaml" in refused.value.todo


def test_any_other_failure_stays_what_it_is(failing: list[str]) -> None:
    failing.append("Error: kubernetes cluster unreachable")
    local = load_environment("local")

    with pytest.raises(CommandFailed, match="unreachable"):
        subject.helmfile(local, local.layer("ethereum"), "sync", within=1)
