"""The contract, tried with every provider that this machine allows."""

from __future__ import annotations

import pytest

from ethinfra.cluster.embedded.provider import EmbeddedProvider
from ethinfra.cluster.kind import KindProvider
from ethinfra.cluster.provider import ClusterProvider

from .contract import ProviderContract

pytestmark = pytest.mark.live


class TestEmbedded(ProviderContract):
    @classmethod
    def make(cls) -> ClusterProvider:
        return EmbeddedProvider()


class TestKind(ProviderContract):
    @classmethod
    def make(cls) -> ClusterProvider:
        return KindProvider()
