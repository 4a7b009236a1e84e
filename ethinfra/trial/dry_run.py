"""What a live API server says to rendered objects without storing them: defaults, validation, admission."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable

from ethinfra.deploy.render import title
from ethinfra.errors import ClusterError
from ethinfra.kube import Kube, Object

#: Put behind each name, so that no object meets its own predecessor: what may change is another question.
_SUFFIX = "-dry-run"


def distinct(objects: Iterable[Object]) -> list[Object]:
    """Each object once, in the order in which they come."""
    return list({json.dumps(one, sort_keys=True): one for one in objects}.values())


def refusals(kube: Kube, objects: Iterable[Object], *, within: float) -> list[str]:
    """What the server refuses to create of these objects; empty if it would take them all.

    One request for each, all as dry runs (`dryRun=All`) with strict validation of fields. within: seconds for all
    """
    renamed = [_renamed(one) for one in objects]
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": renamed})
    done = kube.kubectl(
        "create", "--dry-run=server", "--validate=strict", "-o", "name", "-f", "-",
        stdin=document, within=within, check=False,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("Warning:")]
    taken = len(done.stdout.splitlines())
    if not said and taken != len(renamed):
        raise ClusterError("server-side dry run", expected=f"{len(renamed)} objects taken", seen=f"{taken} of them")
    return said


def _renamed(one: Object) -> Object:
    changed = copy.deepcopy(one)
    # Some names end in a digit by rule (a Service's, at most 63 characters): the end is what is cut.
    changed["metadata"]["name"] = f"{one['metadata']['name'][: 60 - len(_SUFFIX)].rstrip('-.')}{_SUFFIX}"
    changed["metadata"].setdefault("annotations", {})["ethinfra.io/dry-run-of"] = title(one)
    if one["kind"] == "APIService":
        # Its name is its version and its group by rule, so the group ends as the name does.
        changed["spec"]["group"] = changed["metadata"]["name"].removeprefix(f"{one['spec']['version']}.")
    return changed
