"""What is removed of a repository, and what a pod that stands on one of its snapshots has to do with it."""

from __future__ import annotations

import json
import secrets
import subprocess
from dataclasses import dataclass, field
from typing import Any

from ethinfra import jobs
from ethinfra.jobs import Ended
from ethinfra.kube import Kube, Object
from ethinfra.progress import silent
from ethinfra.snapshot.job.prune import restoring
from ethinfra.snapshot.plan import Plan
from ethinfra.trial.pods import LABEL, SERVED, TrialPod, TrialPods
from ethinfra.trial.snapshots import Snapshots
from ethinfra.waiting import eventually


@dataclass
class Standing:
    """A pod that was restored from a snapshot: it has the mark of a restore, and a node probe that tells of it."""

    kube: Kube
    pods: TrialPods
    namespace: str
    #: Of the snapshots that it stands on, as the jobs are told.
    plan: Plan
    _pod: TrialPod | None = None
    _probe: subprocess.Popen[bytes] | None = None
    _policy: str = field(default_factory=lambda: f"trial-standing-{secrets.token_hex(3)}")

    @property
    def name(self) -> str:
        assert self._pod is not None
        return self._pod.name

    def start(self, marker: dict[str, Any]) -> None:
        """Returns when its probe answers."""
        labels = {**restoring(self.plan), LABEL: self._policy}
        self.kube.apply(self._admit_prune())
        self._pod = self.pods.start("standing", namespace=self.namespace, labels=labels, listens=8080)
        self._pod.serve(".ethinfra-snapshot.json", json.dumps(marker).encode())
        self._probe = self._pod.start_python(
            "import sys; from ethinfra.probe.__main__ import main; sys.exit(main(sys.argv[1:]))",
            "serve",
            f"--listen=0.0.0.0:{self.plan.ports.probe}",
            "--chain-id=1",
            f"--data={SERVED}",
        )
        status = f"http://127.0.0.1:{self.plan.ports.probe}/status"
        ask = f"import urllib.request as r; print(r.urlopen({status!r}, timeout=2).read())"
        eventually(
            f"the probe of {self.name} tells of its snapshot",
            lambda: marker["digest"] in self.answer(ask),
            within=30,
        )

    def answer(self, ask: str) -> str:
        assert self._pod is not None
        return self._pod.python(ask, check=False).stdout

    def fall_silent(self) -> None:
        """The probe ends, the pod goes on."""
        assert self._pod is not None
        self._pod.python(
            "import os, signal\n"
            "for one in os.listdir('/proc'):\n"
            "    if one.isdigit() and int(one) not in (1, os.getpid()):\n"
            "        if b'--chain-id=1' in open(f'/proc/{one}/cmdline', 'rb').read():\n"
            "            os.kill(int(one), signal.SIGKILL)\n"
        )

    def remove(self) -> None:
        """The pod and the policy."""
        if self._probe is not None:
            self._probe.kill()
            self._probe.wait()
        if self._pod is not None:
            self._pod.delete()
        self.kube.delete("NetworkPolicy", self._policy, self.namespace)

    def _admit_prune(self) -> Object:
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": self._policy, "namespace": self.namespace, "labels": {LABEL: self._policy}},
            "spec": {
                "podSelector": {"matchLabels": {LABEL: self._policy}},
                "policyTypes": ["Ingress"],
                "ingress": [
                    {
                        "from": [{"podSelector": {"matchLabels": {"ethinfra.io/prunes": "true"}}}],
                        "ports": [{"port": self.plan.ports.probe, "protocol": "TCP"}],
                    }
                ],
            },
        }


@dataclass
class Pruning:
    """The cleanup job, told to look at another repository than the deployment's."""

    kube: Kube
    snapshots: Snapshots
    _maps: list[str] = field(default_factory=list)

    def run(self, plan: dict[str, Any], *, keep: int, younger: int = 0, dry_run: bool = False) -> Ended:
        """Keep the newest so many, and those that are younger than so many seconds; wait for the end."""
        namespace = self.snapshots.namespace
        job = {**self.snapshots.plan["job"], "retention": {"count": keep, "ageSeconds": younger}}
        name = f"trial-plan-{secrets.token_hex(3)}"
        self._maps.append(name)
        self.kube.apply(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": namespace, "labels": {LABEL: "plan"}},
                "data": {"plan.json": json.dumps({**plan, "job": job})},
            }
        )

        def another_plan(manifest: Object) -> None:
            pod = manifest["spec"]["template"]["spec"]
            next(one for one in pod["volumes"] if one["name"] == "plan")["configMap"]["name"] = name

        started = jobs.start(
            self.kube,
            namespace,
            f"prune-{self.snapshots.node}",
            args=["--dry-run"] if dry_run else [],
            change=another_plan,
        )
        return jobs.follow(self.kube, namespace, started, silent(), within=self.snapshots.within)

    def remove(self) -> None:
        while self._maps:
            self.kube.delete("ConfigMap", self._maps.pop(), self.snapshots.namespace)
