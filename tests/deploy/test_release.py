"""Releases beside the layers: what helm is called with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ethinfra.cluster.provider import Cluster
from ethinfra.deploy import install_release, release, release_values, uninstall_release
from ethinfra.environment import load_environment
from ethinfra.process import Completed


class Helm:
    """Stands in for `run`: remembers the command, and the values while their files are there."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.values: list[dict[str, Any]] = []
        self.options: dict[str, Any] = {}

    def __call__(self, argv: list[str | Path], **options: Any) -> Completed:
        self.words, self.options = [str(word) for word in argv], options
        files = [Path(after) for word, after in zip(self.words, self.words[1:], strict=False) if word == "--values"]
        self.values = [yaml.safe_load(file.read_text()) for file in files]
        return Completed(tuple(self.words), 0, "", "")


@pytest.fixture
def helm(monkeypatch: pytest.MonkeyPatch) -> Helm:
    made = Helm()
    monkeypatch.setattr(release, "run", made)
    return made


def test_later_values_win(helm: Helm, cluster: Cluster, tmp_path: Path) -> None:
    """Files and maps mixed: helm takes the last word, so they go in the order in which they were given."""
    base = tmp_path / "base.yaml"
    base.write_text("sync: {replicas: 2}\n")

    install_release(cluster, "late", Path("charts/x"), [base, {"sync": {"replicas": 1}}, {"a": "0x60"}], "ethereum")

    assert helm.values == [{"sync": {"replicas": 2}}, {"sync": {"replicas": 1}}, {"a": "0x60"}]


def test_a_release_goes_to_its_cluster_and_namespace(helm: Helm, cluster: Cluster) -> None:
    install_release(cluster, "late", Path("charts/x"), [], "ethereum", within=30)

    words = " ".join(helm.words[1:])
    assert words.startswith("--kube-context ethinfra-test upgrade --install late charts/x --namespace ethereum")
    # As the layers do: another owner's field must not stop it.
    assert words.endswith("--server-side=true --force-conflicts")
    assert helm.options["env"]["KUBECONFIG"] == str(cluster.kubeconfig)
    assert helm.options["within"] == 30


def test_files_of_values_are_gone_afterwards(helm: Helm, cluster: Cluster) -> None:
    """They may hold what should not lie around."""
    install_release(cluster, "late", Path("charts/x"), [{"a": 1}], "ethereum")

    assert not Path(helm.words[helm.words.index("--values") + 1]).exists()


def test_removing_a_release_waits_and_may_be_repeated(helm: Helm, cluster: Cluster) -> None:
    uninstall_release(cluster, "late", "ethereum", within=30)

    assert "uninstall late --namespace ethereum --ignore-not-found --wait --timeout=30s" in " ".join(helm.words)
    assert helm.options["within"] > 30


def test_values_of_a_release_are_those_of_its_layer(tmp_path: Path) -> None:
    """Written by helmfile, so that a late node is like the others: texts that look like numbers stay texts."""
    written = release_values(load_environment("local"), "ethereum", "sync", into=tmp_path / "sync.yaml")

    values = yaml.safe_load(written.read_text())
    assert values["sync"]["enabled"] is True
    assert {"name": "geth", "replicas": 2}.items() <= values["sync"]["nodes"][0].items()
    assert values["sync"]["defaults"]["probes"]["limits"]["headAgeSeconds"] == load_environment("local").budget(
        "headAge"
    )
    assert "0x6080604052600436106100" in written.read_text()
