"""Check a certificate again from its folder alone: no cluster, no checkout, no network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ethinfra.certificate.issue import CERTIFICATE, CHECKSUMS, SCHEMA, certificate_of, digests, sha256
from ethinfra.errors import BadInput, CertificateInvalid


def verify(path: Path) -> dict[str, Any]:
    """The certificate, if it agrees with its evidence; CertificateInvalid says everything that does not."""
    file = path / CERTIFICATE if path.is_dir() else path
    certificate = _read(file)
    folder = file.parent
    findings = [*_files(folder, certificate), *_checksums(folder, file)]
    if not any(finding.startswith("run.json") for finding in findings):
        findings += _claims(certificate, _read(folder / "run.json"))
    if findings:
        raise CertificateInvalid(
            f"{file} does not agree with its evidence",
            expected="every file as it was sealed, and rows and verdict as the record gives them",
            seen="\n".join(findings),
            todo="take it from where it was issued; what it says now proves nothing",
        )
    return certificate


def _files(folder: Path, certificate: dict[str, Any]) -> list[str]:
    sealed: dict[str, str] = certificate.get("files", {})
    found = digests(folder)
    findings = [f"{name} is missing" for name in sealed if name not in found]
    findings += [f"{name} was changed" for name in sealed if name in found and found[name] != sealed[name]]
    findings += [f"{name} was added" for name in found if name not in sealed]
    for scenario in certificate.get("scenarios", []):
        for piece in scenario["evidence"]:
            if sealed.get(piece["path"]) != piece["sha256"]:
                findings.append(f"{piece['path']}: evidence of {scenario['title']!r} is not the one that was recorded")
    return findings


def _checksums(folder: Path, file: Path) -> list[str]:
    sums = folder / CHECKSUMS
    if not sums.exists():
        return [f"{CHECKSUMS} is missing"]
    listed = {name: digest for digest, name in (line.split("  ", 1) for line in sums.read_text().splitlines() if line)}
    return [] if listed.get(CERTIFICATE) == sha256(file) else [f"{CERTIFICATE} is not the one in {CHECKSUMS}"]


def _claims(certificate: dict[str, Any], record: dict[str, Any]) -> list[str]:
    """Compute the certificate again, and name every claim that differs."""
    expected = json.loads(json.dumps(certificate_of(record)))
    claimed = {key: value for key, value in certificate.items() if key != "files"}
    findings = []
    for key in sorted({*expected, *claimed} - {"requirements", "scenarios"}):
        if claimed.get(key) != expected.get(key):
            findings.append(f"{key}: says {_short(claimed.get(key))}, the record gives {_short(expected.get(key))}")
    for key in ("requirements", "scenarios"):
        theirs = {one["id"]: one for one in claimed.get(key, [])}
        ours = {one["id"]: one for one in expected[key]}
        for name in dict.fromkeys([*ours, *theirs]):
            if theirs.get(name) != ours.get(name):
                says, gives = (one.get(name, {}).get("status", "nothing") for one in (theirs, ours))
                detail = f"says {says}, the record gives {gives}" if says != gives else "differs from the record"
                findings.append(f"{name}: {detail}")
    return findings


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text())
    except OSError as reason:
        raise BadInput(
            f"{path} cannot be read", expected="a certificate.json or its folder", seen=str(reason)
        ) from reason
    except json.JSONDecodeError as reason:
        raise CertificateInvalid(f"{path} is not JSON", seen=str(reason)) from reason
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        seen = document.get("schema") if isinstance(document, dict) else type(document).__name__
        raise CertificateInvalid(f"{path}", expected=f"schema {SCHEMA}", seen=str(seen))
    return document


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 120 else f"{text[:117]}…"
