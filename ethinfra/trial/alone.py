"""A client that runs on nothing but what was restored from a snapshot."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from ethinfra.chain.jsonrpc import JsonRpc
from ethinfra.chain.link import PodLink
from ethinfra.kube import Object
from ethinfra.trial.pods import LABEL, TrialPod


@dataclass(frozen=True)
class AloneNode(TrialPod):
    """A client without peers and without a consensus client, on what was restored from a snapshot."""

    plan: dict[str, Any]

    @contextmanager
    def rpc(self) -> Iterator[JsonRpc]:
        """Its RPC."""
        link = PodLink(self.kube, self.namespace, self.name, self.plan["ports"]["rpc"], name=f"{self.name} rpc")
        with closing(link):
            yield JsonRpc(link)

    def log(self) -> str:
        return self.kube.logs(self.namespace, self.name, "execution")


def alone_pod(cronjob: Object, name: str, run_id: str) -> Object:
    """Of a job's template: what prepares the restore test's client, and that client as the pod's only container."""
    template = copy.deepcopy(cronjob["spec"]["jobTemplate"]["spec"]["template"])
    spec = template["spec"]
    steps = {one["name"]: one for one in spec["initContainers"]}
    client = {key: value for key, value in steps.pop("execution").items() if key != "restartPolicy"}
    for step in ("take", "push"):
        steps.pop(step, None)
    restore = steps.pop("restore")
    restore["args"] = ["pod", "restore", "--plan=/plan/plan.json", "--data=/restored"]
    spec["initContainers"] = [*steps.values(), restore]
    spec["containers"] = [client]
    spec["volumes"] = [one for one in spec["volumes"] if one["name"] != "node"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": cronjob["metadata"]["namespace"],
            "labels": {**template["metadata"]["labels"], LABEL: run_id},
        },
        "spec": {**spec, "restartPolicy": "Never"},
    }
