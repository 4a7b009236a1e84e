"""A client of the cluster's registry through a port-forward: works with any cluster, and passes no network policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ethinfra.kube import Kube
from ethinfra.registry import NAMESPACE, POD, PORT
from ethinfra.registry.client import RegistryClient
from ethinfra.registry.secrets import Access, Account, read_access


@contextmanager
def connected(kube: Kube, account: Account | None, namespace: str = NAMESPACE) -> Iterator[RegistryClient]:
    """A client as one of the accounts, or with None as nobody. Ends with the pod that it leads to."""
    access = read_access(kube, namespace)
    with kube.forward(namespace, POD, PORT) as port, client_at(port, access, account) as client:
        yield client


def client_at(port: int, access: Access, account: Account | None) -> RegistryClient:
    """A client at a forwarded port of this machine."""
    return RegistryClient(
        f"https://localhost:{port}",
        authority=access.authority,
        username=account or "",
        password=access.password(account) if account else "",
    )
