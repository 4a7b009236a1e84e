"""Admitting a source to a target for a control, while others do the same."""

from __future__ import annotations

from typing import Any

from ethinfra.kube import Kube
from ethinfra.trial.pods import TrialPod
from ethinfra.trial.reach import admitted


class Labels:
    """The part of an API server that keeps labels and policies."""

    def __init__(self) -> None:
        self.labels: dict[str, dict[str, str | None]] = {}
        self.policies: dict[str, dict[str, Any]] = {}

    def patch(self, _kind: str, name: str, _namespace: str, change: dict[str, Any]) -> None:
        labels = self.labels.setdefault(name, {}) | change["metadata"]["labels"]
        self.labels[name] = {key: value for key, value in labels.items() if value is not None}

    def apply(self, policy: dict[str, Any]) -> None:
        self.policies[policy["metadata"]["name"]] = policy

    def delete(self, _kind: str, name: str, _namespace: str) -> None:
        del self.policies[name]

    def admits(self, source: str, target: str) -> bool:
        """Whether some policy selects the target and lets the source in."""
        return any(
            policy["spec"]["podSelector"]["matchLabels"].items() <= self.labels[target].items()
            and peer["podSelector"]["matchLabels"].items() <= self.labels[source].items()
            for policy in self.policies.values()
            for rule in policy["spec"].get("ingress", [])
            for peer in rule["from"]
        )


def test_two_sources_are_admitted_to_one_target_at_one_time_and_not_to_each_other() -> None:
    api: Any = Labels()
    kube: Kube = api
    target = {"metadata": {"namespace": "ethereum", "name": "geth-0"}}

    with admitted(kube, TrialPod(kube, "trial", "one"), target):
        with admitted(kube, TrialPod(kube, "trial", "two"), target):
            assert api.admits("one", "geth-0")
            assert api.admits("two", "geth-0")
            assert not api.admits("one", "two")
        assert api.admits("one", "geth-0")
        assert not api.admits("two", "geth-0")

    assert api.policies == {}
    assert not any(api.labels.values())
