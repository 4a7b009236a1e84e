"""Says what an API server would refuse: the newest Kubernetes, or the oldest that the charts support."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from ethinfra.deploy.render import title
from ethinfra.deploy.schemas.kinds import Kind
from ethinfra.deploy.schemas.kubeconform import complaints
from ethinfra.deploy.schemas.lifecycle import Lifecycle, is_off
from ethinfra.deploy.schemas.release import Release, openapi_of, release
from ethinfra.kube import Object
from ethinfra.paths import cache_dir
from ethinfra.toolchain import kept_documents

#: The families of `toolchain/` with the documents of the newest and the oldest Kubernetes.
NEWEST, OLDEST = "schemas", "schemas-oldest"


def violations(objects: Iterable[Object]) -> list[str]:
    """What no API server would take of these objects, a sentence each: `StatefulSet ethereum/geth: spec.replicas: …`.

    ToolchainError if the schemas or kubeconform are not installed.
    """
    return validator().violations(objects)


@cache
def validator() -> Validator:
    """The one of this process; it knows what it has looked at."""
    folder = cache_dir() / "schemas"
    return Validator(release(kept_documents(NEWEST), folder), release(kept_documents(OLDEST), folder))


def openapi_document() -> dict[str, Any]:
    """The kept OpenAPI document of the Kubernetes that clusters here boot."""
    return openapi_of(kept_documents(NEWEST))


class Validator:
    """Looks at objects once, however often they are rendered: one that is equal to an earlier one costs nothing."""

    def __init__(self, newest: Release, oldest: Release) -> None:
        self.newest = newest
        self.oldest = oldest
        self._known: dict[str, list[str]] = {}

    def violations(self, objects: Iterable[Object]) -> list[str]:
        """See `ethinfra.deploy.schemas.violations`. A sentence that fits several objects is said once."""
        asked = {json.dumps(one, sort_keys=True): one for one in objects}
        fresh = {text: one for text, one in asked.items() if text not in self._known}
        self._known |= dict(zip(fresh, self._look_at(list(fresh.values())), strict=True))
        return list(dict.fromkeys(line for text in asked for line in self._known[text]))

    def builtin(self, objects: Iterable[Object]) -> list[Kind]:
        """The kinds of these objects that Kubernetes itself serves."""
        return sorted({Kind.of(one) for one in objects} & self.newest.builtin)

    def _look_at(self, objects: list[Object]) -> list[list[str]]:
        said = [list(filter(None, [self._version(Kind.of(one))])) for one in objects]
        self._compare(self.newest, objects, said, "")
        self._compare(self.oldest, objects, said, f" (in {self.oldest}, the oldest supported)")
        return [[f"{title(one)}: {line}" for line in lines] for one, lines in zip(objects, said, strict=True)]

    def _compare(self, against: Release, objects: list[Object], said: list[list[str]], suffix: str) -> None:
        """Add the complaints about objects that nobody complained about yet."""
        numbers = [number for number, one in enumerate(objects) if not said[number] and Kind.of(one) in against.kinds]
        found = complaints([objects[number] for number in numbers], against.folder)
        for number, lines in zip(numbers, found, strict=True):
            # kubeconform says them in another order each time.
            said[number] = [f"{line}{suffix}" for line in sorted(lines)]

    def _version(self, kind: Kind) -> str:
        """Why an API version is not for these charts, or nothing."""
        if not kind.version:
            return "has no apiVersion"
        if kind in self.newest.custom:
            return ""
        life = self.newest.lifecycles.get(kind) or self.oldest.lifecycles.get(kind)
        if life and life.removed is not None and life.removed <= self.newest.minor:
            return f"{kind} is removed in Kubernetes 1.{life.removed}{_instead(life)}"
        if kind not in self.newest.kinds:
            return self._unknown(kind)
        if kind not in self.oldest.kinds:
            since = f"; it came in 1.{life.introduced}" if life else ""
            return f"{kind} is not yet known in {self.oldest}, the oldest supported{since}"
        if is_off(kind, life):
            return f"{kind} is not served unless the owner of the cluster switches it on"
        return ""

    def _unknown(self, kind: Kind) -> str:
        if kind in self.oldest.kinds:
            return f"{kind} is not known any more in {self.newest}"
        others = sorted(
            one.api_version for one in self.newest.kinds if (one.group, one.name) == (kind.group, kind.name)
        )
        if others:
            return f"{kind} is of no version that {self.oldest} to 1.{self.newest.minor} know: {', '.join(others)}"
        return (
            f"{kind} has no schema; a custom kind's CRD is added with one line to the documents of the family"
            f" `{NEWEST}` in ethinfra/toolchain/families.py"
        )


def _instead(life: Lifecycle) -> str:
    return f"; use {life.replacement}" if life.replacement else ""
