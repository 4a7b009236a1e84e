"""Passwords and references to Secrets are found wherever a pod can have them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ethinfra.trial.accounts import accounts_in, secrets_of, written


def docker_config(account: str, password: str) -> str:
    auth = base64.b64encode(f"{account}:{password}".encode()).decode()
    return json.dumps({"auths": {"registry.test": {"auth": auth}}})


@pytest.mark.parametrize(
    "text",
    ["--password=geheim", docker_config("push", "geheim"), base64.b64encode(b"geheim").decode()],
    ids=["plain", "docker configuration", "base64"],
)
def test_password_is_known_however_it_is_written(text: str) -> None:
    assert any(form in text for form in written("push", "geheim"))


def test_other_text_is_no_password() -> None:
    assert not any(form in docker_config("pull", "offen") for form in written("push", "geheim"))


@pytest.mark.parametrize(
    "spec",
    [
        {"volumes": [{"name": "a", "secret": {"secretName": "one"}}]},
        {"volumes": [{"name": "a", "projected": {"sources": [{"secret": {"name": "one", "items": []}}]}}]},
        {"containers": [{"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "one", "key": "a"}}}]}]},
        {"initContainers": [{"envFrom": [{"secretRef": {"name": "one"}}]}]},
    ],
    ids=["volume", "projected", "variable", "variables"],
)
def test_secret_of_a_pod_is_found(spec: dict[str, Any]) -> None:
    assert secrets_of(spec) == {"one"}


def test_what_is_no_secret_is_none() -> None:
    assert secrets_of({"volumes": [{"configMap": {"name": "one"}}], "secret": "of no kind"}) == set()


def test_accounts_are_those_of_the_docker_configuration() -> None:
    class Cluster:
        def get(self, _kind: str, name: str, _namespace: str) -> dict[str, Any] | None:
            data = {".dockerconfigjson": base64.b64encode(docker_config("push", "geheim").encode()).decode()}
            return {"made": {"data": data}, "empty": {"data": None}}.get(name)

    api: Any = Cluster()

    assert accounts_in(api, "ethereum", "made") == {"push"}
    assert accounts_in(api, "ethereum", "empty") == set()
    assert accounts_in(api, "ethereum", "absent") == set()
