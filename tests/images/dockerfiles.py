"""The standard that every Dockerfile of ours keeps, as a function that names each breach of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ethinfra.images.catalogue import Image

USER = "10001:10001"

LABELS = (
    "org.opencontainers.image.title",
    "org.opencontainers.image.version",
    "org.opencontainers.image.revision",
    "org.opencontainers.image.source",
    "org.opencontainers.image.licenses",
    "org.opencontainers.image.vendor",
    "ethinfra.io/built-from",
)


@dataclass(frozen=True)
class Instruction:
    """`reason` is the comment directly above it."""

    name: str
    value: str
    reason: str


def instructions(text: str) -> list[Instruction]:
    found, comment, pending = [], "", ""
    for line in text.splitlines():
        if pending:
            pending += " " + line.strip().rstrip("\\").strip()
            if line.rstrip().endswith("\\"):
                continue
            line, pending = pending, ""
        elif line.startswith("#"):
            comment += line.lstrip("# ")
            continue
        elif line.rstrip().endswith("\\"):
            pending = line.strip().rstrip("\\").strip()
            continue
        if not line.strip():
            comment = ""
            continue
        name, _, value = line.partition(" ")
        found.append(Instruction(name, value.strip(), comment))
        comment = ""
    return found


def breaches(text: str, image: Image) -> list[str]:
    """What a Dockerfile does otherwise than the standard; empty if nothing."""
    lines = instructions(text)
    by_name: dict[str, list[Instruction]] = {}
    for line in lines:
        by_name.setdefault(line.name, []).append(line)
    labels = dict(re.findall(r'(\S+)="([^"]*)"', " ".join(one.value for one in by_name.get("LABEL", []))))
    return [
        *_base(by_name, text),
        *_user(by_name),
        *_labels(labels, image),
        *_health(by_name, labels),
        *_command(by_name),
        *_copies(by_name, image),
    ]


def _base(by_name: dict[str, list[Instruction]], text: str) -> list[str]:
    found = []
    bases = [one.value for one in by_name.get("FROM", [])]
    if bases != ["scratch"] and not all("@sha256:" in base for base in bases):
        found.append(f"FROM {bases}: neither scratch nor pinned by digest")
    if not text.startswith("# "):
        found.append("does not begin by saying what the image is")
    for forbidden in ("RUN", "ADD", "MAINTAINER", "VOLUME"):
        if forbidden in by_name:
            found.append(f"{forbidden}: files come from the prepared context only")
    return found


def _user(by_name: dict[str, list[Instruction]]) -> list[str]:
    users = by_name.get("USER", [])
    if len(users) != 1 or not re.fullmatch(r"\d+:\d+", users[0].value):
        return ["USER: not exactly one, as numbers"]
    if users[0].value != USER and not users[0].reason:
        return [f"USER {users[0].value} and not {USER}, with no reason above it"]
    return []


def _labels(labels: dict[str, str], image: Image) -> list[str]:
    found = [f"LABEL {name} is missing" for name in LABELS if not labels.get(name)]
    for name, argument in (("version", "${VERSION}"), ("revision", "${REVISION}")):
        if labels.get(f"org.opencontainers.image.{name}", argument) != argument:
            found.append(f"LABEL {name} is not the build's {argument}")
    if labels.get("ethinfra.io/built-from", image.built_from) != image.built_from:
        found.append(f"LABEL ethinfra.io/built-from is not {image.built_from}, as the catalogue says")
    return found


def _health(by_name: dict[str, list[Instruction]], labels: dict[str, str]) -> list[str]:
    told = bool(labels.get("ethinfra.io/healthcheck"))
    if told == ("HEALTHCHECK" in by_name):
        return ["neither a HEALTHCHECK nor a label that names the probe, or both"]
    return []


def _command(by_name: dict[str, list[Instruction]]) -> list[str]:
    found = [] if by_name.get("STOPSIGNAL") else ["STOPSIGNAL is missing"]
    commands = [*by_name.get("ENTRYPOINT", []), *by_name.get("CMD", [])]
    if not commands:
        found.append("neither ENTRYPOINT nor CMD")
    for one in commands:
        try:
            json.loads(one.value)
        except ValueError:
            found.append(f"{one.name} {one.value}: a shell would have to read it")
    return found


def _copies(by_name: dict[str, list[Instruction]], image: Image) -> list[str]:
    sources = {source for one in by_name.get("COPY", []) for source in one.value.split()[:-1]}
    released = [place for release in image.releases for _, place in release.files]
    made = {f"bin/{name}" for name in (*image.tools, *dict(image.compile))}
    made |= {place for place in released if place.startswith("bin/")}
    if image.packages or image.sources or image.trees or any(place.startswith("rootfs/") for place in released):
        made.add("rootfs")
    beside = {path.name for path in image.folder.iterdir()}
    return [
        *(f"COPY lacks {one}, which the catalogue prepares" for one in sorted(made - sources)),
        *(f"COPY {one}: not in the build context" for one in sorted(sources - made - beside)),
    ]


def contract_breaches(text: str, parts: Sequence[dict[str, Any]]) -> list[str]:
    """Where a Dockerfile and the client table disagree: each alone could be right, together they are not.

    parts: the programs of the table that this image is for
    """
    by_name = {one.name: one.value for one in instructions(text)}
    ports = {port for part in parts for port in _ports(part)}
    found = []
    if set(by_name.get("EXPOSE", "").split()) != ports:
        found.append(
            f"EXPOSE {by_name.get('EXPOSE', '(nothing)')}, but the table has the ports {' '.join(sorted(ports))}"
        )
    for part in parts:
        if "stopSignal" in part and by_name.get("STOPSIGNAL") != part["stopSignal"]:
            found.append(f"STOPSIGNAL {by_name.get('STOPSIGNAL')}, but the table says {part['stopSignal']}")
        if json.loads(by_name.get("ENTRYPOINT", "[]")) != part["command"]:
            found.append(f"ENTRYPOINT {by_name.get('ENTRYPOINT')}, but the table's command is {part['command']}")
        named = re.search(r'ethinfra.io/healthcheck="http GET :(\d+)(/[^",]*)', text)
        if (
            named
            and "health" in part
            and not (named[2] == part["health"]["path"] and int(named[1]) in part["ports"].values())
        ):
            found.append(f"healthcheck :{named[1]}{named[2]}, but the table's is {part['health']['path']}")
    return found


def _ports(part: dict[str, Any]) -> Iterator[str]:
    """As EXPOSE names them. Not the engine's, which is on the pod's loopback and nobody else's business."""
    for name, port in part.get("ports", {}).items():
        if name != "engine":
            yield f"{port}/udp" if name == "discovery" else str(port)
    for one in part.get("peerPorts", ()):
        yield f"{one['port']}/udp" if one["protocol"] == "UDP" else str(one["port"])
