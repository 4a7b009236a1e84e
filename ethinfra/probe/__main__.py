"""`python3 -m ethinfra.probe`: serve, hold, jwt, genesis, checkpoint, fetch-genesis."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path

from ethinfra.probe.exchange import Endpoint
from ethinfra.probe.verdict import Limits, Verdict
from ethinfra.probe.view import ChainView

#: Exit codes: the operator's input, the object at hand, a defect of ours.
BAD_INPUT, REFUSED, DEFECT = 2, 1, 70

#: Seconds from SIGTERM to the end.
FAREWELL = 0.3


def main(arguments: list[str] | None = None) -> int:
    """Run a subcommand; the exit code is returned."""
    options = parser().parse_args(arguments)
    code: int = options.run(options)
    return code


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m ethinfra.probe", description="The node probe and its small jobs.")
    commands = parser.add_subparsers(required=True, metavar="serve|hold|jwt|genesis|checkpoint|fetch-genesis")

    serve = commands.add_parser("serve", help="watch a node and answer /startupz /readyz /livez /status /metrics")
    serve.set_defaults(run=_serve)
    serve.add_argument("--listen", type=_address, default=("0.0.0.0", 9500), metavar="HOST:PORT")  # noqa: S104 - a pod's own address
    serve.add_argument("--execution", type=_endpoint, default="http://127.0.0.1:8545", metavar="URL", help="JSON-RPC")
    serve.add_argument("--consensus", type=_endpoint, default="http://127.0.0.1:3500", metavar="URL", help="Beacon API")
    serve.add_argument("--chain-id", type=_positive_int, required=True)
    serve.add_argument("--genesis-hash", type=_hash, metavar="0x…", help="hash of execution block 0")
    serve.add_argument("--max-head-age", type=_seconds, default=Limits.head_age, metavar="S")
    serve.add_argument("--max-lag", type=_count, default=Limits.lag, metavar="N", help="blocks behind others")
    serve.add_argument(
        "--max-distance", type=_count, default=Limits.distance, metavar="N", help="slots behind the clock"
    )
    serve.add_argument("--min-peers", type=_count, default=Limits.peers, metavar="N", help="0 for the first node")
    serve.add_argument("--max-future", type=_seconds, default=Limits.future, metavar="S", help="head before the clock")
    serve.add_argument("--reference", type=_endpoint, action="append", default=[], metavar="URL", help="repeatable")
    serve.add_argument("--interval", type=_seconds, default=2.0, metavar="S", help="between two looks")
    serve.add_argument("--timeout", type=_seconds, default=3.0, metavar="S", help="for all answers of one client")
    serve.add_argument("--max-view-age", type=_seconds, metavar="S", help="default: three looks that all time out")
    serve.add_argument("--data", type=Path, metavar="DIR", help="the execution client's: which snapshot it came from")
    serve.add_argument("--client-metrics", type=_endpoint, metavar="URL", help="its metrics page, for the request rate")
    serve.add_argument("--requests-series", type=_series, default=(), metavar="NAME[,NAME]", help="its counters there")

    hold = commands.add_parser("hold", help="wait while a job copies this volume, before the client starts")
    hold.set_defaults(run=_hold)
    hold.add_argument("--data", type=Path, required=True, metavar="DIR", help="the volume")
    hold.add_argument("--patience", type=_seconds, default=20.0, metavar="S", help="with a job that does not stir")

    jwt = commands.add_parser("jwt", help="write the Engine API's secret, unless there is one")
    jwt.set_defaults(run=_jwt)
    jwt.add_argument("--out", type=Path, required=True, metavar="FILE")
    jwt.add_argument("--mode", type=lambda text: int(text, 8), default=0o440, metavar="OCTAL", help="default 0440")

    genesis = commands.add_parser("genesis", help="fix a devnet's genesis time and bootnode, once, in this cluster")
    genesis.set_defaults(run=_genesis)
    genesis.add_argument("--namespace", required=True)
    genesis.add_argument("--configmap", default="devnet-genesis")
    genesis.add_argument("--secret", default="devnet-bootnode")
    genesis.add_argument("--delay", type=_seconds, default=30.0, metavar="S", help="from now to slot 0")
    genesis.add_argument("--patience", type=_seconds, default=30.0, metavar="S", help="for an API server to be reached")
    genesis.add_argument("--label", type=_label, action="append", default=[], metavar="KEY=VALUE")

    checkpoint = commands.add_parser("checkpoint", help="refuse to start a client whose source of finality is unfit")
    checkpoint.set_defaults(run=_checkpoint)
    checkpoint.add_argument("--url", type=_endpoint, required=True, metavar="URL", help="Beacon API")
    checkpoint.add_argument("--chain-id", type=_positive_int, required=True)
    checkpoint.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the client's; if in use, all is well"
    )
    checkpoint.add_argument("--peers-file", type=Path, metavar="FILE", help="write the source's record (ENR), as YAML")
    checkpoint.add_argument("--patience", type=_seconds, default=60.0, metavar="S", help="for a good answer")
    checkpoint.add_argument("--timeout", type=_seconds, default=10.0, metavar="S", help="for one try")

    fetch = commands.add_parser("fetch-genesis", help="put the genesis of a network that exists already in place")
    fetch.set_defaults(run=_fetch_genesis)
    fetch.add_argument("--state-url", type=_http_url, required=True, metavar="URL", help="the beacon state, SSZ")
    fetch.add_argument("--state-sha256", type=_sha256, required=True, metavar="HEX")
    fetch.add_argument("--chain", type=Path, required=True, metavar="DIR", help="whose files are copied")
    fetch.add_argument("--out", type=Path, required=True, metavar="DIR")
    fetch.add_argument("--patience", type=_seconds, default=120.0, metavar="S", help="for a server that fails")
    fetch.add_argument("--stall", type=_seconds, default=30.0, metavar="S", help="of silence that end a try")
    return parser


def _serve(options: argparse.Namespace) -> int:
    from ethinfra.probe.observer import Observer
    from ethinfra.probe.rate import RequestRate
    from ethinfra.probe.server import ProbeServer

    if (options.client_metrics is None) != (not options.requests_series):
        print("--client-metrics and --requests-series belong together", file=sys.stderr)
        return BAD_INPUT
    rate = RequestRate(options.client_metrics, options.requests_series) if options.client_metrics else None
    limits = Limits(
        chain_id=options.chain_id,
        genesis=options.genesis_hash,
        head_age=options.max_head_age,
        lag=options.max_lag,
        distance=options.max_distance,
        peers=options.min_peers,
        future=options.max_future,
        # A look asks each client once, and once more where their heads disagree.
        view_age=options.max_view_age or options.interval + 3 * (2 * options.timeout),
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    observer = Observer(
        options.execution,
        options.consensus,
        limits,
        references=tuple(options.reference),
        interval=options.interval,
        timeout=options.timeout,
        on_change=_log_change,
    )
    try:
        server = ProbeServer(options.listen, observer, volume=options.data, rate=rate)
    except OSError as reason:
        print(f"cannot listen on {options.listen[0]}:{options.listen[1]}: {reason}", file=sys.stderr)
        return BAD_INPUT
    observer.start()
    if rate is not None:
        rate.start()
    threading.Thread(target=server.serve_forever, args=(0.1,), name="server", daemon=True).start()
    _log("listening", address=f"{server.server_name}:{server.server_port}")
    while not stop.wait(1):
        if not observer.alive:
            # The kubelet starts this container again; a probe that no longer looks must not go on answering.
            _log("observer died")
            return DEFECT
    server.close()
    observer.stop()
    _log("stopping")
    # Nothing is waited for: whoever asks in this time shall hear "not ready" instead of a refused connection.
    time.sleep(FAREWELL)
    return 0


def _hold(options: argparse.Namespace) -> int:
    from ethinfra.probe import hold

    # Process 1 of a container has no default action for it, and a pod that is deleted while it waits must end at once.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(REFUSED))
    if not options.data.is_dir():
        print(f"no volume at {options.data}", file=sys.stderr)
        return BAD_INPUT
    try:
        outcome = hold.wait(options.data, options.patience, say=lambda text: print(text, flush=True))
    except (hold.HoldStuck, OSError) as reason:
        print(f"the client may not start: {reason}", file=sys.stderr)
        return REFUSED
    print(f"{options.data}: {outcome.value}; the client may start")
    return 0


def _jwt(options: argparse.Namespace) -> int:
    from ethinfra.probe import jwt

    try:
        written = jwt.ensure(options.out, options.mode)
    except (jwt.NotASecret, OSError) as reason:
        print(f"no JWT secret written: {reason}", file=sys.stderr)
        return REFUSED
    print(f"{options.out}: {'written' if written else 'is there already, left as it is'}")
    return 0


def _genesis(options: argparse.Namespace) -> int:
    from ethinfra.probe import genesis
    from ethinfra.probe.kubernetes import Api, ApiError

    try:
        found = genesis.ensure(
            Api.in_cluster(patience=options.patience),
            options.namespace,
            configmap=options.configmap,
            secret=options.secret,
            delay=options.delay,
            labels=dict(options.label),
        )
    except (genesis.GenesisError, ApiError) as reason:
        print(f"no genesis: {reason}", file=sys.stderr)
        return REFUSED
    print(json.dumps(found.as_data()))
    return 0


def _checkpoint(options: argparse.Namespace) -> int:
    from ethinfra.probe import checkpoint

    try:
        if options.peers_file:
            record = checkpoint.write_peers(options.url, options.peers_file, options.timeout)
            print(f"first peer: {record or 'the source does not say which it is'}")
        if checkpoint.has_database(options.data):
            print(f"{options.data} holds a database: no checkpoint is needed")
            return 0
        source = checkpoint.must_serve(
            options.url,
            options.chain_id,
            patience=options.patience,
            timeout=options.timeout,
            say=lambda seen: print(f"waiting: {seen}", flush=True),
        )
    except (checkpoint.NoCheckpoint, OSError) as reason:
        print(f"no checkpoint: {reason}", file=sys.stderr)
        return REFUSED
    print(f"{options.url.name}: chain {source.chain_id}, finalized epoch {source.epoch}, block {source.root}")
    return 0


def _fetch_genesis(options: argparse.Namespace) -> int:
    from ethinfra.probe import state

    try:
        fetched = state.put_in_place(
            options.state_url,
            options.state_sha256,
            options.chain,
            options.out,
            patience=options.patience,
            stall=options.stall,
        )
    except state.StateError as reason:
        print(f"no genesis: {reason}", file=sys.stderr)
        return REFUSED
    print(f"{options.out / state.STATE}: {'fetched' if fetched else 'is there already'}, sha256 {options.state_sha256}")
    return 0


def _log_change(verdict: Verdict, view: ChainView) -> None:
    head = view.execution.head
    _log("verdict", ready=verdict.ready, code=verdict.code.value, reason=verdict.reason, head=head and head.number)


def _log(event: str, **fields: object) -> None:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(json.dumps({"time": moment, "event": event, **fields}), flush=True)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host or "0.0.0.0", int(port)  # noqa: S104 - as Go's listeners read an empty host


def _endpoint(text: str) -> Endpoint:
    try:
        return Endpoint.parse(text)
    except ValueError as reason:
        raise argparse.ArgumentTypeError(str(reason)) from None


def _http_url(text: str) -> str:
    _endpoint(text)
    return text


def _sha256(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a SHA-256 of 64 hexadecimal digits")
    return text.lower()


def _hash(text: str) -> str:
    if not re.fullmatch(r"0x[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a hash of 32 bytes")
    return text.lower()


def _series(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if not all(re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", name) for name in names):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of series' names")
    return names


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 1e7:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time in seconds")
    return seconds


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _positive_int(text: str) -> int:
    number = _count(text)
    if not number:
        raise argparse.ArgumentTypeError("must be above 0")
    return number


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: threads that still answer while the interpreter is taken down have ended in a segmentation fault.
    os._exit(code)
