"""The files of values/networks as values: what the chart gets as `network`."""

from __future__ import annotations

from functools import cache

import yaml

from ethinfra.deploy.release import Values
from ethinfra.paths import ROOT


@cache
def known_values() -> dict[str, Values]:
    """By the file's name, with the keys that decide filled in."""
    files = sorted((ROOT / "values" / "networks").glob("*.yaml"))
    return {file.stem: _filled(yaml.safe_load(file.read_text())["network"]) for file in files}


def _filled(network: Values) -> Values:
    return {"preset": "", "public": False, "genesis": {}, **network}
