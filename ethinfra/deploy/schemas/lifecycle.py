"""Since and until when Kubernetes serves a version of an API, by the word of its own sources.

`zz_generated.prerelease-lifecycle.go` of k8s.io/api holds a few functions for each kind, each of which returns a fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from ethinfra.deploy.schemas.kinds import Kind

#: From 1.24 on, new beta APIs are off like alpha ones until somebody switches them on (KEP-3136).
_BETA_IS_OFF_SINCE = 24

_GROUP = re.compile(r'^const GroupName = "(.*)"$', re.M)
_MINOR = re.compile(r"\(in \*(\w+)\) APILifecycle(Introduced|Removed)\(\) .*\{\s*return 1, (\d+)")
_REPLACEMENT = re.compile(
    r"\(in \*(\w+)\) APILifecycleReplacement\(\) .*\{\s*"
    r'return schema\.GroupVersionKind\{Group: "(.*?)", Version: "(.*?)", Kind: "(.*?)"\}'
)


@dataclass(frozen=True)
class Lifecycle:
    """Minor versions of Kubernetes 1: `removed` is the first that does not serve the kind, None while none is named."""

    introduced: int
    removed: int | None = None
    replacement: Kind | None = None


def lifecycles(sources: Iterable[tuple[PurePosixPath, str]]) -> dict[Kind, Lifecycle]:
    """The lifecycle of every kind, from the files of k8s.io/api: their paths in the module, and their texts."""
    texts: dict[PurePosixPath, list[str]] = {}
    for path, text in sources:
        texts.setdefault(path.parent, []).append(text)
    found = {}
    for folder, parts in texts.items():
        text = "\n".join(parts)
        group = _GROUP.search(text)
        if group is None:
            continue
        minors = {(name, fact): int(minor) for name, fact, minor in _MINOR.findall(text)}
        replacements = {name: Kind(*kind) for name, *kind in _REPLACEMENT.findall(text)}
        for name, fact in minors:
            if fact == "Introduced":
                found[Kind(group[1], folder.name, name)] = Lifecycle(
                    minors[name, fact], minors.get((name, "Removed")), replacements.get(name)
                )
    return found


def is_off(kind: Kind, lifecycle: Lifecycle | None) -> bool:
    """Whether a server does not serve the kind until its owner asks for it."""
    if "alpha" in kind.version:
        return True
    return "beta" in kind.version and lifecycle is not None and lifecycle.introduced >= _BETA_IS_OFF_SINCE
