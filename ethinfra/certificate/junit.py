"""JUnit XML of a run: one test case per scenario, with its requirements as properties.

Written here rather than by pytest, because the statuses do not fit into pytest's three and properties of workers get
lost under xdist. Readers know `failure`, `error` and `skipped`; the exact status is a property.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

from ethinfra.certificate.statuses import Status

_ELEMENT = {
    Status.FAILED: "failure",
    Status.ERROR: "error",
    Status.TIMEOUT: "error",
    Status.BLOCKED: "error",
    Status.PENDING: "skipped",
    Status.NOT_APPLICABLE: "skipped",
}
#: Characters that XML 1.0 cannot carry, such as the colour codes of a program's output.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(record: dict[str, Any]) -> str:
    """The document, one suite per feature."""
    root = ET.Element("testsuites", name=record["run"]["id"])
    suites: dict[str, list[dict[str, Any]]] = {}
    for scenario in record["scenarios"]:
        suites.setdefault(scenario["file"], []).append(scenario)
    for file, scenarios in suites.items():
        kinds = [_ELEMENT.get(Status(one["status"])) for one in scenarios]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=file,
            tests=str(len(scenarios)),
            failures=str(kinds.count("failure")),
            errors=str(kinds.count("error")),
            skipped=str(kinds.count("skipped")),
            time=f"{sum(one['seconds'] for one in scenarios):.3f}",
        )
        for one in scenarios:
            _case(suite, one)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, one: dict[str, Any]) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=_plain(one["file"]),
        name=_plain(one["title"]),
        file=_plain(one["file"]),
        line=str(one["line"]),
        time=f"{one['seconds']:.3f}",
    )
    properties = ET.SubElement(case, "properties")
    facts = [("status", one["status"]), ("id", one["id"]), ("layer", one["layer"] or "")]
    facts += [("req", clause) for clause in one["requirements"]]
    facts += [("evidence", piece["path"]) for piece in one["evidence"]]
    for name, value in facts:
        ET.SubElement(properties, "property", name=name, value=_plain(value))
    element = _ELEMENT.get(Status(one["status"]))
    if element:
        message = f"{one['status']}: {one['reason']}"
        ET.SubElement(case, element, message=_plain(message)).text = _plain(one.get("failure", ""))


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("", text)
