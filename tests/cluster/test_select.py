"""Which provider an environment gets, and the contexts that it may touch."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from ethinfra.cluster.context import ContextProvider
from ethinfra.cluster.kind import KindProvider
from ethinfra.cluster.provider import Capability, ClusterSpec, Mirror
from ethinfra.cluster.select import provider_for
from ethinfra.environment import Environment, load_environment
from ethinfra.errors import BadInput, MissingCapability
from ethinfra.progress import silent


@pytest.fixture
def staging() -> Environment:
    return dataclasses.replace(
        load_environment("staging"),
        contexts=("staging", "staging-2"),
        capabilities=frozenset({"multi-node", "fast-chain"}),
    )


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    contexts = [
        {"name": name, "context": {"cluster": "x", "user": "x"}} for name in ("staging", "staging-2", "production")
    ]
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump({"current-context": "production", "contexts": contexts}))
    return file


@pytest.mark.parametrize(
    ("env", "override", "name"),
    [("local", None, "embedded"), ("local", "kind", "kind"), ("staging", "context:staging", "context")],
)
def test_the_operator_overrides_the_environment(env: str, override: str | None, name: str) -> None:
    assert provider_for(load_environment(env), override).name == name


def test_a_context_that_is_not_allowed_is_refused_before_its_kubeconfig_is_read() -> None:
    with pytest.raises(BadInput) as refused:
        provider_for(load_environment("staging"), "context:production")

    assert refused.value.expected == "one of: staging"


@pytest.mark.parametrize("override", ["minikube", "embedded:x", ""])
def test_an_unknown_provider_is_answered_with_the_known_ones(override: str) -> None:
    if not override:
        assert provider_for(load_environment("local"), override).name == "embedded"
        return
    with pytest.raises(BadInput) as refused:
        provider_for(load_environment("local"), override)

    assert "embedded, kind, context" in refused.value.expected


def test_an_allowed_context_is_found_without_asking_it(staging: Environment, kubeconfig: Path) -> None:
    found = ContextProvider(staging, "staging-2", kubeconfig).find("staging")

    assert found is not None
    assert (found.context, found.owned, found.kubeconfig) == ("staging-2", False, kubeconfig)
    assert found.capabilities == {Capability.MULTI_NODE}


@pytest.mark.parametrize("context", ["", "production"])
def test_a_context_that_is_not_allowed_is_refused(staging: Environment, kubeconfig: Path, context: str) -> None:
    """Neither the current one of a kubeconfig by accident, nor one that is named."""
    for refuse in (
        lambda: ContextProvider(staging, context, kubeconfig).find("staging"),
        lambda: ContextProvider(staging, context, kubeconfig).up(ClusterSpec("staging"), silent()),
    ):
        with pytest.raises(BadInput) as refused:
            refuse()
        assert "staging, staging-2" in refused.value.expected


def test_the_only_allowed_context_needs_no_naming(staging: Environment, kubeconfig: Path) -> None:
    only = dataclasses.replace(staging, contexts=("staging-2",))

    found = ContextProvider(only, "", kubeconfig).find("staging")

    assert found is not None
    assert found.context == "staging-2"


def test_an_allowed_context_that_does_not_exist_is_answered_with_those_that_do(
    staging: Environment, kubeconfig: Path
) -> None:
    missing = dataclasses.replace(staging, contexts=("elsewhere",))

    with pytest.raises(BadInput) as refused:
        ContextProvider(missing, "", kubeconfig).find("staging")

    assert "staging-2" in refused.value.expected


def test_without_a_kubeconfig_nothing_is_found(staging: Environment, tmp_path: Path) -> None:
    provider = ContextProvider(staging, "staging", tmp_path / "none")

    assert provider.find("staging") is None
    assert "KUBECONFIG" in provider.check(ClusterSpec("staging"))[0]


def test_a_foreign_cluster_is_left_as_it_is(staging: Environment, kubeconfig: Path, tmp_path: Path) -> None:
    """Nothing is removed, and what reaches into nodes is refused."""
    provider = ContextProvider(staging, "staging", kubeconfig)
    cluster = provider.find("staging")
    assert cluster is not None

    provider.down("staging", silent())
    provider.collect(cluster, tmp_path / "logs", 0)

    assert "cannot be read" in (tmp_path / "logs" / "unread.txt").read_text()
    with pytest.raises(MissingCapability):
        provider.configure_mirror(cluster, Mirror("h", "10.0.0.1", 5000, "", "u", "p"))
    with pytest.raises(MissingCapability):
        provider.signal_container(cluster, "n", "p", "c", 19)


def test_kind_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)

    assert len(KindProvider().check(ClusterSpec("local"))) == 2
    assert KindProvider().find("local") is None
