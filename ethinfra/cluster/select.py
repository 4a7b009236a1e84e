"""The provider that an environment asks for, or the operator instead of it."""

from __future__ import annotations

from ethinfra.cluster.context import ContextProvider
from ethinfra.cluster.embedded.provider import EmbeddedProvider
from ethinfra.cluster.kind import KindProvider
from ethinfra.cluster.provider import Cluster, ClusterProvider
from ethinfra.environment import PROVIDERS, Environment
from ethinfra.errors import ClusterError, unknown_name


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


def must_find(environment: Environment, override: str | None = None, name: str | None = None) -> Cluster:
    """The cluster to work on, the environment's or one by name; ClusterError, with what to do, if there is none."""
    provider = provider_for(environment, override)
    found = provider.find(name or environment.name)
    if found is None:
        if isinstance(provider, ContextProvider):
            raise provider.absent()
        which = f" --name {name}" if name else ""
        raise ClusterError(
            f"there is no cluster {name or environment.name!r}",
            todo=f"boot it: ethinfra up --env {environment.name}{which}",
        )
    return found
