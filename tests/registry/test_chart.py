"""The registry's chart: what it refuses, and what every rendered object keeps to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ethinfra.images import find_image
from ethinfra.paths import ROOT
from ethinfra.process import CommandFailed, run
from ethinfra.toolchain import tool

CHART = ROOT / "charts" / "registry"


def render(*options: str | Path) -> dict[str, dict[str, Any]]:
    done = run([tool("helm"), "template", "registry", CHART, "--namespace", "local-registry", *options])
    return {one["kind"]: one for one in yaml.safe_load_all(done.stdout) if one}


@pytest.fixture(scope="module")
def rendered() -> dict[str, dict[str, Any]]:
    return render()


@pytest.mark.parametrize(
    ("option", "path"),
    [
        ("persistance.size=1Gi", "persistance"),
        ("persistence.sise=1Gi", "persistence"),
        ("persistence.size=big", "persistence/size"),
        ("images.registry.tag=latest", "images/registry/tag"),
        ("images.gateway.digest=abc", "images/gateway/digest"),
        ("resources.registry.limits.cpus=1", "resources/registry/limits"),
        ("networkPolicy.nodeRanges={everywhere}", "networkPolicy/nodeRanges/0"),
        ("logLevel=loud", "logLevel"),
    ],
)
def test_wrong_value_is_refused_with_its_path(option: str, path: str):
    with pytest.raises(CommandFailed) as refused:
        render("--set", option)

    assert path.split("/")[-1] in str(refused.value)
    assert "/".join(path.split("/")[:-1]) in str(refused.value)


def test_every_level_of_the_schema_is_closed():
    """A misspelt key is never ignored: maps of free keys say what their values are."""

    def open_levels(schema: Any, where: str) -> list[str]:
        if not isinstance(schema, dict):
            return []
        found = []
        if schema.get("type") == "object" and "additionalProperties" not in schema:
            found.append(where)
        for key, below in schema.items():
            found += open_levels(below, f"{where}/{key}")
        return found

    assert open_levels(json.loads((CHART / "values.schema.json").read_text()), "") == []


def test_pod_meets_the_restricted_standard(rendered: dict[str, dict[str, Any]]):
    pod = rendered["StatefulSet"]["spec"]["template"]["spec"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert not any("hostPath" in volume for volume in pod["volumes"])
    for container in pod["containers"]:
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert set(container["resources"]) == {"requests", "limits"}


def test_gateway_gets_no_password_and_cannot_change_the_volume(rendered: dict[str, dict[str, Any]]):
    """It sees hashes and its own key; the layers only to tell their sizes."""
    pod = rendered["StatefulSet"]["spec"]["template"]["spec"]
    (gateway,) = (one for one in pod["containers"] if one["name"] == "gateway")
    (accounts,) = (one for one in pod["volumes"] if one["name"] == "accounts")
    (data,) = (one for one in gateway["volumeMounts"] if one["name"] == "data")

    assert [item["key"] for item in accounts["secret"]["items"]] == ["all.htpasswd", "push.htpasswd"]
    assert data["readOnly"] is True
    assert "env" not in gateway


def test_images_are_those_that_every_node_has(rendered: dict[str, dict[str, Any]]):
    """The registry cannot be pulled from itself."""
    pod = rendered["StatefulSet"]["spec"]["template"]["spec"]

    assert {one["image"] for one in pod["containers"]} == {
        find_image("registry").reference,
        find_image("nginx").reference,
    }


def test_changed_configuration_restarts_the_pod(rendered: dict[str, dict[str, Any]]):
    changed = render("--set", "logLevel=debug")

    def checksum(objects: dict[str, dict[str, Any]]) -> str:
        return objects["StatefulSet"]["spec"]["template"]["metadata"]["annotations"]["checksum/config"]

    assert checksum(changed) != checksum(rendered)


def test_policy_lets_clients_in_and_nothing_out(rendered: dict[str, dict[str, Any]]):
    with_nodes = render("--set", "networkPolicy.nodeRanges={10.1.0.0/24}")["NetworkPolicy"]["spec"]
    spec = rendered["NetworkPolicy"]["spec"]

    assert sorted(spec["policyTypes"]) == ["Egress", "Ingress"]
    # Said by the absence of rules; an empty list would be dropped by the API server, and each sync would be a change.
    assert "egress" not in spec
    assert len(spec["ingress"][0]["from"]) == 1
    assert {"ipBlock": {"cidr": "10.1.0.0/24"}} in with_nodes["ingress"][0]["from"]


def test_no_cache_tells_of_layers_that_were_collected():
    """distribution's descriptor cache outlives a collection by another process."""
    done = run([tool("helm"), "template", "registry", CHART, "--show-only", "templates/config.yaml"])
    storage = yaml.safe_load(yaml.safe_load(done.stdout)["data"]["registry.yml"])["storage"]

    assert "cache" not in storage
    assert storage["delete"]["enabled"] is True


def test_digest_pins_an_image():
    digest = "sha256:" + "ab" * 32
    pod = render("--set", f"images.registry.digest={digest}")["StatefulSet"]["spec"]["template"]["spec"]

    assert pod["containers"][0]["image"].endswith(f":3.1.2@{digest}")
