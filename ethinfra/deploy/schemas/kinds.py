"""What an object is, by the three names that Kubernetes gives it."""

from __future__ import annotations

from typing import NamedTuple

from ethinfra.kube import Object


class Kind(NamedTuple):
    """`Kind("apps", "v1", "StatefulSet")`; the group of Kubernetes' first kinds is empty."""

    group: str
    version: str
    name: str

    @classmethod
    def of(cls, one: Object) -> Kind:
        group, _, version = str(one.get("apiVersion", "")).rpartition("/")
        return cls(group, version, str(one.get("kind", "")))

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.api_version} {self.name}"
