"""Metrics say what the registry holds, and nothing that is not known."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ethinfra.errors import EthinfraError
from ethinfra.paths import ROOT
from ethinfra.snapshot.job.export import Exporter
from ethinfra.snapshot.layout_store import LayoutStore
from ethinfra.snapshot.plan import Plan
from ethinfra.snapshot.promote import fail
from tests.probe.test_serve import scrape
from tests.snapshot.job.plans import plan_with
from tests.snapshot.job.scripted import block
from tests.snapshot.job.stored import stored

OF = '{network="devnet",client="geth"}'


@pytest.fixture
def plan() -> Plan:
    return plan_with(owner__uid=os.getuid(), owner__gid=os.getgid())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source/geth/chaindata").mkdir(parents=True)
    (tmp_path / "source/geth/chaindata/000001.sst").write_bytes(os.urandom(50_000))
    return tmp_path / "source"


def metrics(exporter: Exporter) -> dict[str, float]:
    exporter.look()
    page = exporter.metrics()
    assert page.status == 200
    return scrape(page.body)


def test_newest_promoted_one_is_told(plan: Plan, store: LayoutStore, source: Path):
    stored(store, source, plan, block(90), age=timedelta(days=1))
    stored(store, source, plan, block(100))
    stored(store, source, plan, block(110), good=False)

    seen = metrics(Exporter([plan, plan], lambda _: store))

    assert seen[f"ethinfra_snapshot_up{OF}"] == 1
    assert seen[f"ethinfra_snapshot_block{OF}"] == 100
    assert seen[f"ethinfra_snapshot_bytes{OF}"] == 50_000
    assert seen[f"ethinfra_snapshot_downtime_seconds{OF}"] == 4.25
    assert seen[f"ethinfra_snapshot_duration_seconds{OF}"] >= 0
    assert seen[f"ethinfra_snapshot_verified{OF}"] == 1
    assert seen[f"ethinfra_snapshot_promoted{OF}"] == 2
    assert seen[f"ethinfra_snapshot_candidate{OF}"] == 1
    now = datetime.now(UTC).timestamp()
    assert now - 60 < seen[f"ethinfra_snapshot_last_success_timestamp_seconds{OF}"] <= now


def test_page_names_every_metric(plan: Plan, store: LayoutStore, source: Path):
    """In full, or as `_block` beside another one."""
    stored(store, source, plan, block(100))
    _, _, about = (ROOT / "docs/snapshots.md").read_text().partition("## Metrics and events")

    seen = {
        name.removesuffix(OF).removeprefix("ethinfra_snapshot") for name in metrics(Exporter([plan], lambda _: store))
    }

    assert "_up" in seen
    assert {name for name in seen if f"`{name}`" not in about and f"`ethinfra_snapshot{name}`" not in about} == set()


def test_failed_test_shows(plan: Plan, store: LayoutStore, source: Path):
    """The one before it is still the last success."""
    stored(store, source, plan, block(90), age=timedelta(days=1))
    name, _ = stored(store, source, plan, block(100), good=False)
    fail(store, name)

    seen = metrics(Exporter([plan], lambda _: store))

    assert seen[f"ethinfra_snapshot_verified{OF}"] == 0
    assert seen[f"ethinfra_snapshot_block{OF}"] == 90
    assert seen[f"ethinfra_snapshot_failed{OF}"] == 1


def test_empty_registry_has_no_made_up_values(plan: Plan, store: LayoutStore):
    seen = metrics(Exporter([plan], lambda _: store))

    assert seen[f"ethinfra_snapshot_up{OF}"] == 1
    assert seen[f"ethinfra_snapshot_promoted{OF}"] == 0
    assert not [name for name in seen if "verified" in name or "last_success" in name or "bytes" in name]


def test_registry_that_is_away_leaves_what_was_seen(
    plan: Plan, store: LayoutStore, source: Path, monkeypatch: pytest.MonkeyPatch
):
    stored(store, source, plan, block(100))
    exporter = Exporter([plan], lambda _: store)
    metrics(exporter)

    def away() -> list[str]:
        raise EthinfraError("the registry is away")

    monkeypatch.setattr(store, "tags", away)
    seen = metrics(exporter)

    assert seen[f"ethinfra_snapshot_up{OF}"] == 0
    assert seen[f"ethinfra_snapshot_block{OF}"] == 100
    assert exporter.healthy(60).status == 200


def test_exporter_that_does_not_look_any_more_is_not_healthy(plan: Plan, store: LayoutStore):
    exporter = Exporter([plan], lambda _: store)
    exporter.look()
    exporter._looked -= 1000

    assert exporter.healthy(60).status == 503
