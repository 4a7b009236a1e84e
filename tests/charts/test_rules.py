"""What is rendered keeps to every rule, in every environment; and every rule notices what it is there for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ethinfra.deploy.rules import RULES, Manifests, complaints
from ethinfra.deploy.rules.manifests import known_clients
from ethinfra.kube import Object
from ethinfra.paths import ROOT
from tests.charts.conftest import ENVIRONMENTS
from tests.charts.draft import Draft
from tests.charts.mutations import MUTATIONS, Mutation


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_rendered_manifests_keep_to(rule: str, environment: str, manifests: Callable[[str], Manifests]) -> None:
    assert RULES[rule](manifests(environment)) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_rule_notices_that(mutation: Mutation, local: Manifests) -> None:
    """One thing is broken: the rule for it complains and names the object, and no other rule finds anything."""
    draft = Draft(local)
    mutation.change(draft)

    said = complaints(draft.manifests)

    assert set(said) == {rule.__name__ for rule in (mutation.rule, *mutation.also)}
    assert {line.partition(": ")[0] for lines in said.values() for line in lines} == {mutation.named}


@pytest.mark.parametrize(
    ("template", "old", "new", "rule"),
    [
        ("_security", "readOnlyRootFilesystem: true", "", "root_file_systems_are_read_only"),
        ("_execution", "path: /readyz", "path: /livez", "health_is_the_probes_verdict"),
        ("_execution", "{{ $program.ports.ws }}", "{{ $program.ports.engine }}", "nothing_leads_to_the_engine"),
        ("_init", 'if eq (include "ethereum.jwtSource" .) "generate"', "if false", "jwt_lives_in_memory"),
        ("_networkpolicies", "port: {{ $ports.execution.ws }}", "port: 8551", "nothing_leads_to_the_engine"),
        ("_pod", "automountServiceAccountToken: false", "", "tokens_are_where_rights_are"),
        ("_services", '"purpose" "beacon" "notReady" true', '"purpose" "beacon"', "only_ready_nodes_answer_users"),
        ("_statefulset", "podManagementPolicy: Parallel", "", "nodes_start_side_by_side"),
        ("_volumes", "{medium: Memory, sizeLimit: 1Mi}", "{}", "jwt_lives_in_memory"),
    ],
)
def test_breaking_a_template_is_noticed(
    template: str, old: str, new: str, rule: str, tmp_path: Path, ethereum: Callable[..., list[Object]]
) -> None:
    """From the chart's source to the complaint: what a careless edit would do."""
    chart = shutil.copytree(ROOT / "charts" / "ethereum-infrastructure", tmp_path / "chart")
    source = chart / "templates" / f"{template}.tpl"
    assert old in source.read_text()
    source.write_text(source.read_text().replace(old, new))

    assert rule in complaints(Manifests(tuple(ethereum({}, chart)), known_clients()))


def test_a_flag_of_the_operators_that_opens_the_engine_is_noticed(ethereum: Callable[..., list[Object]]) -> None:
    """Flags at the end win."""
    objects = ethereum({"sync.defaults.execution.extraArgs": ["--authrpc.addr=0.0.0.0"]})

    assert "engine_listens_on_loopback" in complaints(Manifests(tuple(objects), known_clients()))


def test_every_rule_can_fail() -> None:
    assert {mutation.rule.__name__ for mutation in MUTATIONS} == set(RULES)


def test_every_mutation_has_a_name_of_its_own() -> None:
    """A function that is defined twice would look like two controls."""
    names = [str(mutation) for mutation in MUTATIONS]

    assert sorted(names) == sorted(set(names))


def test_a_draft_leaves_the_manifests_alone(local: Manifests) -> None:
    """Mutations share what was rendered."""
    draft = Draft(local)
    draft["StatefulSet ethereum/geth"]["spec"]["replicas"] = 40

    assert complaints(local) == {}
