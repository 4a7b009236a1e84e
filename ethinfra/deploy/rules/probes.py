"""What the kubelet asks of a node's containers, and what it does with the answers (NODE-04, NODE-07)."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Callable, Iterator
from functools import cache

from ethinfra.deploy.rules.builder import BUILDER
from ethinfra.deploy.rules.manifests import Manifests, Pods, arguments, image_of
from ethinfra.kube import Object
from ethinfra.probe.__main__ import parser

#: Question of the kubelet about the execution client → path at which the node probe answers it.
VERDICTS = {"startupProbe": "/startupz", "readinessProbe": "/readyz", "livenessProbe": "/livez"}

#: What the node probe answers besides: whether it runs itself.
_OF_ITSELF = "/metrics"

#: Paths of clients that speak of the chain: of a node that lags, or has no peers, they say that it is ill.
OF_THE_CHAIN = frozenset({"/readyz", "/readiness", "/health", "/eth/v1/node/health", "/eth/v1/node/syncing"})

#: Seconds that a client has until its first answer. Opening a database of mainnet's size takes minutes.
TIME_TO_START = 300

#: Seconds of silence, at least, before a client is restarted.
TIME_TO_ANSWER = 60


@cache
def _probe() -> argparse.ArgumentParser:
    return parser()


@cache
def _builder() -> argparse.ArgumentParser:
    # Imported when it is needed: it brings a registry's client along.
    from ethinfra.snapshot import arguments as snapshot

    return snapshot.parser()


#: Names of the images whose programs are our own, whatever registry they are in, and what reads their arguments.
_OUR_IMAGES: dict[str, Callable[[], argparse.ArgumentParser]] = {"node-probe": _probe, BUILDER: _builder}

#: By what the node probe judges: without one of these it would know no limit, or another chain's.
_JUDGED_BY = (
    "--chain-id",
    "--max-head-age",
    "--max-lag",
    "--max-distance",
    "--min-peers",
    "--execution",
    "--consensus",
)


def health_is_the_probes_verdict(manifests: Manifests) -> list[str]:
    """The node probe says whether a node has started, may serve, and must be restarted; an open port says nothing.

    Nothing in a node is restarted because the chain is not where it should be: only readiness asks for that.
    """
    said = []
    for node in manifests.nodes:
        judge = node.container("probe") or {}
        ports = {key for port in judge.get("ports", []) for key in (port.get("name"), port["containerPort"])}
        execution = node.container("execution") or {}
        for question, path in VERDICTS.items():
            asked = execution.get(question, {}).get("httpGet", {})
            if asked.get("path") != path or asked.get("port") not in ports:
                said.append(f"{node.title}: {question} of container execution is not the node probe's {path}")
        for container, question, asked in _questions(node):
            if "httpGet" not in asked and "exec" not in asked:
                said.append(f"{node.title}: {question} of container {container} asks for no answer of the program")
            elif question != "readinessProbe" and asked.get("httpGet", {}).get("path") in OF_THE_CHAIN:
                said.append(f"{node.title}: {question} of container {container} depends on the chain")
    return said


def the_probe_judges_the_chain(manifests: Manifests) -> list[str]:
    """The node probe is told which chain it is, who the clients are, and how old and how far behind a head may be."""
    said = []
    for node in manifests.nodes:
        judge = node.container("probe")
        given = {name for name, value in arguments(judge or {}) if value}
        missing = [name for name in _JUDGED_BY if name not in given]
        if judge is None:
            said.append(f"{node.title}: has no node probe")
        elif missing:
            said.append(f"{node.title}: container probe is not told {', '.join(missing)}")
    return said


def our_programs_understand_their_flags(manifests: Manifests) -> list[str]:
    """Our own images are started as their programs want to be: with their flags, and with values of the right form."""
    said = []
    for pods in manifests.pods:
        for container in pods.all_containers:
            known = _OUR_IMAGES.get(image_of(container).repository.rpartition("/")[2])
            refused = _refused(known(), container.get("args", [])) if known and not container.get("command") else ""
            if refused:
                said.append(f"{pods.title}: container {container['name']} does not start: {refused}")
    return said


def probes_ask_what_is_answered(manifests: Manifests) -> list[str]:
    """A probe's path is one that the node probe or, by the table, the client has; with the headers that it wants."""
    said = []
    for node in manifests.nodes:
        health = {container["name"]: program.get("health", {}) for container, program in manifests.programs(node)}
        own = node.container("probe") or {}
        own_ports = {key for port in own.get("ports", []) for key in (port.get("name"), port["containerPort"])}
        for container, question, asked in _questions(node):
            http = asked.get("httpGet")
            if http is None:
                continue
            where = f"{node.title}: {question} of container {container}"
            known, headers = (
                health.get(container, {}),
                {one["name"]: one["value"] for one in http.get("httpHeaders", [])},
            )
            if http.get("port") in own_ports:
                if http.get("path") not in (*VERDICTS.values(), _OF_ITSELF):
                    said.append(f"{where} asks the node probe for {http.get('path')}, which it does not have")
            elif http.get("path") != known.get("path"):
                said.append(
                    f"{where} asks for {http.get('path')}, and the client answers {known.get('path', 'nothing')}"
                )
            elif headers != (known.get("headers") or {}):
                said.append(f"{where} sends headers {headers}, and the client wants {known.get('headers') or {}}")
    return said


def probes_find_their_tools(manifests: Manifests) -> list[str]:
    """A command inside a client's container is one that its image has, by the table."""
    said = []
    for node in manifests.nodes:
        tools = {one["name"]: program.get("health", {}).get("tools", []) for one, program in manifests.programs(node)}
        for container, question, asked in _questions(node):
            command = asked.get("exec", {}).get("command", [])
            if command and command[0].rpartition("/")[2] not in tools.get(container, []):
                where = f"{node.title}: {question} of container {container}"
                said.append(f"{where} runs {command[0]}, which its image is not known to have")
    return said


def probes_ask_declared_ports(manifests: Manifests) -> list[str]:
    """The port of a probe is declared: by its name in the same container, by its number anywhere in the pod."""
    said = []
    for pods in manifests.workloads:
        numbers = {number for _, number, _ in pods.ports}
        for container in pods.containers:
            names = {port.get("name") for port in container.get("ports", [])}
            for question in VERDICTS:
                for port in _ports(container.get(question, {})):
                    if port not in (numbers if isinstance(port, int) else names):
                        where = f"{pods.title}: {question} of container {container['name']}"
                        said.append(f"{where} asks port {port}, which is declared nowhere")
    return said


def clients_have_time_to_start(manifests: Manifests) -> list[str]:
    """Until a client first answers it has five minutes at least, and nothing else is asked meanwhile."""
    said = []
    for node in manifests.nodes:
        for container, _ in manifests.programs(node):
            asked = container.get("startupProbe")
            where = f"{node.title}: container {container['name']}"
            if asked is None and "livenessProbe" in container:
                said.append(f"{where} may be restarted while it starts: it has no startupProbe")
            elif asked is not None and _patience(asked) < TIME_TO_START:
                said.append(f"{where} has {_patience(asked)}s to start, less than {TIME_TO_START}")
    return said


def only_the_silent_are_restarted(manifests: Manifests) -> list[str]:
    """A client is restarted after a minute of silence, at least: a restart loses what it was doing."""
    return [
        f"{node.title}: container {container['name']} is restarted after {_patience(asked)}s, not {TIME_TO_ANSWER}"
        for node in manifests.nodes
        for container, _ in manifests.programs(node)
        for asked in [container.get("livenessProbe")]
        if asked is not None and _patience(asked) < TIME_TO_ANSWER
    ]


RULES = (
    health_is_the_probes_verdict,
    the_probe_judges_the_chain,
    our_programs_understand_their_flags,
    probes_ask_what_is_answered,
    probes_find_their_tools,
    probes_ask_declared_ports,
    clients_have_time_to_start,
    only_the_silent_are_restarted,
)


def _questions(node: Pods) -> Iterator[tuple[str, str, Object]]:
    for container in node.containers:
        for question in VERDICTS:
            if question in container:
                yield container["name"], question, container[question]


def _ports(asked: Object) -> list[str | int]:
    return [asked[way]["port"] for way in ("httpGet", "tcpSocket", "grpc") if way in asked]


def _patience(asked: Object) -> int:
    """Seconds of failures that a probe bears; what it does not say is Kubernetes' own."""
    seconds: int = asked.get("periodSeconds", 10) * asked.get("failureThreshold", 3)
    return seconds


def _refused(reader: argparse.ArgumentParser, args: list[str]) -> str:
    """What the program says of its arguments; empty if it takes them. `$(NAME)` is replaced before it starts."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            reader.parse_args([word for word in args if "$(" not in word])
    except (SystemExit, argparse.ArgumentError):
        return (said.getvalue().strip().splitlines() or ["no reason"])[-1].partition("error: ")[2]
    return ""
