"""A certificate is checked again offline, and tampering is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ethinfra.certificate.issue import CERTIFICATE, CHECKSUMS, sha256
from ethinfra.certificate.verify import verify
from ethinfra.errors import BadInput, CertificateInvalid
from tests.certificate.conftest import MadeRun


def change(folder: Path, edit: Any) -> None:
    """Edit the certificate and make the checksums agree again, as a forger would."""
    file = folder / CERTIFICATE
    certificate = json.loads(file.read_text())
    edit(certificate)
    file.write_text(json.dumps(certificate))
    sums = [line for line in (folder / CHECKSUMS).read_text().splitlines() if CERTIFICATE not in line]
    (folder / CHECKSUMS).write_text("\n".join([*sums, f"{sha256(file)}  {CERTIFICATE}"]) + "\n")


def refused(folder: Path) -> str:
    with pytest.raises(CertificateInvalid) as invalid:
        verify(folder)
    return str(invalid.value)


def test_untouched_certificate_is_accepted(sealed: MadeRun) -> None:
    assert verify(sealed.folder)["verdict"] == "INCOMPLETE"
    assert verify(sealed.folder / CERTIFICATE)["run"]["id"] == "r1"


def test_it_can_be_moved(sealed: MadeRun, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "run"
    sealed.folder.rename(elsewhere)

    assert verify(elsewhere)["verdict"] == "INCOMPLETE"


def test_forged_verdict_is_found(sealed: MadeRun) -> None:
    change(sealed.folder, lambda certificate: certificate.update(verdict="CERTIFIED"))

    assert 'verdict: says "CERTIFIED", the record gives "INCOMPLETE"' in refused(sealed.folder)


def test_forged_row_is_found(sealed: MadeRun) -> None:
    change(sealed.folder, lambda certificate: certificate["requirements"][0].update(status="PASSED"))

    assert "NODE-01: says PASSED, the record gives PENDING" in refused(sealed.folder)


def test_forged_proof_is_found(sealed: MadeRun) -> None:
    change(sealed.folder, lambda certificate: certificate["requirements"][0].update(proved=2))

    assert "NODE-01: differs from the record" in refused(sealed.folder)


def test_row_that_was_left_out_is_found(sealed: MadeRun) -> None:
    change(sealed.folder, lambda certificate: certificate["requirements"].pop(0))

    assert "NODE-01: says nothing, the record gives PENDING" in refused(sealed.folder)


def test_forged_subject_is_found(sealed: MadeRun) -> None:
    change(sealed.folder, lambda certificate: certificate["source"].update(revision="fff"))

    assert "source: says" in refused(sealed.folder)


@pytest.mark.parametrize("name", ["evidence/one/seen.json", "run.json", "report.html", "events/gw0.ndjson"])
def test_changed_file_is_found(sealed: MadeRun, name: str) -> None:
    with (sealed.folder / name).open("a") as file:
        file.write(" ")

    assert f"{name} was changed" in refused(sealed.folder)


def test_missing_evidence_is_found(sealed: MadeRun) -> None:
    (sealed.folder / "evidence/one/seen.json").unlink()

    assert "evidence/one/seen.json is missing" in refused(sealed.folder)


def test_added_file_is_found(sealed: MadeRun) -> None:
    (sealed.folder / "evidence/one/more.json").write_text("{}")

    assert "evidence/one/more.json was added" in refused(sealed.folder)


def test_record_and_digest_forged_together_are_found(sealed: MadeRun) -> None:
    """Whoever changes the record has to change every claim that follows from it, too."""
    record = json.loads((sealed.folder / "run.json").read_text())
    record["scenarios"][0]["status"] = "FAILED"
    (sealed.folder / "run.json").write_text(json.dumps(record))
    digest = sha256(sealed.folder / "run.json")
    change(sealed.folder, lambda certificate: certificate["files"].update({"run.json": digest}))

    assert 'verdict: says "INCOMPLETE", the record gives "NOT CERTIFIED"' in refused(sealed.folder)


def test_exchanged_evidence_is_found(sealed: MadeRun) -> None:
    """The digest in the list of files is not enough: the record names the evidence by its digest, too."""
    piece = sealed.folder / "evidence/one/seen.json"
    piece.write_text('{"head": 8}')
    digest = sha256(piece)
    change(sealed.folder, lambda certificate: certificate["files"].update({"evidence/one/seen.json": digest}))

    assert "evidence of 'one <title>' is not the one that was recorded" in refused(sealed.folder)


def test_changed_certificate_is_found_by_checksum(sealed: MadeRun) -> None:
    file = sealed.folder / CERTIFICATE
    file.write_text(file.read_text() + " ")

    assert "certificate.json is not the one in SHA256SUMS" in refused(sealed.folder)


@pytest.mark.parametrize("text", ["not json", "[]", '{"schema": 99}'])
def test_anything_else_is_no_certificate(tmp_path: Path, text: str) -> None:
    (tmp_path / CERTIFICATE).write_text(text)

    refused(tmp_path)


def test_missing_certificate_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        verify(tmp_path / CERTIFICATE)
