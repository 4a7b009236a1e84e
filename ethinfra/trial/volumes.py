"""Whether a claim keeps what was written to it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from ethinfra.kube import Kube
from ethinfra.trial.pods import LABEL, NAMESPACE, TrialPods


@dataclass
class Written:
    """A value in a file of a claim, and the pod that wrote it."""

    claim: str
    value: str
    writer: str


class TrialVolumes:
    """Claims of one run, removed with it."""

    def __init__(self, kube: Kube, pods: TrialPods, run_id: str) -> None:
        self._kube = kube
        self._pods = pods
        self._run_id = run_id
        self._claims: list[str] = []

    def write(self, storage_class: str) -> Written:
        """Make a claim of a class, and let a pod write a random value to it."""
        self._pods.prepare_namespace()
        claim = f"trial-{storage_class}-{secrets.token_hex(3)}"
        self._kube.apply(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": claim, "namespace": NAMESPACE, "labels": {LABEL: self._run_id}},
                "spec": {
                    "storageClassName": storage_class,
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "16Mi"}},
                },
            }
        )
        self._claims.append(claim)
        pod = self._pods.start("writer", claim=claim)
        value = secrets.token_hex(16)
        pod.python("import sys, pathlib; pathlib.Path('/claim/value').write_text(sys.argv[1])", value)
        return Written(claim, value, pod.name)

    def read_elsewhere(self, written: Written) -> str:
        """Delete the writer and read the value from another pod."""
        self._kube.delete("Pod", written.writer, NAMESPACE, grace=0)
        reader = self._pods.start("reader", claim=written.claim)
        value = reader.python("print(open('/claim/value').read())").stdout
        # A claim cannot go while a pod mounts it.
        reader.delete()
        return value

    def remove_all(self) -> None:
        """Delete the claims; their pods must be gone, or the claims wait for them."""
        while self._claims:
            self._kube.delete("PersistentVolumeClaim", self._claims.pop(), NAMESPACE)
            # A class that retains its volumes leaves a released one; it belongs to this trial alone.
        for volume in self._kube.list("PersistentVolume"):
            claim = volume["spec"].get("claimRef", {})
            if (
                claim.get("namespace") == NAMESPACE
                and claim.get("name", "").startswith("trial-")
                and volume["status"]["phase"] == "Released"
            ):
                self._kube.delete("PersistentVolume", volume["metadata"]["name"])
