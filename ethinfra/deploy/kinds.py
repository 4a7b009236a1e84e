"""The custom kinds that layers bring along: their definitions (CRDs), of which the toolchain keeps the documents.

helm either never renews a definition (`crds/` of a chart), or deletes it with the release, and every object of its kind
with it (`templates/`). So they are applied here, before the release that needs them, and removed by nobody. Manifests
are compared with the same documents where there is no cluster (`ethinfra.deploy.schemas`).
"""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from ethinfra.errors import BadInput, unknown_name
from ethinfra.kube import FIELD_MANAGER, Kube, Object
from ethinfra.progress import Progress, silent
from ethinfra.toolchain import Kept, kept_documents
from ethinfra.waiting import eventually

_KIND = "CustomResourceDefinition"


def definitions(groups: Iterable[str], documents: Iterable[Kept] | None = None) -> list[Object]:
    """The definitions of these API groups (`keda.sh`), by name. BadInput for a group of which none is kept.

    documents: those of the toolchain's family `schemas`, unless given
    """
    kept = [
        one
        for document in (kept_documents("schemas") if documents is None else documents)
        if document.file.endswith(".yaml")
        # The parser of libyaml: the other one takes seconds for a large definition.
        for one in yaml.load_all(document.path.read_bytes(), yaml.CSafeLoader)
        if one and one["kind"] == _KIND
    ]
    known = sorted({one["spec"]["group"] for one in kept})
    wanted = set(groups)
    for group in sorted(wanted - set(known)):
        raise unknown_name("API group", group, known)
    return sorted((one for one in kept if one["spec"]["group"] in wanted), key=_name)


def apply_kinds(kube: Kube, wanted: Iterable[Object], progress: Progress | None = None, *, within: float = 60) -> None:
    """Return once the API server serves these definitions. Repeating it changes nothing; a newer one is an update.

    BadInput, and nothing is changed, where the cluster has one of them from somebody else: who brings a kind brings its
    controller, and two of those would work against each other.
    """
    progress = progress or silent()
    wanted = list(wanted)
    for one in wanted:
        _must_be_ours(kube, _name(one))
    with progress.step(f"{len(wanted)} custom kinds", within=within):
        for one in wanted:
            kube.apply(one)
        eventually(
            "the API server serves the custom kinds",
            lambda: [_name(one) for one in wanted if not _is_served(kube, _name(one))],
            until=lambda missing: not missing,
            within=within,
            hint="kubectl get customresourcedefinitions",
        )


def _must_be_ours(kube: Kube, name: str) -> None:
    live = kube.get(_KIND, name)
    managers = [
        one["manager"] for one in (live or {"metadata": {}})["metadata"].get("managedFields", [])
        # What the API server adds to the status is nobody's claim.
        if not one.get("subresource")
    ]  # fmt: skip
    if live is not None and FIELD_MANAGER not in managers:
        raise BadInput(
            f"{_KIND} {name} is somebody else's",
            expected=f"none, or one whose fields {FIELD_MANAGER} manages",
            seen=f"managed by {', '.join(dict.fromkeys(managers)) or 'nobody'}",
            todo="leave the kind, and its controller, to whoever brought them: environments/ says what is deployed",
        )


def _is_served(kube: Kube, name: str) -> bool:
    live = kube.get(_KIND, name) or {}
    conditions = live.get("status", {}).get("conditions") or []
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def _name(one: Object) -> str:
    name: str = one["metadata"]["name"]
    return name
