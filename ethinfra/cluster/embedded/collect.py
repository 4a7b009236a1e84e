"""Logs and network of a cluster's components, for a failure report."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from ethinfra.cluster.embedded.plan import ClusterPlan
from ethinfra.cluster.embedded.spaces import Space
from ethinfra.errors import EthinfraError
from ethinfra.redact import redact

#: Bytes of each log that are looked at, from its end.
_MOST = 4 << 20
#: How the components write times: klog's `I1123 09:14:12.5`, and RFC 3339 in logfmt and JSON.
_KLOG = re.compile(r"^[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)")
_RFC3339 = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)[.\d]*(Z|[+-]\d\d:?\d\d)")


def collect(plan: ClusterPlan, spaces: list[Space], into: Path, since: float) -> None:
    """Write one file per component with what it logged since a time, the report, and each space's network."""
    into.mkdir(parents=True, exist_ok=True)
    unread: list[str] = []
    for log in sorted(plan.log_dir.glob("*.log")):
        try:
            if log.stat().st_mtime >= since:
                (into / log.name).write_text(redact(_since(log, since)))
        except OSError as reason:
            unread.append(f"{log.name}: {reason}")
    if plan.report_file.exists():
        (into / "components.json").write_text(plan.report_file.read_text())
    for space in spaces:
        try:
            seen = space.run(
                ["sh", "-c", "ip address; ip route; iptables-save 2>/dev/null; nft list ruleset 2>/dev/null"]
            )
            (into / f"network-{space.name}.txt").write_text(seen.stdout)
        except EthinfraError as reason:
            unread.append(f"network of {space.name}: {reason}")
    if unread:
        (into / "unread.txt").write_text("\n".join(unread) + "\n")


def _since(log: Path, since: float) -> str:
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - _MOST, 0))
        lines = file.read().decode(errors="replace").splitlines(keepends=True)
    # A line without a time (a stack trace) belongs to the one before it.
    for number, line in enumerate(lines):
        written = time_of(line)
        if written is not None and written >= since:
            return "".join(lines[number:])
    return ""


def time_of(line: str) -> float | None:
    """When a log line was written, in seconds since the epoch; None if it does not say."""
    found = _KLOG.match(line)
    if found:
        # klog writes neither the year nor the zone, which is the machine's.
        month, day, hour, minute, second = (int(part) for part in found.groups())
        year = datetime.datetime.now().astimezone().year
        return datetime.datetime(year, month, day, hour, minute, second).astimezone().timestamp()
    found = _RFC3339.search(line)
    return datetime.datetime.fromisoformat(found.group(0)).timestamp() if found else None
