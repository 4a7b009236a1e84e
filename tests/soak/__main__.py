"""`make soak`: random kills while snapshots are taken, on a real cluster.

Whatever is killed and whenever: `latest` must be a whole snapshot afterwards, and the nodes must come back alone. At
the end a node is started from `latest` and nothing else. The seed is printed first: the same one gives the same kills
at the same moments, as far as a cluster repeats itself.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import time

from ethinfra.cluster.provider import ClusterSpec
from ethinfra.cluster.select import provider_for
from ethinfra.deploy import apply_layers
from ethinfra.environment import known_environments, load_environment
from ethinfra.errors import EthinfraError
from ethinfra.kube import Kube
from ethinfra.progress import Progress
from ethinfra.trial.builders import Builders
from ethinfra.trial.snapshots import Snapshots
from ethinfra.trial.soak import Soak
from fixtures.locks import ClusterLock


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    parser.add_argument("--env", default="local", choices=known_environments())
    parser.add_argument("--node", default="geth", help="the sync node whose snapshots are disturbed")
    parser.add_argument("--keep", action="store_true", help="leave the cluster as it is at the end")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)

    progress, environment = Progress(), load_environment(options.env)
    provider = provider_for(environment, None)
    kept = provider.find(options.env) is not None or options.keep
    cluster = provider.up(ClusterSpec(options.env, environment.nodes, environment.timeout("cluster")), progress)
    try:
        with ClusterLock.of(cluster).exclusive():
            apply_layers(cluster, environment, progress)
            kube = Kube.of(cluster)
            namespace = environment.layer("ethereum").namespace
            snapshots = Snapshots(kube, namespace, options.node, within=environment.timeout("snapshot"))
            recovery = environment.timeout("pod") + environment.timeout("readiness")
            chance = random.Random(options.seed)  # noqa: S311 - nobody must be unable to guess what is killed
            soak = Soak(kube, snapshots, chance, progress, recovery)
            return _run(soak, Builders(kube, f"soak-{options.seed}", within=recovery), options.kills)
    finally:
        if not kept:
            provider.down(options.env, progress)


def _run(soak: Soak, builders: Builders, kills: int) -> int:
    began = time.monotonic()
    try:
        soak.begin()
        for number in range(1, kills + 1):
            kill = soak.round()
            print(f"{number:3} of {kills}: {kill.victim} ({kill.pod}) after {kill.after:.1f}s", flush=True)
        soak.end(builders)
    except EthinfraError as failure:
        print(f"FAILED after {len(soak.kills)} kills: {failure}\n{soak.kills[-1:]}\n{soak.summary()}")
        return 1
    finally:
        builders.remove_all()
    print(
        f"{soak.summary()}\n`latest` was whole after each, and a node started from it: {time.monotonic() - began:.0f}s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
