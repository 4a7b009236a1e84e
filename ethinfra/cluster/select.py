"""The provider that an environment asks for, or the operator instead of it."""

from __future__ import annotations

from ethinfra.cluster.context import ContextProvider
from ethinfra.cluster.embedded.provider import EmbeddedProvider
from ethinfra.cluster.kind import KindProvider
from ethinfra.cluster.provider import ClusterProvider
from ethinfra.environment import PROVIDERS, Environment
from ethinfra.errors import unknown_name


def provider_for(environment: Environment, override: str | None = None) -> ClusterProvider:
    """A provider by name. BadInput with the known names for another one.

    override: takes the place of the environment's: `embedded`, `kind`, `context`, or `context:NAME` for one of the
              contexts that the environment allows
    """
    name, _, context = (override or environment.provider).partition(":")
    if name not in PROVIDERS or (context and name != "context"):
        raise unknown_name("cluster provider", override or environment.provider, [*PROVIDERS, "context:NAME"])
    if name == "embedded":
        return EmbeddedProvider()
    if name == "kind":
        return KindProvider()
    return ContextProvider(environment, context)
