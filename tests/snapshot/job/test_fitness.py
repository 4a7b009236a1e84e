"""Which release a client is of, by what it calls itself."""

from __future__ import annotations

import pytest

from ethinfra.snapshot.compatibility import version_key
from ethinfra.snapshot.job.fitness import release_of


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Geth/v1.17.5-stable-6d0af2b8/linux-amd64/go1.25.1", "1.17.5"),
        ("Geth/my-node/v1.17.5-stable/linux-amd64/go1.25.1", "1.17.5"),
        ("Nethermind/v1.39.3+abcdef12/linux-x64/dotnet10.0.1", "1.39.3"),
        ("erigon/3.5.5/linux-amd64/go1.25.1", "3.5.5"),
        # It leaves the suffix of its version out.
        ("erigon/3.1.0/linux-amd64/go1.24.4", "3.1.0-dev"),
        ("besu/v26.8.0/linux-x86_64/openjdk-java-25", "26.8.0"),
        ("EthereumJS/0.10.5/linux/node24.19.0", "0.10.5"),
    ],
)
def test_release_is_found_in_what_each_client_says(said: str, version: str):
    release = release_of(said)

    assert release is not None
    assert version_key(release) == version_key(version)


@pytest.mark.parametrize("said", ["", "Geth", "1.17.5", "Geth/linux-amd64/go1.25.1"])
def test_release_that_is_not_said_is_not_guessed(said: str):
    assert release_of(said) is None
