"""Objects of a dry run: each once, and under names of their own."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ethinfra.errors import ClusterError
from ethinfra.kube import Kube
from ethinfra.trial.dry_run import distinct, refusals


def thing(name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "ethereum"}, **more}


class FakeKube:
    """Answers as kubectl does."""

    def __init__(self, stdout: str, stderr: str = "") -> None:
        self.answer = SimpleNamespace(stdout=stdout, stderr=stderr)
        self.asked: list[tuple[str, ...]] = []
        self.sent = ""

    def kubectl(self, *args: str, stdin: str, within: float, check: bool) -> SimpleNamespace:
        assert not check
        assert within > 0
        self.asked.append(args)
        self.sent = stdin
        return self.answer


def ask(kube: FakeKube, *objects: dict[str, Any]) -> list[str]:
    return refusals(cast(Kube, kube), objects, within=1)


def test_equal_objects_are_asked_about_once() -> None:
    assert distinct([thing("a"), thing("b"), thing("a")]) == [thing("a"), thing("b")]


def test_nothing_is_stored_and_fields_are_strict() -> None:
    kube = FakeKube("configmap/a-dry-run\n")

    assert ask(kube, thing("a")) == []
    assert {"create", "--dry-run=server", "--validate=strict"} <= set(kube.asked[0])
    assert '"a-dry-run"' in kube.sent


def test_a_long_name_stays_one_that_a_service_may_have() -> None:
    kube = FakeKube("configmap/x\n")

    ask(kube, thing("a" * 63))

    assert "a" * 52 + "-dry-run" in kube.sent
    assert "a" * 53 not in kube.sent.replace("ConfigMap ethereum/" + "a" * 63, "")


def test_the_name_of_an_api_service_is_still_its_version_and_its_group() -> None:
    kube = FakeKube("apiservice/x\n")
    service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
        "spec": {"group": "external.metrics.k8s.io", "version": "v1beta1"},
    }

    ask(kube, service)

    sent = json.loads(kube.sent)["items"][0]
    assert sent["metadata"]["name"] == f"{sent['spec']['version']}.{sent['spec']['group']}"
    assert sent["metadata"]["name"].endswith("-dry-run")
    assert service["spec"] == {"group": "external.metrics.k8s.io", "version": "v1beta1"}


def test_what_the_server_refuses_is_said() -> None:
    kube = FakeKube("configmap/a-dry-run\n", 'Error from server (BadRequest): "b-dry-run": unknown field "dta"\n')

    assert ask(kube, thing("a"), thing("b", dta={})) == [
        'Error from server (BadRequest): "b-dry-run": unknown field "dta"'
    ]


def test_a_warning_is_no_refusal() -> None:
    assert ask(FakeKube("configmap/a-dry-run\n", "Warning: would violate PodSecurity\n"), thing("a")) == []


def test_fewer_objects_than_were_asked_about_is_an_error() -> None:
    with pytest.raises(ClusterError, match="server-side dry run"):
        ask(FakeKube("configmap/a-dry-run\n"), thing("a"), thing("b"))
