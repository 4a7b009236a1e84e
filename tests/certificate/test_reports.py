"""What is made from a record: HTML, picture, JUnit, checksums."""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ET

import pytest

from ethinfra.certificate.picture import picture
from tests.certificate.conftest import MadeRun, scenario


@pytest.fixture
def mixed(made: MadeRun) -> MadeRun:
    """One scenario of each kind that JUnit tells apart."""
    names = {"good": "PASSED", "bad": "FAILED", "late": "TIMEOUT", "open": "PENDING", "away": "NOT_APPLICABLE"}
    made.collected(*(scenario(name, ["NODE-01.geth"]) for name in names))
    for name, status in names.items():
        made.ran(name, status, "" if status == "PASSED" else f"because <{name}> \x1b[31m")
    made.sealed()
    return made


def test_report_is_one_file(mixed: MadeRun) -> None:
    """Nothing is loaded from anywhere; links lead to evidence beside it."""
    page = (mixed.folder / "report.html").read_text()

    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "<script" not in page
    assert "@import" not in page
    for link in re.findall(r'href="([^"#]+)"', page):
        assert (mixed.folder / link).exists(), link


def test_report_says_everything(mixed: MadeRun) -> None:
    page = (mixed.folder / "report.html").read_text()

    for part in ("NOT CERTIFIED", "NODE-02", "They follow.", "TIMEOUT", "prefers-color-scheme:dark", "<svg"):
        assert part in page, part
    assert "bad &lt;title&gt;" in page
    assert "<title>bad" not in page
    assert "Nodes &amp; &lt;heads&gt;" in page


def test_anchors_lead_somewhere(mixed: MadeRun) -> None:
    page = (mixed.folder / "report.html").read_text()

    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))


def test_picture_is_well_formed_and_draws_every_node(sealed: MadeRun) -> None:
    drawn = (sealed.folder / "report.svg").read_text()
    root = ET.fromstring(drawn)  # noqa: S314 - our own

    space = "{http://www.w3.org/2000/svg}"
    paths = [one.find(f"{space}title").text for one in root.iter(f"{space}path")]  # type: ignore[union-attr]
    texts = [one.text for one in root.iter(f"{space}text")]
    assert paths == ["geth-<0>: block 18"]
    assert {"geth-<0>", "ethereum", "cluster", "scenarios"} <= set(texts)
    assert "12s" in texts


def test_picture_of_a_run_without_chain(made: MadeRun) -> None:
    """A run that failed early still has its picture."""
    made.collected(scenario("one", ["NODE-01.geth"]))

    assert "<svg" in picture(made.merged())


def test_times_lie_on_one_clock(sealed: MadeRun) -> None:
    """The layer began 5 of 60 seconds after the run, and took 12."""
    drawn = picture(sealed.merged())

    (bar,) = re.findall(r'<rect [^>]*x="([\d.]+)" y="\d+" width="([\d.]+)"[^>]*><title>ethereum', drawn)
    scale = (960 - 150 - 24) / 60
    assert float(bar[0]) == pytest.approx(150 + 5 * scale, abs=0.2)
    assert float(bar[1]) == pytest.approx(12 * scale, abs=1.5)


def test_junit_has_a_case_per_scenario(mixed: MadeRun) -> None:
    suite = ET.parse(mixed.folder / "junit.xml").getroot().find("testsuite")  # noqa: S314 - our own
    assert suite is not None
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "1", "errors": "1", "skipped": "2"}

    bad = next(case for case in suite if case.get("name") == "bad <title>")
    properties = {one.get("name"): one.get("value") for one in bad.iter("property")}
    assert properties["status"] == "FAILED"
    assert properties["req"] == "NODE-01.geth"
    assert properties["evidence"] == "evidence/bad/seen.json"
    assert "because <bad>" in (bad.find("failure").get("message") or "")  # type: ignore[union-attr]


def test_checksums_are_those_of_sha256sum(sealed: MadeRun) -> None:
    for line in (sealed.folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((sealed.folder / name).read_bytes()).hexdigest() == digest
