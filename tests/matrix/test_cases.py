"""The cases show every two choices together, and none that the clients cannot have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ethinfra.clients import known_clients
from ethinfra.environment import known_environments
from ethinfra.matrix import Case, every_case, pairwise_cases, refusal, refused_pairs
from ethinfra.matrix.cases import completed, dimensions, missing_pairs
from ethinfra.matrix.networks import known_values
from ethinfra.matrix.switches import SWITCHES

CASES = pairwise_cases()


def case(network: str, execution: str, consensus: str, **settings: str) -> Case:
    return Case("local", network, execution, consensus, tuple(settings.items()))


def test_every_two_choices_come_together() -> None:
    assert missing_pairs(CASES) == []


def test_cases_left_out_are_noticed_and_made_up_for() -> None:
    fewer = CASES[: len(CASES) // 2]

    assert missing_pairs(fewer)
    assert missing_pairs(completed(fewer)) == []


def test_the_cases_are_the_same_every_time() -> None:
    assert [one.title for one in pairwise_cases()] == [one.title for one in CASES]
    assert len({one.key for one in CASES}) == len(CASES)


def test_every_file_is_a_choice() -> None:
    found = dimensions()

    assert found["environment"] == known_environments()
    assert set(found["network"]) == set(known_values())
    assert set(found["execution"]) | set(found["consensus"]) == set(known_clients())


@pytest.mark.parametrize("name", SWITCHES)
def test_every_setting_of_a_switch_makes_other_values(name: str) -> None:
    settings, _ = SWITCHES[name]
    like = case("devnet", "geth", "prysm")

    made = {str(replace(like, settings=((name, setting),)).values) for setting in settings}

    assert len(made) == len(settings)


@pytest.mark.parametrize(
    ("network", "execution", "consensus", "reason"),
    [
        ("devnet", "geth", "lighthouse", "lighthouse cannot have 6 slots per epoch"),
        ("devnet", "nethermind", "prysm", "nethermind reads another genesis format"),
        ("mainnet", "ethereumjs", "prysm", "ethereumjs has no flags for mainnet"),
        ("custom", "ethereumjs", "prysm", "ethereumjs does not know fulu"),
    ],
)
def test_what_clients_cannot_follow_is_refused(network: str, execution: str, consensus: str, reason: str) -> None:
    refused = case(network, execution, consensus)

    assert refusal(refused) == reason
    assert any(
        (one.network, one.execution, one.consensus) == (network, execution, consensus) for one in refused_pairs()
    )
    assert not any(
        (one.network, one.execution, one.consensus) == (network, execution, consensus)
        for one in CASES
        if ("other-network", "none") in one.settings
    )


def test_a_node_elsewhere_does_not_care_for_the_network_of_the_release() -> None:
    assert refusal(case("devnet", "geth", "lighthouse", **{"other-network": "hoodi"})) == ""


def test_the_full_product_begins_with_cases_that_can_be_had() -> None:
    first = next(every_case())

    assert refusal(first) == ""
