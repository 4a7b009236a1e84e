"""Manifests to break: a copy of the rendered ones, whose objects are found by the names that operators use."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

from ethinfra.deploy.render import title
from ethinfra.deploy.rules import Manifests
from ethinfra.kube import Object


class Draft:
    """`draft["StatefulSet ethereum/geth"]` is an object; what is changed in it is in `draft.manifests`."""

    def __init__(self, manifests: Manifests) -> None:
        self._origin = manifests
        self._objects = deepcopy(list(manifests.objects))

    @property
    def manifests(self) -> Manifests:
        return replace(self._origin, objects=tuple(self._objects))

    def __getitem__(self, name: str) -> Object:
        return next(one for one in self._objects if title(one) == name)

    def remove(self, name: str) -> None:
        self._objects.remove(self[name])

    def add(self, name: str, like: str, **changes: Object) -> Object:
        """A copy of an object under another name, with other top-level fields."""
        one = deepcopy(self[like]) | changes
        one["metadata"]["name"] = name
        self._objects.append(one)
        return one

    def kind(self, kind: str) -> list[Object]:
        return [one for one in self._objects if one["kind"] == kind]

    def pod(self, name: str) -> Object:
        """The pod's spec in a workload or job."""
        return self[name]["spec"]["template"]["spec"]

    def container(self, name: str, container: str) -> Object:
        pod = self.pod(name)
        return next(one for one in [*pod.get("initContainers", []), *pod["containers"]] if one["name"] == container)

    def volume(self, name: str, volume: str) -> Object:
        return next(one for one in self.pod(name)["volumes"] if one["name"] == volume)

    def argument(self, name: str, container: str, old: str, new: str) -> None:
        """Replace one of a container's flags."""
        args = self.container(name, container)["args"]
        args[args.index(old)] = new
