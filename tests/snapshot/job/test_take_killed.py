"""`job take` as a process that ends in the middle of its copy: killed, or told to stop."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ethinfra.probe.hold import Outcome
from ethinfra.snapshot.job.place import Place
from ethinfra.snapshot.job.run import copies
from ethinfra.snapshot.layout_store import LayoutStore
from tests.snapshot.job.demands import must_run_again, take_one
from tests.snapshot.job.scripted import NAMESPACE, ScriptedCluster

#: `job take`, with a copy that takes for ever.
SLOW = """
import sys, threading
from pathlib import Path
from ethinfra.probe.kubernetes import Api
from ethinfra.snapshot.job import commands, take as taking
from ethinfra.snapshot.job.cluster import Cluster
from ethinfra.snapshot.layout_store import LayoutStore
port, token, store = sys.argv[1:4]
api = Api("127.0.0.1", int(port), token=Path(token), context=None)
commands.Cluster = type("Here", (), {"here": lambda name: Cluster(api, name)})
commands._store = lambda plan: LayoutStore(Path(store))
def copying(*_):
    print("copying", flush=True)
    threading.Event().wait()
taking.copy = copying
import argparse
parser = argparse.ArgumentParser()
commands.add_to(parser.add_subparsers())
options = parser.parse_args(sys.argv[4:])
sys.exit(options.run(options))
"""


@contextmanager
def copying_job(place: Place, cluster: ScriptedCluster, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A `job take` that has stopped the node and is copying."""
    (tmp_path / "plan.json").write_text(json.dumps(_document(place)))
    part = ["job", "take", f"--plan={tmp_path}/plan.json", f"--work={place.work}", f"--data={place.data}"]
    where = [str(cluster.port), str(tmp_path / "token"), str(tmp_path / "store")]
    environment = {"ORDINAL": "0", "NAMESPACE": NAMESPACE, "POD_NAME": place.pod}
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *where, *part],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        while (line := process.stdout.readline()) != "copying\n":
            assert line, process.stderr.read()
        yield process
    finally:
        process.kill()
        process.communicate()


def _document(place: Place) -> dict[str, object]:
    def named(value: object) -> object:
        if isinstance(value, dict):
            return {_camel(key): named(one) for key, one in value.items()}
        return [named(one) for one in value] if isinstance(value, (list, tuple)) else value

    return named(dataclasses.asdict(place.plan))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def test_killed_job_holds_nobody_for_longer_than_the_patience(
    place: Place, cluster: ScriptedCluster, store: LayoutStore, tmp_path: Path
):
    with copying_job(place, cluster, tmp_path) as job:
        assert not cluster.node.running
        killed = time.monotonic()
        job.send_signal(signal.SIGKILL)
        must_run_again(cluster)

    assert cluster.started[0] - killed < cluster.patience + 2
    assert cluster.outcomes == [Outcome.EXPIRED]
    # The next run, of another pod, takes the lease over, removes what is left, and goes through.
    lease = cluster.objects[f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/snapshot-geth"]
    lease["spec"]["leaseDurationSeconds"] = 1
    cluster.node.ready = True
    run = take_one(dataclasses.replace(place, pod="snapshot-geth-0-2"), cluster, store)
    assert [copied.folder.name for copied in copies(cluster.volume)] == [run.started]


def test_job_that_is_told_to_stop_lets_the_node_go_at_once(place: Place, cluster: ScriptedCluster, tmp_path: Path):
    with copying_job(place, cluster, tmp_path) as job:
        told = time.monotonic()
        job.send_signal(signal.SIGTERM)

        assert job.wait(10) == 143
        must_run_again(cluster)

    assert cluster.started[0] - told < 1.5
    assert Outcome.EXPIRED not in cluster.outcomes
    assert copies(cluster.volume) == []
    lease = cluster.objects[f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/snapshot-geth"]
    assert lease["spec"]["holderIdentity"] == ""
