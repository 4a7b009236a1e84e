"""Every image keeps the standard, and each rule of it can fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from ethinfra.clients import known_clients
from ethinfra.images import Image, catalogue, find_image
from ethinfra.images.layout import Member
from ethinfra.images.standard import RULES, USER, Recipe, breaches, disagreements, excesses, misbuilt
from ethinfra.paths import ROOT


def edited(key: str, old: str, new: str) -> Recipe:
    recipe = Recipe.of(find_image(key))
    assert old in recipe.text
    return replace(recipe, text=recipe.text.replace(old, new))


@pytest.mark.parametrize("image", catalogue(), ids=lambda image: image.key)
def test_recipe_keeps_the_standard(image: Image):
    assert breaches(Recipe.of(image)) == []


@pytest.mark.parametrize(
    ("rule", "old", "new", "breach"),
    [
        ("base_is_pinned", "FROM scratch", "FROM debian:bookworm", "FROM"),
        ("base_is_pinned", "FROM scratch\n", "", "FROM"),
        ("files_are_prepared", "COPY bin/geth", "COPY bin/reth", "bin/geth"),
        ("files_are_prepared", "STOPSIGNAL SIGTERM\n", "RUN true\n", "RUN"),
        ("user_is_nobody", "USER 10001:10001", "USER root", "USER"),
        ("user_is_nobody", "USER 10001:10001", "USER 0:0", "USER 0:0"),
        ("user_is_nobody", "USER 10001:10001\n", "", "USER"),
        ("commands_need_no_shell", 'ENTRYPOINT ["geth"]', "ENTRYPOINT geth", "shell"),
        ("commands_need_no_shell", 'ENTRYPOINT ["geth"]', "", "neither ENTRYPOINT nor CMD"),
        ("stop_signal_is_stated", "STOPSIGNAL SIGTERM\n", "", "STOPSIGNAL"),
        ("stop_signal_is_stated", "STOPSIGNAL SIGTERM", "STOPSIGNAL 15", "STOPSIGNAL"),
        ("health_can_be_asked", "HEALTHCHECK", "# HEALTHCHECK", "HEALTHCHECK"),
        ("health_can_be_asked", "built-from=", 'healthcheck="http GET :1/" a.b/c=', "both"),
        ("labels_tell_the_origin", "org.opencontainers.image.source", "source", "image.source"),
        ("labels_tell_the_origin", "${VERSION}", "v1.2.3", "version"),
        ("labels_tell_the_origin", 'built-from="source"', 'built-from="upstream"', "built-from"),
        ("labels_tell_the_origin", "# Execution client", "FROM scratch\n# Execution client", "what the image is"),
    ],
)
def test_breach_is_named_by_its_rule(rule: str, old: str, new: str, breach: str):
    assert any(breach in one for one in RULES[rule](edited("geth", old, new)))


@pytest.mark.parametrize("pattern", ["bin/*", "usr/bin/**", "usr/{bin,sbin}/*sh", "**"])
def test_shell_among_what_is_kept_is_named(pattern: str):
    image = find_image("node-probe")

    assert RULES["no_shell_is_kept"](Recipe.of(replace(image, keep=(*image.keep, pattern))))
    assert not RULES["no_shell_is_kept"](Recipe.of(replace(image, keep=("usr/bin/python3*",))))


def test_shell_needs_a_reason():
    assert not RULES["no_shell_is_kept"](Recipe.of(find_image("busybox")))

    said = RULES["no_shell_is_kept"](edited("busybox", "The only image with a shell.", "One without a shell."))
    assert any("bin/busybox" in one for one in said)


def test_only_the_volumes_helper_has_a_shell_or_runs_as_root():
    recipes = [Recipe.of(image) for image in catalogue()]

    assert [one.image.key for one in recipes if one.shell_is_explained] == ["busybox"]
    assert [one.image.key for one in recipes if one.value("USER").startswith("0:")] == ["busybox"]


def test_every_rule_is_tried_here():
    """By name: a rule that nobody breaks could be one that never speaks."""
    marks = test_breach_is_named_by_its_rule.pytestmark  # type: ignore[attr-defined]
    tried = {case[0] for mark in marks for case in mark.args[1]}

    assert RULES.keys() - tried == {"no_shell_is_kept"}


def table() -> dict[str, list[dict[str, Any]]]:
    """The programs of the client table by the image that they are in; one image may have several."""
    found: dict[str, list[dict[str, Any]]] = {}
    for programs in known_clients().values():
        for program in programs.values():
            found.setdefault(f"{program['image']['repository']}:{program['image']['tag']}", []).append(program)
    return found


@pytest.mark.parametrize("reference", table())
def test_recipe_agrees_with_the_client_table(reference: str):
    assert disagreements(Recipe.of(find_image(reference)), table()[reference]) == []


GETH = find_image("geth")


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
    (program,) = table()[GETH.reference]
    (found,) = disagreements(Recipe.of(GETH), [{**program, **change}])

    assert found.startswith(breach)


@pytest.mark.parametrize("health", ["/eth/v1/node/health", "/"])
def test_health_check_that_the_table_does_not_know_is_named(health: str):
    image = find_image("prysm-beacon-chain")
    (program,) = table()[image.reference]
    (found,) = disagreements(Recipe.of(image), [{**program, "health": {"path": health}}])

    assert found.startswith("healthcheck :3500/eth/v1/node/version")


def test_image_of_two_programs_has_the_ports_of_both():
    (program,) = table()[GETH.reference]
    other = {**program, "ports": {"metrics": 6061}}
    (found,) = disagreements(Recipe.of(GETH), [program, other])

    assert "6061" in found


def test_clients_run_as_the_user_that_the_chart_gives_them():
    """Whatever upstream's image says: the chart's volumes belong to this one."""
    chart = yaml.safe_load((ROOT / "charts" / "ethereum-infrastructure" / "values.yaml").read_text())

    assert f"{chart['security']['user']}:{chart['security']['user']}" == USER


def test_stop_signal_is_upstream_s():
    """Where SIGTERM is not what closes the database."""
    assert Recipe.of(find_image("erigon")).value("STOPSIGNAL") == "SIGINT"


LABELS = {
    **{f"org.opencontainers.image.{name}": "x" for name in ("title", "revision", "source", "licenses", "vendor")},
    "org.opencontainers.image.version": GETH.tag,
    "ethinfra.io/built-from": "source",
}
BUILT = {
    "User": USER,
    "Entrypoint": ["geth"],
    "StopSignal": "SIGTERM",
    "Healthcheck": {"Test": ["CMD", "geth"]},
    "Labels": LABELS,
}


def test_image_as_its_recipe_says():
    assert misbuilt(GETH, {"config": BUILT}) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"User": ""}, "USER is "),
        ({"Entrypoint": ["sh", "-c", "geth"]}, "ENTRYPOINT is "),
        ({"Cmd": ["--help"]}, "CMD is "),
        ({"StopSignal": "SIGKILL"}, "STOPSIGNAL is "),
        ({"Healthcheck": None}, "HEALTHCHECK is "),
        ({"Labels": {**LABELS, "org.opencontainers.image.version": "v0.0.1"}}, "the version in its labels is v0.0.1"),
        ({"Labels": {**LABELS, "org.opencontainers.image.licenses": ""}}, "has no label org.opencontainers.image.lic"),
    ],
)
def test_image_that_is_not_as_its_recipe_says(change: dict[str, Any], said: str):
    (found,) = misbuilt(GETH, {"config": {**BUILT, **change}})

    assert found.startswith(said)


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (Member("bin/sh", 0o777, device=False), "a shell"),
        (Member("usr/local/bin/bash", 0o755, device=False), "a shell"),
        (Member("usr/bin/su", 0o4755, device=False), "owner's rights"),
        (Member("var/mail", 0o2755, device=False), "owner's rights"),
        (Member("dev/mem", 0o600, device=True), "a device"),
    ],
)
def test_what_gives_more_than_a_program_needs_is_named(member: Member, said: str):
    (found,) = excesses(GETH, [Member("usr/local/bin/geth", 0o755, device=False), member])

    assert said in found
    assert member.path in found


def test_shell_with_a_reason_and_names_like_one_are_left_alone():
    assert excesses(find_image("busybox"), [Member("bin/sh", 0o777, device=False)]) == []
    assert excesses(GETH, [Member("opt/lib/sh", 0o644, device=False), Member("bin/shim", 0o755, device=False)]) == []
