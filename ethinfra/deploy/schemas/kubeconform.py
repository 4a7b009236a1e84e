"""Runs kubeconform on objects, with the schemas of a folder and no others."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ethinfra.errors import ToolchainError
from ethinfra.kube import Object
from ethinfra.process import run
from ethinfra.toolchain import tool

#: The path of a schema below its folder, in kubeconform's words; for a kind without a group, Group is the version.
_LOCATION = "{{.Group}}/{{.ResourceAPIVersion}}/{{.ResourceKind}}.json"

#: The place of one complaint in kubeconform's message. Its list of errors has a text only for those that are alone in
#: their place.
_PLACE = re.compile(r"\s- at '((?:[^'\\]|\\.)*)': ")

#: Stands before several complaints about one place.
_GROUP = "validation failed"


def complaints(objects: Sequence[Object], schemas: Path) -> list[list[str]]:
    """What is wrong with each object, place first: `spec.replicas: got string, want integer`; in one call for all."""
    if not objects:
        return []
    with tempfile.TemporaryDirectory(prefix="ethinfra-kubeconform-") as folder:
        # The output names a file, but no namespace.
        for number, one in enumerate(objects):
            (Path(folder) / f"{number}.json").write_text(json.dumps(one))
        flags = ("-strict", "-output=json", "-summary", f"-schema-location={schemas}/{_LOCATION}")
        done = run([tool("kubeconform"), *flags, folder], within=120, check=False)
    answer = _answer(done.stdout, done.stderr, len(objects))
    said: list[list[str]] = [[] for _ in objects]
    for one in answer["resources"]:
        said[int(Path(one["filename"]).stem)] += _lines(one)
    return said


def _answer(stdout: str, stderr: str, given: int) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(stdout)
    except ValueError:
        answer = {"summary": {}}
    looked_at = sum(answer["summary"].get(outcome, 0) for outcome in ("valid", "invalid", "errors"))
    if looked_at != given:
        raise ToolchainError(
            "kubeconform did not look at every object", expected=f"{given} objects", seen=stderr or f"{looked_at}"
        )
    return answer


def _lines(result: dict[str, Any]) -> list[str]:
    _, *parts = _PLACE.split(result["msg"])
    said = [(place, text.strip()) for place, text in zip(parts[::2], parts[1::2], strict=True)]
    return [f"{_dotted(place)}: {text}" for place, text in said if text != _GROUP] or [result["msg"]]


def _dotted(pointer: str) -> str:
    """`/spec/ports/0/name` as people write it: `spec.ports[0].name`."""
    names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
    return "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in names).removeprefix(".") or "the object"
