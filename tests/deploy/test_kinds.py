"""Definitions of custom kinds: which there are, how they get to a cluster, and that nobody else's are taken over."""

from __future__ import annotations

from typing import Any

import pytest

from ethinfra.deploy.kinds import apply_kinds, definitions
from ethinfra.errors import BadInput
from ethinfra.kube import Object
from ethinfra.waiting import NotInTime
from tests.deploy.fake_cluster import FakeCluster

KIND = "CustomResourceDefinition"


class ApiServer(FakeCluster):
    """Serves a definition as soon as it is applied, unless `refuses` says what is wrong with it."""

    refuses = ""

    def apply(self, manifest: Object, *, dry_run: bool = False) -> Object:
        assert not dry_run
        self.asked.append(f"apply {manifest['metadata']['name']}")
        status = {"type": "Established", "status": "False" if self.refuses else "True", "message": self.refuses}
        metadata = {**manifest["metadata"], "managedFields": [{"manager": "ethinfra"}]}
        self.has({**manifest, "metadata": metadata, "status": {"conditions": [status]}})
        return manifest


def definition(name: str, *managers: str) -> Object:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": KIND,
        "metadata": {"name": name, "managedFields": [{"manager": one} for one in managers]},
    }


def apply(server: FakeCluster, *names: str, **options: Any) -> None:
    apply_kinds(server, [definition(name) for name in names], **options)  # type: ignore[arg-type]


def test_definitions_are_those_of_their_groups() -> None:
    names = [one["metadata"]["name"] for one in definitions(["keda.sh", "snapshot.storage.k8s.io"])]

    assert "scaledobjects.keda.sh" in names
    assert "volumesnapshots.snapshot.storage.k8s.io" in names
    assert not any(name.endswith(("eventing.keda.sh", "monitoring.coreos.com")) for name in names)


def test_a_group_that_nobody_keeps_is_refused_with_those_that_are_kept() -> None:
    with pytest.raises(BadInput, match=r"unknown API group 'keda.io'") as refused:
        definitions(["keda.io"])

    assert "keda.sh" in str(refused.value)


def test_kinds_are_served_when_they_are_applied() -> None:
    server = ApiServer()

    apply(server, "a.keda.sh", "b.keda.sh")

    assert server.commands("apply") == ["apply a.keda.sh", "apply b.keda.sh"]


def test_our_own_are_renewed() -> None:
    server = ApiServer()
    apply(server, "a.keda.sh")

    apply(server, "a.keda.sh")

    assert server.commands("apply") == ["apply a.keda.sh"] * 2


@pytest.mark.parametrize("managers", [("helm",), ("kubectl", "helm"), ()])
def test_somebody_elses_are_left_alone(managers: tuple[str, ...]) -> None:
    """All of them: the first would be changed before the second is looked at."""
    server = ApiServer()
    server.has(definition("b.keda.sh", *managers))

    with pytest.raises(BadInput, match=r"b\.keda\.sh is somebody else's") as refused:
        apply(server, "a.keda.sh", "b.keda.sh")

    assert refused.value.seen == f"managed by {', '.join(managers) or 'nobody'}"
    assert server.commands("apply") == []


def test_the_servers_own_word_on_the_status_makes_nobody_an_owner() -> None:
    server = ApiServer()
    live = definition("a.keda.sh")
    live["metadata"]["managedFields"] = [{"manager": "ethinfra", "subresource": "status"}]
    server.has(live)

    with pytest.raises(BadInput, match="somebody else's"):
        apply(server, "a.keda.sh")


def test_a_definition_that_is_not_served_is_named() -> None:
    server = ApiServer()
    server.refuses = "names conflict"

    with pytest.raises(NotInTime, match=r"a\.keda\.sh"):
        apply(server, "a.keda.sh", within=0.1)
