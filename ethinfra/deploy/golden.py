"""Golden renderings: what the charts give for each environment, written down, so that a review sees what a change does.

`features/static/golden/<environment>/<layer>.yaml` is what this revision renders. `features/static/released/` is what
the last release rendered: deployments are upgraded from it, so what Kubernetes does not let change must be the same.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

import yaml

from ethinfra.deploy.render import Rendered, parse, render_layer, title
from ethinfra.environment import Environment, known_environments, load_environment
from ethinfra.errors import BadInput
from ethinfra.kube import Object
from ethinfra.paths import ROOT

GOLDEN = ROOT / "features" / "static" / "golden"
RELEASED = ROOT / "features" / "static" / "released"

#: Lines of a difference that are shown for one object.
_SHOWN = 40


def write_golden(folder: Path = GOLDEN) -> list[Path]:
    """Write what every environment renders now; files of layers that render nothing any more are removed."""
    written = []
    for name in known_environments():
        environment = load_environment(name)
        for layer in environment.layers:
            rendered = render_layer(environment, layer)
            path = folder / name / f"{layer.name}.yaml"
            if not rendered.objects:
                path.unlink(missing_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(rendered.text)
            written.append(path)
    return written


def read_golden(environment: Environment, folder: Path = GOLDEN) -> tuple[Rendered, ...]:
    """What is written of an environment's layers. BadInput where nothing is."""
    if not (folder / environment.name).is_dir():
        raise BadInput(f"{folder / environment.name}", expected="a golden rendering", todo="ethinfra golden write")
    found = []
    for layer in environment.layers:
        path = folder / environment.name / f"{layer.name}.yaml"
        found.append(parse(layer, path.read_text()) if path.exists() else Rendered(layer.name, ()))
    return tuple(found)


def differences(golden: Sequence[Rendered], rendered: Sequence[Rendered]) -> list[str]:
    """Each object that came, went or changed, with the lines that did."""
    before, after = ({title(one): one for layer in layers for one in layer.objects} for layers in (golden, rendered))
    said = [f"{name}: is rendered no more" for name in sorted(before.keys() - after.keys())]
    said += [f"{name}: is not in the golden rendering" for name in sorted(after.keys() - before.keys())]
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            said.append(f"{name}: changed\n{_changes(before[name], after[name])}")
    return said


def _changes(before: Object, after: Object) -> str:
    old, new = (yaml.safe_dump(one, sort_keys=True, width=120).splitlines() for one in (before, after))
    lines = list(difflib.unified_diff(old, new, "golden", "rendered", lineterm="", n=2))[2:]
    more = [f"… {len(lines) - _SHOWN} more lines"] if len(lines) > _SHOWN else []
    return "\n".join(f"    {line[:200]}" for line in [*lines[:_SHOWN], *more])
