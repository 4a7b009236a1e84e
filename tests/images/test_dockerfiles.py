"""Every image keeps the standard, and the check of the standard can fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from ethinfra.images import Image, catalogue, find_image
from ethinfra.paths import ROOT
from tests.images.dockerfiles import USER, breaches, contract_breaches, instructions


@pytest.mark.parametrize("image", catalogue(), ids=lambda image: image.key)
def test_dockerfile_keeps_the_standard(image: Image):
    assert breaches(image.dockerfile.read_text(), image) == []


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        (lambda text: text.replace("FROM scratch", "FROM debian:bookworm"), "FROM"),
        (lambda text: text.replace("USER 10001:10001", "USER root"), "USER"),
        (lambda text: text.replace("USER 10001:10001", "USER 0:0"), "USER 0:0"),
        (lambda text: text.replace("USER 10001:10001\n", ""), "USER"),
        (lambda text: text.replace("STOPSIGNAL SIGTERM\n", ""), "STOPSIGNAL"),
        (lambda text: text.replace("org.opencontainers.image.source", "source"), "image.source"),
        (lambda text: text.replace("${VERSION}", "v1.2.3"), "version"),
        (lambda text: text.replace('built-from="source"', 'built-from="upstream"'), "built-from"),
        (lambda text: text.replace("HEALTHCHECK", "# HEALTHCHECK"), "HEALTHCHECK"),
        (lambda text: text.replace('ENTRYPOINT ["geth"]', "ENTRYPOINT geth"), "shell"),
        (lambda text: text.replace("COPY bin/geth", "COPY bin/reth"), "bin/geth"),
        (lambda text: text + "RUN true\n", "RUN"),
    ],
)
def test_breach_of_the_standard_is_named(change: Callable[[str], str], breach: str):
    image = find_image("geth")
    text = image.dockerfile.read_text()

    assert change(text) != text
    assert any(breach in one for one in breaches(change(text), image))


def programs() -> dict[str, list[dict[str, Any]]]:
    """The programs of the client table by the image that they are in; one image may have several."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted((ROOT / "values" / "clients").glob("*.yaml")):
        for table in yaml.safe_load(path.read_text())["clients"].values():
            for program in table.values():
                if isinstance(program, dict) and "image" in program:
                    reference = f"{program['image']['repository']}:{program['image']['tag']}"
                    found.setdefault(reference, []).append(program)
    return found


@pytest.mark.parametrize("reference", programs())
def test_dockerfile_agrees_with_the_client_table(reference: str):
    text = find_image(reference).dockerfile.read_text()

    assert contract_breaches(text, programs()[reference]) == []


GETH = "docker.io/ethereum/client-go:v1.17.5"


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        ({"ports": {"rpc": 8545, "p2p": 30303}}, "EXPOSE"),
        ({"ports": {"rpc": 8545, "ws": 8546, "p2p": 30303, "discovery": 30304, "metrics": 6060}}, "EXPOSE"),
        ({"peerPorts": [{"name": "quic", "port": 9001, "protocol": "UDP"}]}, "EXPOSE"),
        ({"stopSignal": "SIGINT"}, "STOPSIGNAL"),
        ({"command": ["reth"]}, "ENTRYPOINT"),
    ],
)
def test_disagreement_with_the_client_table_is_named(change: dict[str, Any], breach: str):
    (program,) = programs()[GETH]
    (found,) = contract_breaches(find_image("geth").dockerfile.read_text(), [{**program, **change}])

    assert found.startswith(breach)


@pytest.mark.parametrize("health", ["/eth/v1/node/health", "/"])
def test_health_check_that_the_table_does_not_know_is_named(health: str):
    image = find_image("prysm-beacon-chain")
    (program,) = programs()[image.reference]
    (found,) = contract_breaches(image.dockerfile.read_text(), [{**program, "health": {"path": health}}])

    assert found.startswith("healthcheck :3500/eth/v1/node/version")


def test_image_of_two_programs_has_the_ports_of_both():
    (program,) = programs()[GETH]
    other = {**program, "ports": {"metrics": 6061}}
    (found,) = contract_breaches(find_image("geth").dockerfile.read_text(), [program, other])

    assert "6061" in found


def test_clients_run_as_the_user_that_the_chart_gives_them():
    """Whatever upstream's image says: the chart's volumes belong to this one."""
    chart = yaml.safe_load((ROOT / "charts" / "ethereum-infrastructure" / "values.yaml").read_text())

    assert f"{chart['security']['user']}:{chart['security']['user']}" == USER


def test_stop_signal_is_upstream_s():
    """Where SIGTERM is not what closes the database."""
    text = find_image("erigon").dockerfile.read_text()

    assert [one.value for one in instructions(text) if one.name == "STOPSIGNAL"] == ["SIGINT"]


def test_client_images_have_no_shell():
    """Nothing that the catalogue keeps of packages is a shell or a tool: only libraries and certificates."""
    clients = [image for image in catalogue() if "clients" in image.folder.parts]

    assert len(clients) >= 9
    for image in clients:
        assert not image.applets
        assert not [pattern for pattern in image.keep if "bin" in pattern.split("/")]


def test_only_the_volume_helper_runs_as_root():
    """An image that runs as root needs a written reason; today there is one."""
    users = {
        image.key: next(one.value for one in instructions(image.dockerfile.read_text()) if one.name == "USER")
        for image in catalogue()
    }

    assert [key for key, user in users.items() if user.startswith("0:")] == ["busybox"]
