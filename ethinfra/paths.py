"""Where the project keeps what it makes. Nothing is written anywhere else.

- the checkout  charts, features, values: read only, but for `reports/`
- the cache     binaries and images that are expensive to make and the same for every checkout
- the state     running clusters of this machine; removed by `ethinfra down`

Both places outside the checkout can be moved: `ETHINFRA_CACHE`, `ETHINFRA_STATE`.
"""

from __future__ import annotations

import os
from pathlib import Path

#: The checkout that this package belongs to. The package is always installed in place (`pip install -e .`).
ROOT = Path(__file__).resolve().parent.parent


def cache_dir() -> Path:
    """Binaries and images; safe to delete, expensive to make again."""
    configured = os.environ.get("ETHINFRA_CACHE")
    if configured:
        return Path(configured).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "ethinfra"


def state_dir() -> Path:
    """Running clusters. Short on purpose: sockets live below it, and their paths may have 107 bytes."""
    return Path(os.environ.get("ETHINFRA_STATE", "/var/lib/ethinfra")).absolute()


def reports_dir() -> Path:
    """Certificates and their evidence, one folder per run."""
    return ROOT / "reports"
