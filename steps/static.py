"""Steps about what is rendered, without a cluster."""

from __future__ import annotations

from typing import Any

import yaml
from pytest_bdd import given, parsers, then

from ethinfra.clients import disagreements, installed, programs
from ethinfra.deploy.golden import RELEASED, differences, read_golden
from ethinfra.deploy.helmfile import helmfile
from ethinfra.deploy.rules.order import never_laxer
from ethinfra.deploy.rules.releases import needs_of, releases_wait_for_what_they_use
from ethinfra.deploy.rules.upgrade import immutable_fields_kept
from ethinfra.environment import Environment, Layer, known_environments, load_environment
from ethinfra.matrix.cases import missing_pairs
from fixtures.evidence import Evidence
from fixtures.matrix import Matrix


@given("everything that the charts can be asked for")
def everything(matrix: Matrix, evidence: Evidence) -> None:
    """Every environment, and cases in which every two choices come together."""
    assert matrix.objects, "nothing is rendered"
    evidence.attach("renderings", [one.title for one in matrix.renderings])
    evidence.observe("objects", len(matrix.objects))


@then(parsers.parse("rule {rule} holds"))
def rule_holds(rule: str, matrix: Matrix) -> None:
    """Of every rendering. The rule is a function of `ethinfra.deploy.rules`."""
    said = matrix.complaints(rule)
    assert not said, "\n".join(said)


@then("every choice of every dimension is rendered, and every two that go together")
def all_pairs(matrix: Matrix, evidence: Evidence) -> None:
    """Counted anew from the renderings, and not from what chose them."""
    cases = [one.case for one in matrix.renderings if one.case]
    missing = missing_pairs(cases)
    evidence.attach("cases", {"rendered": len(cases), "missing": missing})
    assert cases, "no case is rendered"
    assert not missing, f"never rendered together: {missing[:10]}"


@then("every environment is rendered from the same charts")
def same_charts(evidence: Evidence) -> None:
    """By the chart of each release, as helmfile tells it; no environment uses a chart that another one does not."""
    charts = {
        name: {
            f"{layer.name}/{release['name']}": release["chart"]
            for layer in load_environment(name).layers
            for state in built_states(load_environment(name), layer)
            for release in state.get("releases") or []
        }
        for name in known_environments()
    }
    evidence.attach("charts", charts)
    assert all(charts.values()), "an environment has no release"
    by_release: dict[str, set[str]] = {}
    for releases in charts.values():
        for release, chart in releases.items():
            by_release.setdefault(release, set()).add(chart)
    differing = {release: sorted(found) for release, found in by_release.items() if len(found) > 1}
    assert not differing, f"environments use different charts: {differing}"
    sets = {name: set(releases.values()) for name, releases in charts.items()}
    assert len({frozenset(one) for one in sets.values()}) == 1, f"charts by environment: {sets}"


@then("no manifest has a field, a type or an API version that either of them lacks")
def fits_schemas(matrix: Matrix, evidence: Evidence) -> None:
    """By kubeconform, against schemas of the pinned documents; a kind without a schema fails."""
    evidence.observe("objects", len(matrix.objects))
    assert not matrix.violations, "\n".join(matrix.violations)


@then("each environment renders what is written down")
def golden_agrees(matrix: Matrix) -> None:
    """`features/static/golden`; `make golden` refreshes it."""
    rendered = {one.environment: one.layers for one in matrix.renderings if one.case is None}
    for name in known_environments():
        said = differences(read_golden(load_environment(name)), rendered[name])
        assert not said, f"environment {name}; `make golden` writes it down:\n" + "\n".join(said)


@then("nothing is changed that Kubernetes does not let change since the last release")
def upgrades(matrix: Matrix, evidence: Evidence) -> None:
    """From the last release (`features/static/released`) to this revision, in every environment."""
    rendered = {one.environment: one.manifests.objects for one in matrix.renderings if one.case is None}
    for name in known_environments():
        before = [one for layer in read_golden(load_environment(name), RELEASED) for one in layer.objects]
        evidence.observe(f"objects of the release in {name}", len(before))
        said = immutable_fields_kept(before, rendered[name])
        assert not said, f"environment {name}:\n" + "\n".join(said)


@then(parsers.parse("{stricter} is never laxer than {laxer} in any field"))
def never_laxer_in(stricter: str, laxer: str, matrix: Matrix) -> None:
    """By the manifests of both, workload by workload."""
    said = never_laxer(matrix.environment(stricter), matrix.environment(laxer))
    assert not said, "\n".join(said)


@then("in every environment each release comes after those that make what it refers to")
def releases_wait(matrix: Matrix, evidence: Evidence) -> None:
    """By the releases' own order (`needs`), as helmfile tells it."""
    for name in known_environments():
        needs = release_order(load_environment(name))
        evidence.attach(f"needs in {name}", {one: sorted(before) for one, before in needs.items()})
        said = releases_wait_for_what_they_use(matrix.environment(name), needs)
        assert not said, f"environment {name}:\n" + "\n".join(said)


@then("every client that is built here says that it has the recorded flags, and no others")
def recorded_flags_are_theirs(evidence: Evidence) -> None:
    """Of a client that cannot be had here, the list must be of its version; the evidence names it."""
    asked = {f"{one.client} {one.name}": "asked" if installed(one) else "not built here" for one in programs()}
    evidence.attach("clients", asked)
    assert "asked" in asked.values(), "no client is built here"
    said = [line for one in programs() for line in disagreements(one)]
    assert not said, "\n".join(said)


def release_order(environment: Environment) -> dict[str, frozenset[str]]:
    """Each release of the ethereum layer, with those that come before it."""
    states = built_states(environment, environment.layer("ethereum"))
    return {name: before for state in states for name, before in needs_of(state).items()}


def built_states(environment: Environment, layer: Layer) -> list[dict[str, Any]]:
    """A layer's helmfile with everything filled in; none of a layer that is pending."""
    if layer.pending:
        return []
    built = helmfile(environment, layer, "build", within=60).stdout
    return [one for one in yaml.safe_load_all(built) if one]
