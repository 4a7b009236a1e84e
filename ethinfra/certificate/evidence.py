"""Evidence files: small, without secrets, each with its digest in the record."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ethinfra.redact import redact


def store(run_folder: Path, scenario: str, name: str, text: str) -> dict[str, object]:
    """Write one file below `evidence/<scenario>/` and return its path, digest and size for the record.

    A name that is taken gets a number: evidence is never overwritten.
    """
    folder = run_folder / "evidence" / scenario
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 1
    while path.exists():
        count += 1
        path = (folder / name).with_stem(f"{Path(name).stem}-{count}")
    path.write_text(redact(text))
    return describe(run_folder, path)


def describe(run_folder: Path, path: Path) -> dict[str, object]:
    """Path, digest and size of an evidence file, for the record."""
    data = path.read_bytes()
    return {
        "path": path.relative_to(run_folder).as_posix(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
    }
