"""Issue what a run leaves: the merged record, the certificate, the report, JUnit, and the checksums of all of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ethinfra.certificate.coverage import judge
from ethinfra.certificate.junit import junit
from ethinfra.certificate.picture import picture
from ethinfra.certificate.record import clean
from ethinfra.certificate.report import report

SCHEMA = 1
CERTIFICATE = "certificate.json"
CHECKSUMS = "SHA256SUMS"


def issue(folder: Path, record: dict[str, Any]) -> dict[str, Any]:
    """Write everything into the run's folder and return the certificate. Written last: nothing may change after it."""
    record = clean(record)
    (folder / "run.json").write_text(json.dumps(record, indent=1) + "\n")
    judged = judge(record)
    (folder / "report.svg").write_text(picture(record))
    (folder / "report.html").write_text(report(record, judged))
    (folder / "junit.xml").write_text(junit(record))
    certificate = {**certificate_of(record), "files": digests(folder)}
    (folder / CERTIFICATE).write_text(json.dumps(certificate, indent=1) + "\n")
    sums = {**certificate["files"], CERTIFICATE: sha256(folder / CERTIFICATE)}
    (folder / CHECKSUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())))
    return certificate


def certificate_of(record: dict[str, Any]) -> dict[str, Any]:
    """The certificate of a record, without the digests of its files."""
    return {
        "schema": SCHEMA,
        **{key: judged for key, judged in judge(record).items() if key != "requirements"},
        "run": record["run"],
        "harness": record["harness"],
        "source": record["source"],
        "environment": record["environment"]["name"],
        "cluster": {key: value for key, value in record["cluster"].items() if key != "cluster"},
        "layers": record["layers"],
        "subject": record["subject"],
        "requirements": judge(record)["requirements"],
        "scenarios": [
            {
                "id": one["id"],
                "title": one["title"],
                "feature": f"{one['file']}:{one['line']}",
                "requirements": one["requirements"],
                "status": one["status"],
                "reason": one["reason"],
                "seconds": one["seconds"],
                "evidence": [{"path": piece["path"], "sha256": piece["sha256"]} for piece in one["evidence"]],
            }
            for one in record["scenarios"]
        ],
    }


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a run but the certificate and the checksums, which cannot name themselves."""
    return {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).as_posix() not in (CERTIFICATE, CHECKSUMS)
    }


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
