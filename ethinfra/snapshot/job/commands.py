"""The command line of the programs that pods run: `job …`, `pod restore`, `export`.

Every one of them reads its plan first. SIGTERM ends it at once by way of every `with` that it is in, so that a hold is
released and a lease given back: process 1 of a container would otherwise ignore the signal.
"""

from __future__ import annotations

import argparse
import dataclasses
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ethinfra.errors import BadInput
from ethinfra.snapshot.access import PATIENCE, open_store
from ethinfra.snapshot.errors import NoSuchSnapshot
from ethinfra.snapshot.job.cluster import Cluster
from ethinfra.snapshot.job.errors import ApiRefused, Stopped
from ethinfra.snapshot.job.place import Place, namespace, say
from ethinfra.snapshot.job.run import NOT_NEEDED, NotNeeded, Run, hand_on, handed_on
from ethinfra.snapshot.paths import OWN_NAMES
from ethinfra.snapshot.plan import Method, Plan, read_plan

if TYPE_CHECKING:
    from ethinfra.snapshot.store import SnapshotStore

#: Exit codes beside those of `ethinfra.snapshot.errors`: the Kubernetes API refused, the pod was deleted.
API, STOPPED = 5, 143

#: On a volume whose client was started without a snapshot, as there was none.
_STARTED_EMPTY = f"{OWN_NAMES}started-empty"

#: What a container does with the run that the one before it handed on.
Part = Callable[[Place, Cluster, "SnapshotStore", Run], object]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the programs to the package's command line."""
    job = commands.add_parser("job", help="a container of the snapshot job").add_subparsers(
        required=True, metavar="PART"
    )
    parts: dict[str, tuple[Callable[[argparse.Namespace], int], str]] = {
        "take": (_take, "stop the node, copy its volume, start it"),
        "push": (_push, "push the copy as a candidate"),
        "restore": (_part(_restore), "restore the candidate into an empty volume"),
        "promote": (_part(_promote), "test the restored node, and promote the candidate"),
    }
    for name, (run, text) in parts.items():
        part = job.add_parser(name, help=text)
        part.set_defaults(run=_stoppable(run))
        _add_plan(part)
        part.add_argument(
            "--work", type=Path, default=Path("/work"), metavar="DIR", help="shared by the pod's containers"
        )
        part.add_argument("--data", type=Path, default=Path("/data"), metavar="DIR", help="the volume")
        if name == "take":
            part.add_argument("--volume-snapshot-class", default="", metavar="NAME", help="else the storage's default")
    prune = job.add_parser("prune", help="remove snapshots that nobody needs")
    prune.set_defaults(run=_stoppable(_prune))
    _add_plan(prune)
    prune.add_argument("--work", type=Path, metavar="DIR", help="as every part of a job has it")
    prune.add_argument("--dry-run", action="store_true", help="only say what would be removed")

    pod = commands.add_parser("pod", help="a container of a serving node's pod").add_subparsers(
        required=True, metavar="PART"
    )
    restore = pod.add_parser("restore", help="bring the volume to the newest snapshot")
    restore.set_defaults(run=_stoppable(_pod_restore))
    restore.add_argument(
        "--or-empty", action="store_true", help="where nothing was promoted yet, leave the volume as it is"
    )
    _add_plan(restore)
    restore.add_argument("--data", type=Path, default=Path("/data"), metavar="DIR", help="the volume")

    export = commands.add_parser("export", help="metrics of what the registry holds")
    export.set_defaults(run=_stoppable(_export))
    export.add_argument("--plan", type=Path, action="append", required=True, metavar="FILE", help="repeatable")
    export.add_argument("--listen", type=_address, default=("0.0.0.0", 9600), metavar="HOST:PORT")  # noqa: S104 - a pod's own address
    export.add_argument("--interval", type=float, default=60.0, metavar="S", help="between two looks")


def _add_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plan", type=Path, default=Path("/plan/plan.json"), metavar="FILE")


def _stoppable(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    def stopped(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    def running(options: argparse.Namespace) -> int:
        signal.signal(signal.SIGTERM, stopped)
        try:
            return run(options)
        except Stopped:
            say("told to stop")
            return STOPPED
        except ApiRefused as refused:
            print(refused, file=sys.stderr)
            return API

    return running


def _store(plan: Plan, patience: float = PATIENCE) -> SnapshotStore:
    registry = plan.registry
    authority = Path(registry.authority) if registry.authority else None
    return open_store(
        registry.url, plan.repository, config=Path(registry.config), authority=authority, patience=patience
    )


def _take(options: argparse.Namespace) -> int:
    from ethinfra.snapshot.job.take import take

    place = _place(options)
    outcome = take(
        place,
        Cluster.here(place.namespace),
        _store(place.plan),
        snapshot_class=options.volume_snapshot_class or None,
    )
    hand_on(place.work, outcome)
    if isinstance(outcome, NotNeeded):
        say(f"{NOT_NEEDED}{outcome.why}")
    return 0


def _push(options: argparse.Namespace) -> int:
    from ethinfra.snapshot.job.push import push
    from ethinfra.snapshot.job.volume_snapshot import adopt

    place = _place(options)
    if place.plan.job_plan.method is Method.VOLUME_SNAPSHOT:
        # This pod's first step: the volume was cut by another one.
        hand_on(place.work, adopt(place, Cluster.here(place.namespace), _store(place.plan)))
    return _go_on(place, push)


def _part(do: Part) -> Callable[[argparse.Namespace], int]:
    return lambda options: _go_on(_place(options), do)


def _go_on(place: Place, do: Part) -> int:
    """Go on with what the container before this one left, of whichever replica; nothing, where nothing is needed."""
    outcome = handed_on(place.work)
    if isinstance(outcome, NotNeeded):
        say(f"{NOT_NEEDED}{outcome.why}")
    else:
        place = dataclasses.replace(place, ordinal=outcome.ordinal)
        do(place, Cluster.here(place.namespace), _store(place.plan), outcome)
    return 0


def _restore(place: Place, cluster: Cluster, store: SnapshotStore, run: Run) -> None:
    from ethinfra.snapshot.job.restore import restore

    restore(place, cluster, store, run)


def _promote(place: Place, cluster: Cluster, store: SnapshotStore, run: Run) -> None:
    from ethinfra.snapshot.job.node import rpc_of
    from ethinfra.snapshot.job.promote import promote

    promote(place, cluster, store, run, rpc_of("127.0.0.1", place.plan.ports.rpc))


def _prune(options: argparse.Namespace) -> int:
    from ethinfra.snapshot.job.prune import prune

    plan = read_plan(options.plan)
    prune(plan, Cluster.here(namespace()), _store(plan), dry_run=options.dry_run)
    return 0


def _pod_restore(options: argparse.Namespace) -> int:
    from ethinfra.snapshot.job.pod_restore import restore

    plan = read_plan(options.plan)
    if (options.data / _STARTED_EMPTY).exists():
        # The containers of a pod start anew when its Kubernetes node does.
        say(f"{options.data} was begun without a snapshot; what is there is what its client has made since")
        return 0
    try:
        restore(plan, _store(plan), options.data)
    except NoSuchSnapshot as none:
        # One that is there and cannot be used is another error.
        if not options.or_empty:
            raise
        (options.data / _STARTED_EMPTY).touch()
        say(f"{none.subject}; the client starts without one")
    return 0


def _export(options: argparse.Namespace) -> int:
    from ethinfra.snapshot.job.export import Exporter
    from ethinfra.snapshot.job.pages import serving

    if options.interval <= 0:
        raise BadInput(f"--interval={options.interval:g}", expected="seconds, above 0")
    # A registry that is away is to be seen in the metrics soon, and is asked again anyway.
    exporter = Exporter([read_plan(path) for path in options.plan], lambda plan: _store(plan, patience=5))
    pages = {"/metrics": exporter.metrics, "/healthz": lambda: exporter.healthy(options.interval)}
    with serving(options.listen, pages) as port:
        say(f"listening on port {port}")
        while True:
            exporter.look()
            threading.Event().wait(options.interval)


def _place(options: argparse.Namespace) -> Place:
    return Place.of_environment(read_plan(options.plan), data=options.data, work=options.work)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host or "0.0.0.0", int(port)  # noqa: S104 - as Go's listeners read an empty host
