"""The standard that every image of ours keeps, as rules: pure functions that name each breach of it.

A *recipe* is a Dockerfile with what the catalogue says of its image. A *rule* takes a recipe and returns sentences;
none where all is well. Its name is its id and says what holds. `disagreements` compares a recipe with the client table,
since each alone could be right; `misbuilt` and `excesses` look at what was built, since a recipe is only an intention.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from ethinfra.images.catalogue import Image
from ethinfra.images.debian import keeper
from ethinfra.images.layout import Member

#: User and group of what runs, as the chart gives them to every container.
USER = "10001:10001"

#: Programs that read commands. busybox is one under any name.
SHELLS = frozenset({"ash", "bash", "busybox", "csh", "dash", "fish", "ksh", "mksh", "sh", "tcsh", "zsh"})

_FOLDERS = ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin")

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


@dataclass(frozen=True)
class Recipe:
    """What an image is made by. text: of its Dockerfile."""

    image: Image
    text: str

    @classmethod
    def of(cls, image: Image) -> Recipe:
        return cls(image, image.dockerfile.read_text())

    @cached_property
    def instructions(self) -> tuple[Instruction, ...]:
        return tuple(_instructions(self.text))

    def all(self, *names: str) -> list[Instruction]:
        """The instructions of these names, in their order."""
        return [one for one in self.instructions if one.name in names]

    def value(self, name: str) -> str:
        """Of the last instruction of a name, which is the one that counts; empty if there is none."""
        return next((one.value for one in reversed(self.instructions) if one.name == name), "")

    @cached_property
    def labels(self) -> dict[str, str]:
        return dict(re.findall(r'(\S+)="([^"]*)"', " ".join(one.value for one in self.all("LABEL"))))

    @property
    def shell_is_explained(self) -> bool:
        """Whether its opening words say that there is one."""
        return bool(self.instructions) and bool(re.search(r"\bwith a shell\b", self.instructions[0].reason))


Rule = Callable[[Recipe], list[str]]


def base_is_pinned(recipe: Recipe) -> list[str]:
    """What is built on is nothing at all, or known by its bytes."""
    bases = [one.value for one in recipe.all("FROM")]
    if bases and all(base == "scratch" or "@sha256:" in base for base in bases):
        return []
    return [f"FROM {bases}: neither scratch nor pinned by digest"]


def files_are_prepared(recipe: Recipe) -> list[str]:
    """Files come from the prepared context only, and all of it: a build fetches and runs nothing."""
    image = recipe.image
    found = [
        f"{one.name}: files come from the prepared context only"
        for one in recipe.all("RUN", "ADD", "MAINTAINER", "VOLUME")
    ]
    sources = {source for one in recipe.all("COPY") for source in one.value.split()[:-1]}
    released = [place for release in image.releases for _, place in release.files]
    made = {f"bin/{name}" for name in (*image.tools, *dict(image.compile))}
    made |= {place for place in released if place.startswith("bin/")}
    if image.packages or image.sources or image.trees or any(place.startswith("rootfs/") for place in released):
        made.add("rootfs")
    beside = {path.name for path in image.folder.iterdir()}
    return [
        *found,
        *(f"COPY lacks {one}, which the catalogue prepares" for one in sorted(made - sources)),
        *(f"COPY {one}: not in the build context" for one in sorted(sources - made - beside)),
    ]


def user_is_nobody(recipe: Recipe) -> list[str]:
    """One without rights, as numbers, so that a pod can insist on it; another one has its reason above the line."""
    users = recipe.all("USER")
    if len(users) != 1 or not re.fullmatch(r"\d+:\d+", users[0].value):
        return ["USER: not exactly one, as numbers"]
    if users[0].value != USER and not users[0].reason:
        return [f"USER {users[0].value} and not {USER}, with no reason above it"]
    return []


def no_shell_is_kept(recipe: Recipe) -> list[str]:
    """Nothing that the catalogue keeps of packages is a shell, unless the recipe's opening words explain it."""
    image = recipe.image
    places = [f"{folder}/{shell}" for folder in _FOLDERS for shell in sorted(SHELLS)]
    kept = keeper(image.keep, image.drop)
    found = [f"keeps {one}" for one in places if kept(one)] + (
        [f"makes {image.applets} every tool"] if image.applets else []
    )
    return [] if recipe.shell_is_explained else [f"{one}: a shell, and the recipe does not say why" for one in found]


def commands_need_no_shell(recipe: Recipe) -> list[str]:
    """What starts is given word by word."""
    commands = recipe.all("ENTRYPOINT", "CMD")
    found = [] if commands else ["neither ENTRYPOINT nor CMD"]
    for one in commands:
        try:
            json.loads(one.value)
        except ValueError:
            found.append(f"{one.name} {one.value}: a shell would have to read it")
    return found


def stop_signal_is_stated(recipe: Recipe) -> list[str]:
    """By its name: a builder's default is nobody's decision."""
    return [] if re.fullmatch(r"SIG[A-Z0-9]+", recipe.value("STOPSIGNAL")) else ["STOPSIGNAL is missing"]


def health_can_be_asked(recipe: Recipe) -> list[str]:
    """By the image itself, or by the probe that a label names; not by two that may differ."""
    if bool(recipe.labels.get("ethinfra.io/healthcheck")) == bool(recipe.all("HEALTHCHECK")):
        return ["neither a HEALTHCHECK nor a label that names the probe, or both"]
    return []


def labels_tell_the_origin(recipe: Recipe) -> list[str]:
    """What it is, of which source and licence, and that the build is ours; the Dockerfile says so too."""
    labels, image = recipe.labels, recipe.image
    found = [f"LABEL {name} is missing" for name in LABELS if not labels.get(name)]
    for name, argument in (("version", "${VERSION}"), ("revision", "${REVISION}")):
        if labels.get(f"org.opencontainers.image.{name}", argument) != argument:
            found.append(f"LABEL {name} is not the build's {argument}")
    if labels.get("ethinfra.io/built-from", image.built_from) != image.built_from:
        found.append(f"LABEL ethinfra.io/built-from is not {image.built_from}, as the catalogue says")
    if not recipe.text.startswith("# "):
        found.append("does not begin by saying what the image is")
    return found


#: Every rule, by its id.
RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        base_is_pinned,
        files_are_prepared,
        user_is_nobody,
        no_shell_is_kept,
        commands_need_no_shell,
        stop_signal_is_stated,
        health_can_be_asked,
        labels_tell_the_origin,
    )
}


def breaches(recipe: Recipe) -> list[str]:
    """What a recipe does otherwise than the standard; empty if nothing."""
    return [sentence for rule in RULES.values() for sentence in rule(recipe)]


def disagreements(recipe: Recipe, parts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where a recipe and the client table say different things.

    parts: what the table knows of each program that this image is for
    """
    ports = {port for part in parts for port in _ports(part)}
    found = []
    if set(recipe.value("EXPOSE").split()) != ports:
        exposed = recipe.value("EXPOSE") or "(nothing)"
        found.append(f"EXPOSE {exposed}, but the table has the ports {' '.join(sorted(ports))}")
    for part in parts:
        signal = recipe.value("STOPSIGNAL")
        if "stopSignal" in part and signal != part["stopSignal"]:
            found.append(f"STOPSIGNAL {signal}, but the table says {part['stopSignal']}")
        if json.loads(recipe.value("ENTRYPOINT") or "[]") != part["command"]:
            found.append(f"ENTRYPOINT {recipe.value('ENTRYPOINT')}, but the table's command is {part['command']}")
        asked = re.match(r"http GET :(\d+)(/[^,]*)", recipe.labels.get("ethinfra.io/healthcheck", ""))
        if asked and "health" in part and not _known_health(part, int(asked[1]), asked[2]):
            found.append(f"healthcheck :{asked[1]}{asked[2]}, but the table's is {part['health']['path']}")
    return found


def misbuilt(image: Image, config: Mapping[str, Any]) -> list[str]:
    """Where a built image's configuration is not what its recipe says."""
    recipe, built = Recipe.of(image), config["config"]
    labels = built.get("Labels") or {}
    pairs = {
        "USER": (built.get("User"), recipe.value("USER")),
        "ENTRYPOINT": (built.get("Entrypoint") or [], json.loads(recipe.value("ENTRYPOINT") or "[]")),
        "CMD": (built.get("Cmd") or [], json.loads(recipe.value("CMD") or "[]")),
        "STOPSIGNAL": (built.get("StopSignal"), recipe.value("STOPSIGNAL")),
        "HEALTHCHECK": (bool(built.get("Healthcheck")), bool(recipe.all("HEALTHCHECK"))),
        "the version in its labels": (labels.get("org.opencontainers.image.version"), image.tag),
    }
    return [
        *(f"{name} is {seen}, and should be {wanted}" for name, (seen, wanted) in pairs.items() if seen != wanted),
        *(f"has no label {name}" for name in LABELS if not labels.get(name)),
    ]


def excesses(image: Image, members: Iterable[Member]) -> list[str]:
    """What in a built image's layers gives more than its program needs: shells, rights of others, devices."""
    explained = Recipe.of(image).shell_is_explained
    found = []
    for member in members:
        path = PurePosixPath(member.path)
        if member.mode & 0o6000:
            found.append(f"/{member.path} runs with its owner's rights (mode {member.mode:o})")
        if member.device:
            found.append(f"/{member.path} is a device")
        if path.name in SHELLS and path.parent.as_posix() in _FOLDERS and not explained:
            found.append(f"/{member.path} is a shell, and the recipe does not say why")
    return found


def _known_health(part: Mapping[str, Any], port: int, path: str) -> bool:
    return path == part["health"]["path"] and port in part["ports"].values()


def _ports(part: Mapping[str, Any]) -> Iterator[str]:
    """As EXPOSE names them. Not the engine's, which is on the pod's loopback and nobody else's business."""
    for name, port in part.get("ports", {}).items():
        if name != "engine":
            yield f"{port}/udp" if name == "discovery" else str(port)
    for one in part.get("peerPorts", ()):
        yield f"{one['port']}/udp" if one["protocol"] == "UDP" else str(one["port"])


def _instructions(text: str) -> Iterator[Instruction]:
    comment, pending = "", ""
    for line in text.splitlines():
        if pending:
            pending += " " + line.strip().rstrip("\\").strip()
            if line.rstrip().endswith("\\"):
                continue
            line, pending = pending, ""
        elif line.startswith("#"):
            comment += line.lstrip("#")
            continue
        elif line.rstrip().endswith("\\"):
            pending = line.strip().rstrip("\\").strip()
            continue
        if not line.strip():
            comment = ""
            continue
        name, _, value = line.partition(" ")
        yield Instruction(name, value.strip(), comment.strip())
        comment = ""
