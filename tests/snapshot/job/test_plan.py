"""The plan is read strictly: what is wrong is named by its path, and nothing is guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ethinfra.errors import BadInput
from ethinfra.snapshot.plan import Method, parse_plan, read_plan
from tests.snapshot.job.plans import DOCUMENT, changed


def test_plan_of_the_chart_is_read(tmp_path: Path):
    (tmp_path / "plan.json").write_text(json.dumps(DOCUMENT))

    plan = read_plan(tmp_path / "plan.json")

    assert plan.repository == "snapshots/devnet/geth"
    assert plan.job_plan.method is Method.REFLINK
    assert plan.database.changes[0].version == "1.15.0"
    assert plan.job_plan.retention.age_seconds == 604800


def test_plan_of_a_serving_node_has_no_job():
    plan = parse_plan(changed("job", None))

    with pytest.raises(BadInput, match="has no `job`"):
        _ = plan.job_plan


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("node", ..., "node: missing"),
        ("job.retention.count", ..., "job.retention.count: missing"),
        ("job.typo", 1, "job.typo: nobody knows this key"),
        ("registry.password", "secret", "registry.password: nobody knows this key"),
        ("replicas", "2", "replicas"),
        ("replicas", True, "replicas"),
        ("replicas", 1.5, "replicas"),
        ("job.allowDowntime", "true", "job.allowDowntime"),
        ("job.allowDowntime", 1, "job.allowDowntime"),
        ("job.method", "rsync", "job.method"),
        ("job.method", [], "job.method"),
        ("job.level", 20, "job.level"),
        ("job.chunkSizeBytes", 5000, "job.chunkSizeBytes"),
        ("job.chunkSizeBytes", 128 << 20, "job.chunkSizeBytes"),
        ("job.holdPatienceSeconds", 0, "job.holdPatienceSeconds"),
        ("ports.rpc", 0, "ports.rpc"),
        ("ports", [], "ports"),
        ("network.genesisHash", "0x12", "network.genesisHash"),
        ("network.chainId", 0, "network.chainId"),
        ("registry.url", "http://registry:5000", "registry.url"),
        ("registry.url", "https://user:secret@registry:5000", "registry.url"),
        ("registry.prefix", "Snapshots/", "registry.prefix"),
        ("registry.config", "config.json", "registry.config"),
        ("database.include", [], "database.include"),
        ("database.include", "geth", "database.include"),
        ("database.include", ["geth", 1], "database.include[1]"),
        ("database.changes", [{"version": "1"}], "database.changes[0].rollback: missing"),
        ("references", ["geth:8545"], "references[0]"),
        ("cache", {"directory": "/cache"}, "cache.limitBytes: missing"),
        ("client", None, "client"),
    ],
)
def test_wrong_value_is_named_by_its_path(path: str, value: object, expected: str):
    with pytest.raises(BadInput) as refused:
        parse_plan(changed(path, value))

    assert refused.value.subject.startswith(expected)
    assert refused.value.expected


@pytest.mark.parametrize("text", ["", "[]", "{", '"plan"'])
def test_file_that_is_no_plan_is_named(tmp_path: Path, text: str):
    (tmp_path / "plan.json").write_text(text)

    with pytest.raises(BadInput, match=r"plan\.json"):
        read_plan(tmp_path / "plan.json")


def test_missing_file_is_named(tmp_path: Path):
    with pytest.raises(BadInput, match="No such file"):
        read_plan(tmp_path / "plan.json")
