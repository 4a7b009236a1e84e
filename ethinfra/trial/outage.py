"""The registry goes away and comes back, with its volume."""

from __future__ import annotations

from ethinfra.errors import ClusterError
from ethinfra.kube import Kube, readiness
from ethinfra.registry import NAMESPACE, POD, RELEASE
from ethinfra.waiting import eventually


class RegistryOutage:
    """Stops the registry as an operator would, and starts it again."""

    def __init__(self, kube: Kube, *, within: float) -> None:
        """within: seconds for its end, and again for its return"""
        self._kube = kube
        self._within = within
        self._replicas: int | None = None

    def begin(self) -> None:
        """Returns once its pod is gone."""
        found = self._kube.get("StatefulSet", RELEASE, NAMESPACE)
        if found is None:
            raise ClusterError(f"there is no StatefulSet {NAMESPACE}/{RELEASE}")
        self._replicas = found["spec"]["replicas"]
        self._scale(0)
        eventually(
            f"pod {NAMESPACE}/{POD} has ended",
            lambda: self._kube.get("Pod", POD, NAMESPACE) is None,
            within=self._within,
            hint=f"kubectl -n {NAMESPACE} describe pod {POD}",
        )

    def end(self) -> None:
        """Returns once it is ready. Does nothing if it was not stopped, or is back already."""
        if self._replicas is None:
            return
        self._scale(self._replicas)
        eventually(
            f"pod {NAMESPACE}/{POD} is ready",
            lambda: readiness(self._kube.get("Pod", POD, NAMESPACE)),
            until=lambda seen: seen == "ready",
            within=self._within,
            hint=f"kubectl -n {NAMESPACE} describe pod {POD}",
        )
        self._replicas = None

    def must_last(self) -> None:
        """It is still away: what was seen meanwhile was seen without it."""
        if self._kube.get("Pod", POD, NAMESPACE) is not None:
            raise ClusterError(
                f"pod {NAMESPACE}/{POD}", expected="none while the registry is stopped", seen="it is there"
            )

    def _scale(self, replicas: int) -> None:
        self._kube.patch("StatefulSet", RELEASE, NAMESPACE, {"spec": {"replicas": replicas}})
