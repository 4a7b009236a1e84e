"""The registry's pod on loopback, for tests that ask the real programs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ethinfra.registry.client import RegistryClient
from ethinfra.registry.secrets import Account
from tests.registry.loopback import Loopback, running


@pytest.fixture(scope="session")
def loopback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    """One gateway with its registry for all tests; each uses repositories of its own."""
    root: Path = tmp_path_factory.mktemp("registry")
    with running(root) as started:
        yield started


@pytest.fixture
def pusher(loopback: Loopback) -> Iterator[RegistryClient]:
    with loopback.client(Account.PUSH) as client:
        yield client


@pytest.fixture
def puller(loopback: Loopback) -> Iterator[RegistryClient]:
    with loopback.client(Account.PULL) as client:
        yield client


@pytest.fixture
def nobody(loopback: Loopback) -> Iterator[RegistryClient]:
    with loopback.client(None) as client:
        yield client
