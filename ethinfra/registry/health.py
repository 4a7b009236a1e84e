"""The layer's own check: the registry does what it is for, and refuses what it should."""

from __future__ import annotations

import datetime

from ethinfra.environment import Environment
from ethinfra.errors import ImageError, LayerUnhealthy
from ethinfra.kube import ForwardEnded, Kube
from ethinfra.registry import POD, PORT
from ethinfra.registry.certificate import expires
from ethinfra.registry.client import RegistryClient
from ethinfra.registry.connect import client_at
from ethinfra.registry.secrets import Account, read_access
from ethinfra.waiting import NotInTime

LAYER = "local-registry"

#: A certificate that ends sooner is a fault now, while there is time to replace it.
CERTIFICATE_MARGIN = datetime.timedelta(days=30)


def check(kube: Kube, environment: Environment) -> None:
    """LayerUnhealthy unless both accounts can log in, the catalogue answers and nobody gets in without an account."""
    namespace = environment.layer(LAYER).namespace
    access = read_access(kube, namespace)
    try:
        with (
            kube.forward(namespace, POD, PORT) as port,
            client_at(port, access, Account.PULL) as puller,
            client_at(port, access, Account.PUSH) as pusher,
            client_at(port, access, None) as nobody,
        ):
            problems = [*_accounts(puller, pusher, nobody), *_condition(puller)]
    except (ImageError, ForwardEnded, NotInTime) as reason:
        raise LayerUnhealthy(
            "the registry does not serve", seen=str(reason), todo=f"kubectl -n {namespace} logs {POD} --all-containers"
        ) from reason
    left = expires(access.certificate) - datetime.datetime.now(datetime.UTC)
    if left < CERTIFICATE_MARGIN:
        problems.append(f"its certificate ends in {left.days} days: see ethinfra/registry/secrets.py for replacing it")
    if problems:
        raise LayerUnhealthy("the registry is not as it should be", seen="\n".join(problems))


def _accounts(puller: RegistryClient, pusher: RegistryClient, nobody: RegistryClient) -> list[str]:
    puller.login()
    pusher.login()
    puller.repositories()
    upload = "/v2/ethinfra/health/blobs/uploads/"
    expected = (
        ("without an account the API is closed", nobody.status("GET", "/v2/_catalog"), 401),
        ("without an account the management page is closed", nobody.status("GET", "/ui/"), 401),
        ("without an account pushing is refused", nobody.status("POST", upload), 401),
        ("the pull account sees the management page", puller.status("GET", "/ui/"), 200),
        ("the pull account may not push", puller.status("POST", upload), 403),
    )
    return [f"{claim}: expected status {wanted}, got {seen}" for claim, seen, wanted in expected if seen != wanted]


def _condition(client: RegistryClient) -> list[str]:
    if client.writes_suspended():
        return ["it refuses pushes, because a garbage collection did not end: run `ethinfra registry gc`"]
    return []
