"""Pods with the snapshot builder's programs, in which snapshots are restored and compared."""

from __future__ import annotations

import copy
import json
import secrets
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ethinfra.errors import ClusterError
from ethinfra.kube import Kube, Object
from ethinfra.process import Completed
from ethinfra.snapshot.reader import Snapshot
from ethinfra.trial.alone import AloneNode, alone_pod
from ethinfra.trial.pods import LABEL, TrialPod
from ethinfra.trial.snapshots import Snapshots, repository_of
from ethinfra.waiting import eventually

#: Where the pod of `Builder` has a volume of its own, and a small one in memory.
VOLUME, SMALL = "/restored", "/small"

#: Bytes of the small volume.
SMALL_BYTES = 256 << 10


class Builder(TrialPod):
    """A pod with the snapshot builder's programs, the credentials of a job, and volumes of its own."""

    def snapshot(self, *args: str, within: float = 180, check: bool = False) -> Completed:
        """Run one of its programs."""
        return self.kube.exec(
            self.namespace, self.name, "trial", "python3", "-m", "ethinfra.snapshot", *args, within=within, check=check
        )

    def restore(self, plan: Mapping[str, Any], directory: str, *, within: float = 180) -> Completed:
        """What the init container of a serve node does, with another plan, into a folder of this pod's volume."""
        where = self._write_plan(plan)
        self.python("import sys, pathlib; pathlib.Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)", directory)
        return self.snapshot("pod", "restore", f"--plan={where}", f"--data={directory}", within=within)

    @contextmanager
    def restoring_halfway(self, plan: Mapping[str, Any], directory: str, size: int) -> Iterator[Halfway]:
        """A restore that stands still (SIGSTOP) when half of `size` bytes are in the folder."""
        where = self._write_plan(plan)
        process = self.start_python(_HALFWAY, where, directory, str(size))
        try:
            running = Halfway(process)
            running.must_stand_still()
            yield running
        finally:
            process.kill()
            process.wait()

    def pull(self, plan: Mapping[str, Any], digest: str, directory: str) -> dict[str, int]:
        """Restore one snapshot of a plan's repository by its digest, over whatever is there.

        Returns how many chunks were kept, shared, copied and fetched, and fetched_bytes. CommandFailed if it cannot be
        had whole.
        """
        registry = json.dumps(plan["registry"])
        done = self.python(_PULL, registry, repository_of(plan), digest, directory, within=180)
        counts: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
        return counts

    def _write_plan(self, plan: Mapping[str, Any]) -> str:
        """Write a plan into the pod's own volume; its path."""
        path = f"{VOLUME}/plan-{secrets.token_hex(3)}.json"
        self.python("import sys; open(sys.argv[1], 'w').write(sys.argv[2])", path, json.dumps(plan))
        return path

    def marker(self, directory: str) -> dict[str, Any] | None:
        """The mark that a restore is complete, or None."""
        code = "import sys, pathlib; p = pathlib.Path(sys.argv[1]); print(p.read_text() if p.exists() else 'null')"
        found: dict[str, Any] | None = json.loads(self.python(code, f"{directory}/.ethinfra-snapshot.json").stdout)
        return found


class Halfway:
    """A restore that stands still until it is told what becomes of it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def must_stand_still(self) -> None:
        """ClusterError, with what it said, if it ended before."""
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        if first.strip() != b"halfway":
            rest = self._process.stdout.read()
            raise ClusterError("the restore ended before it could be stopped halfway", seen=(first + rest).decode())

    def go_on(self) -> None:
        self._tell(b"go")

    def kill(self) -> Completed:
        """Kill it with SIGKILL; how that ended."""
        self._tell(b"kill")
        return self.end(within=30)

    def must_not_end_for(self, seconds: float) -> None:
        """ClusterError if it ends meanwhile."""
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(seconds)
            raise ClusterError("the restore ended", expected=f"that it goes on trying for {seconds:g}s", seen=f"{code}")

    def end(self, *, within: float) -> Completed:
        """Wait for its end; its exit code, negative for a signal, and what it wrote."""
        out, _ = self._process.communicate(timeout=within)
        said = json.loads(out)
        return Completed(("pod", "restore"), said["code"], said["output"], "")

    def _tell(self, word: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word + b"\n")
        self._process.stdin.flush()


_HALFWAY = """
import json, os, signal, subprocess, sys, time
plan, folder, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.makedirs(folder, exist_ok=True)
command = ["python3", "-m", "ethinfra.snapshot", "pod", "restore", "--plan=" + plan, "--data=" + folder]
child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

def written():
    total = 0
    for top, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(top, name)).st_blocks * 512
            except FileNotFoundError:
                pass
    return total

while child.poll() is None and written() < size // 2:
    time.sleep(0.002)
if child.poll() is None:
    child.send_signal(signal.SIGSTOP)
    print("halfway", flush=True)
    child.send_signal(signal.SIGCONT if sys.stdin.readline().strip() == "go" else signal.SIGKILL)
output, _ = child.communicate()
print(json.dumps({"code": child.returncode, "output": output.decode()}), flush=True)
"""

_PULL = """
import dataclasses, json, sys
from pathlib import Path
from ethinfra.snapshot.access import open_store
from ethinfra.snapshot.compatibility import Expected
from ethinfra.snapshot.restore import restore

registry, repository, digest, folder = json.loads(sys.argv[1]), *sys.argv[2:]
authority = registry["authority"] and Path(registry["authority"])
store = open_store(registry["url"], repository, config=Path(registry["config"]), authority=authority)
Path(folder).mkdir(parents=True, exist_ok=True)
restored = restore(store, digest, Path(folder), Expected(), over=True)
print(json.dumps(dataclasses.asdict(restored.counts)))
"""


def must_be_whole(builder: Builder, directory: str, snapshot: Snapshot) -> None:
    """The folder holds exactly what the snapshot says: every file with its size and bytes, and none else, and the mark.

    The bytes are compared chunk by chunk with the raw digests of the snapshot's config.
    """
    marker = builder.marker(directory)
    if marker is None or marker["digest"] != snapshot.digest:
        raise ClusterError(f"the mark in {directory}", expected=snapshot.digest, seen=str(marker))
    config = snapshot.config
    wanted = {file.path: [chunk.raw.hex() for chunk in file.chunks(config.chunk_size)] for file in config.files}
    found = json.loads(builder.python(_CHUNKS, directory, str(config.chunk_size), within=180).stdout)
    if found != wanted:
        differing = sorted(path for path in {*wanted, *found} if wanted.get(path) != found.get(path))
        raise ClusterError(
            f"files in {directory}",
            expected=f"those of {snapshot.id}",
            seen=f"{len(differing)} differ: {differing[:5]}",
        )


_CHUNKS = """
import hashlib, json, os, sys
top, size, found = sys.argv[1], int(sys.argv[2]), {}
for folder, folders, names in os.walk(top):
    folders[:] = [one for one in folders if not one.startswith(".ethinfra-")]
    for name in names:
        path = os.path.join(folder, name)
        relative = os.path.relpath(path, top)
        if not relative.startswith(".ethinfra-"):
            with open(path, "rb") as file:
                found[relative] = [hashlib.sha256(part).hexdigest() for part in iter(lambda: file.read(size), b"")]
print(json.dumps(found))
"""


class Builders:
    """Makes builder pods for one scenario or run, and removes them."""

    def __init__(self, kube: Kube, run_id: str, *, within: float) -> None:
        self._kube = kube
        self._run_id = run_id
        self._within = within
        self._made: list[TrialPod] = []

    def start(self, snapshots: Snapshots, change: Callable[[Object], None] = lambda _: None) -> Builder:
        """A pod that is what a job's pod is, without the node's volume, and idle. change: edits its spec before"""
        name = f"snapshot-{snapshots.node}-0"
        cronjob = self._kube.get("CronJob", name, snapshots.namespace)
        if cronjob is None:
            raise ClusterError(f"there is no CronJob {snapshots.namespace}/{name}")
        manifest = builder_pod(cronjob, f"trial-builder-{secrets.token_hex(3)}", self._run_id)
        change(manifest["spec"])
        self._kube.apply(manifest)
        pod = Builder(self._kube, snapshots.namespace, manifest["metadata"]["name"])
        self._made.append(pod)
        eventually(
            f"pod {pod.namespace}/{pod.name} runs",
            lambda: ((self._kube.get("Pod", pod.name, pod.namespace) or {}).get("status") or {}).get("phase"),
            until=lambda phase: phase == "Running",
            within=self._within,
            every=0.25,
            hint=f"kubectl -n {pod.namespace} describe pod {pod.name}",
        )
        return pod

    def start_alone(self, snapshots: Snapshots) -> AloneNode:
        """A pod that restores the newest snapshot, and then runs the client on it as the restore test does."""
        cronjob = self._kube.get("CronJob", f"snapshot-{snapshots.node}-0", snapshots.namespace)
        assert cronjob is not None
        pod = AloneNode(self._kube, snapshots.namespace, f"trial-alone-{secrets.token_hex(3)}", snapshots.plan)
        self._kube.apply(alone_pod(cronjob, pod.name, self._run_id))
        self._made.append(pod)
        eventually(
            f"the client of {pod.namespace}/{pod.name} runs",
            lambda: ((self._kube.get("Pod", pod.name, pod.namespace) or {}).get("status") or {}).get("phase"),
            until=lambda phase: phase == "Running",
            within=self._within,
            every=0.25,
            hint=f"kubectl -n {pod.namespace} logs {pod.name} --all-containers",
        )
        return pod

    def remove_all(self) -> None:
        """Delete every pod that this object made; their volumes go with them."""
        while self._made:
            self._made.pop().delete()


def builder_pod(cronjob: Object, name: str, run_id: str) -> Object:
    """An idle pod of a job's template: its labels, account, credentials and plan, and not the node's volume."""
    template = copy.deepcopy(cronjob["spec"]["jobTemplate"]["spec"]["template"])
    spec = template["spec"]
    step = next(one for one in spec["initContainers"] if one["name"] == "restore")
    mounted = [
        *(one for one in step["volumeMounts"] if one["name"] != "token"),
        {"name": "small", "mountPath": SMALL},
    ]
    container = {
        **{key: value for key, value in step.items() if key != "args"},
        "name": "trial",
        "command": ["python3", "-c", "import signal; signal.sigwait({signal.SIGTERM, signal.SIGINT})"],
        "volumeMounts": mounted,
    }
    used = {one["name"] for one in mounted}
    volumes = [one for one in spec["volumes"] if one["name"] in used]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": cronjob["metadata"]["namespace"],
            "labels": {**template["metadata"]["labels"], LABEL: run_id},
        },
        "spec": {
            **{key: value for key, value in spec.items() if key not in ("initContainers", "containers", "volumes")},
            "containers": [container],
            "volumes": [
                *volumes,
                {"name": "small", "emptyDir": {"medium": "Memory", "sizeLimit": str(SMALL_BYTES)}},
            ],
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
        },
    }
