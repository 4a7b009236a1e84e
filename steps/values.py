"""Steps about the values that charts take, and those that they refuse."""

from __future__ import annotations

from pytest_bdd import given, parsers, then, when

from ethinfra.deploy.values import PAGE, Chart, Wrong, disagreements, ill_typed, misspelt, read_chart, written
from ethinfra.matrix import plain_cases, refusal, refused_pairs
from fixtures.evidence import Evidence
from fixtures.values import NODE, helm_says, misjudged_pairs, mistaken


@given(parsers.parse("the values of the chart {chart}"), target_fixture="chart")
def values_of(chart: str) -> Chart:
    """Its schema, its values.yaml, and its templates; of the ethereum chart also the flags of all clients."""
    return read_chart(chart)


@given("a sync node of geth and Prysm on the devnet")
def a_sync_node() -> None:
    """As in the chart's own values, with the files of all clients beside them."""


@when("every map has a key that nobody knows", target_fixture="wrong")
def unknown_keys(chart: Chart) -> list[Wrong]:
    """Every map of the schema that has known keys, inside lists and other maps too."""
    return [misspelt(chart.schema)]


@when("every key has a value of a type that it cannot have", target_fixture="wrong")
def wrong_types(chart: Chart) -> list[Wrong]:
    """Scalars all together, maps and lists level by level."""
    return ill_typed(chart.schema)


@when(parsers.parse("its values have {mistake}"), target_fixture="said")
def its_values_have(mistake: str) -> list[str]:
    """One of the mistakes of `fixtures/values.py`, rendered by helm."""
    return mistaken(mistake)


@then("helm refuses each of them with its path")
def each_is_refused(chart: Chart, wrong: list[Wrong], evidence: Evidence) -> None:
    evidence.observe("keys", sum(len(one.complaints) for one in wrong))
    untold = [key for one in wrong for key in one.untold(helm_says(chart.name, one.values))]
    assert not untold, f"{chart.name} lets pass: {', '.join(untold)}"


@then("its schema, its defaults, its templates and the documented table have the same keys")
def same_keys(chart: Chart) -> None:
    """Each key of the schema has a default or is shown, is used, is explained and stands in docs/values.md."""
    said = disagreements(chart, PAGE.read_text())
    assert not said, "\n".join(said)


@then("the documented table says what schema and defaults say")
def table_is_current() -> None:
    """Word by word."""
    assert PAGE.read_text() == written(), "docs/values.md is outdated; `ethinfra values write` renews it"


@then(parsers.parse("they are refused at {path}, because {reason}"))
def refused_at(said: list[str], path: str, reason: str) -> None:
    """The sentence begins with the path and has the reason in it. `[node]` is the node's name."""
    told = [one for one in said if one.startswith(f"{path}:") and reason in one]
    assert told, f"expected `{path}: … {reason}`, and helm said {said or 'nothing'} of node {NODE}"


@then("those that cannot follow it are refused with client and network, and no others")
def only_impossible_pairs_are_refused(evidence: Evidence) -> None:
    """Told from the files of clients and networks alone, and compared with what the chart does."""
    evidence.attach("refused", {case.title: refusal(case) for case in refused_pairs()})
    said = misjudged_pairs()
    assert not said, "\n".join(said)


@given("every execution client with every consensus client on every network")
def every_pair() -> None:
    """Those that have a file in values/clients and values/networks, with the chart's own settings."""
    assert plain_cases(), "no clients or no networks"
