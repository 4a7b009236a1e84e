"""The kinds of one Kubernetes, with a schema for each, made once of the documents that the toolchain keeps.

    schemas/<key>/release.json                        version, kinds, lifecycles
    schemas/<key>/<group>/<version>/<kind>.json       in small letters; of the first kinds: v1/v1/<kind>.json

The key is a digest of the documents and of the code here. A folder is whole from the moment that it exists, because it
appears by a rename.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from ethinfra.deploy.schemas import crds, openapi
from ethinfra.deploy.schemas.kinds import Kind
from ethinfra.deploy.schemas.lifecycle import Lifecycle, lifecycles
from ethinfra.deploy.schemas.openapi import Schema
from ethinfra.toolchain import Kept

OPENAPI = "api/openapi-spec/swagger.json"

_RECORD = "release.json"


@dataclass(frozen=True)
class Release:
    """One Kubernetes: `minor` 36 is Kubernetes 1.36. `custom` are the kinds of CRDs, no part of `builtin`."""

    minor: int
    folder: Path
    builtin: frozenset[Kind]
    custom: frozenset[Kind]
    lifecycles: dict[Kind, Lifecycle]

    @property
    def kinds(self) -> frozenset[Kind]:
        return self.builtin | self.custom

    def __str__(self) -> str:
        return f"Kubernetes 1.{self.minor}"


def release(documents: Sequence[Kept], cache: Path) -> Release:
    """The release that documents describe; made below `cache` if it is not there."""
    folder = cache / _key(documents)
    if not folder.exists():
        _make(documents, folder)
    return _read(folder)


def schema_path(kind: Kind) -> Path:
    """Where the schema of a kind is in a release's folder; kubeconform's template says the same."""
    return Path(kind.group or kind.version, kind.version, f"{kind.name.lower()}.json")


def openapi_of(documents: Sequence[Kept]) -> dict[str, Any]:
    """The OpenAPI document among those that are kept."""
    document: dict[str, Any] = json.loads(_openapi(documents).path.read_bytes())
    return document


def _key(documents: Sequence[Kept]) -> str:
    code = [path.read_text() for path in sorted(Path(__file__).parent.glob("*.py"))]
    made_from = [sorted((each.module, each.file, each.sha256) for each in documents), code]
    return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:16]


def _make(documents: Sequence[Kept], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as beside:
        whole = Path(beside) / "whole"
        _write(documents, whole)
        try:
            whole.rename(folder)
        except OSError:
            # Another process was faster.
            if not folder.exists():
                raise
            shutil.rmtree(whole)


def _write(documents: Sequence[Kept], folder: Path) -> None:
    document = openapi_of(documents)
    builtin = dict(openapi.schemas(document))
    custom = dict(_custom(documents, document))
    for kind, schema in (builtin | custom).items():
        path = folder / schema_path(kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(schema))
    sources = [(PurePosixPath(each.file), each.path.read_text()) for each in documents if each.file.endswith(".go")]
    record = {
        "minor": int(_openapi(documents).version.split(".")[1]),
        "builtin": sorted(builtin),
        "custom": sorted(custom),
        "lifecycles": [
            [kind, each.introduced, each.removed, each.replacement]
            for kind, each in sorted(lifecycles(sources).items())
        ],
    }
    (folder / _RECORD).write_text(json.dumps(record))


def _custom(documents: Sequence[Kept], document: dict[str, Any]) -> Iterator[tuple[Kind, Schema]]:
    object_meta = openapi.object_meta(document)
    for each in documents:
        if each.file.endswith(".yaml"):
            # The parser of libyaml: the other one takes a second for a large CRD.
            for crd in yaml.load_all(each.path.read_bytes(), yaml.CSafeLoader):
                if crd and crd["kind"] == "CustomResourceDefinition":
                    yield from crds.schemas(crd, object_meta)


def _openapi(documents: Sequence[Kept]) -> Kept:
    return next(each for each in documents if each.file == OPENAPI)


def _read(folder: Path) -> Release:
    record = json.loads((folder / _RECORD).read_bytes())
    return Release(
        record["minor"],
        folder,
        frozenset(Kind(*one) for one in record["builtin"]),
        frozenset(Kind(*one) for one in record["custom"]),
        {
            Kind(*kind): Lifecycle(introduced, removed, replacement and Kind(*replacement))
            for kind, introduced, removed, replacement in record["lifecycles"]
        },
    )
