"""Accounts and certificate: what is made, what is never changed, what is never shown."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import ssl
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509

from ethinfra.errors import LayerUnhealthy
from ethinfra.process import Completed
from ethinfra.redact import MASK, redact
from ethinfra.registry import secrets
from ethinfra.registry.certificate import LIFETIME, expires, make_certificate, subject_names
from ethinfra.registry.secrets import (
    ACCOUNTS,
    AUTHORITY,
    TLS,
    Account,
    accounts_secret,
    prepare,
    read_access,
    share,
    ssha,
)


class Namespace:
    """A namespace that remembers what was created in it, as the API server would."""

    def __init__(self, *, exists: bool = True) -> None:
        self.exists = exists
        self.secrets: dict[str, dict[str, Any]] = {}
        self.commands: list[tuple[str, ...]] = []

    def get(self, kind: str, name: str, _namespace: str | None = None) -> dict[str, Any] | None:
        if kind == "Namespace":
            return {"metadata": {"name": name}} if self.exists else None
        return self.secrets.get(name)

    def kubectl(self, *args: str, stdin: str, check: bool) -> Completed:
        assert not check
        self.commands.append(args)
        manifest = json.loads(stdin)
        name = manifest["metadata"]["name"]
        if name in self.secrets:
            return Completed(args, 1, "", f'secrets "{name}" already exists (AlreadyExists)')
        data = {key: base64.b64encode(value.encode()).decode() for key, value in manifest.pop("stringData").items()}
        self.secrets[name] = {**manifest, "data": data}
        return Completed(args, 0, "", "")


def test_accounts_and_certificate_are_made_once():
    """A second run changes nothing, so clients and nodes keep their passwords."""
    namespace = Namespace()

    assert prepare(namespace) == [TLS, ACCOUNTS]
    first = json.dumps(namespace.secrets)
    assert prepare(namespace) == []
    assert json.dumps(namespace.secrets) == first


def test_only_the_missing_secret_is_made():
    namespace = Namespace()
    prepare(namespace)
    kept = namespace.secrets.pop(TLS)

    assert prepare(namespace) == [TLS]
    assert namespace.secrets[TLS] != kept


def test_lost_race_leaves_the_winner_alone(monkeypatch: pytest.MonkeyPatch):
    """Between the look and the creation somebody else may have prepared."""
    namespace = Namespace()
    prepare(namespace)
    before = json.dumps(namespace.secrets)
    monkeypatch.setattr(namespace, "get", lambda kind, *_: {} if kind == "Namespace" else None)

    assert prepare(namespace) == []
    assert json.dumps(namespace.secrets) == before


def test_missing_namespace_names_the_layer_that_makes_it():
    with pytest.raises(LayerUnhealthy, match="infrastructure"):
        prepare(Namespace(exists=False))


def test_no_secret_is_in_an_argument_list_or_in_text():
    """Passwords reach kubectl on standard input only, and every one is known to the redactor."""
    namespace = Namespace()
    prepare(namespace)
    access = read_access(namespace)

    for account in Account:
        password = access.password(account)
        assert password not in " ".join(word for command in namespace.commands for word in command)
        assert password not in repr(access)
        assert redact(f"login with {password}") == f"login with {MASK}"


def test_prepare_is_asked_for_when_nothing_was_prepared():
    with pytest.raises(LayerUnhealthy, match="registry prepare"):
        read_access(Namespace())


def test_pull_account_is_not_among_those_who_push():
    data = accounts_secret("local-registry")["stringData"]

    assert [line.split(":")[0] for line in data["push.htpasswd"].splitlines()] == ["push"]
    assert [line.split(":")[0] for line in data["all.htpasswd"].splitlines()] == ["pull", "push"]


def test_ssha_is_salted_sha1_in_base64():
    """The format of RFC 2307's scheme, which nginx reads: digest, then salt."""
    raw = base64.b64decode(ssha("correct horse", b"saltsalt").removeprefix("{SSHA}"))

    assert raw[20:] == b"saltsalt"
    assert raw[:20] == hashlib.sha1(b"correct horsesaltsalt", usedforsecurity=False).digest()
    assert ssha("same") != ssha("same")


def test_certificate_is_for_every_name_that_clients_use():
    made = make_certificate("registry.local-registry.svc")
    certificate = x509.load_pem_x509_certificate(made.certificate.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))} == {
        "registry.local-registry.svc",
        "registry.local-registry.svc.cluster.local",
        "registry.local-registry",
        "localhost",
        "127.0.0.1",
    }
    assert set(subject_names("registry.local-registry.svc")) >= {"localhost", "127.0.0.1"}


def test_authority_signs_the_certificate_and_nothing_else():
    made = make_certificate("registry.local-registry.svc")
    authority = x509.load_pem_x509_certificate(made.authority.encode())
    certificate = x509.load_pem_x509_certificate(made.certificate.encode())

    certificate.verify_directly_issued_by(authority)
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    ssl.create_default_context(cadata=made.authority)


def test_certificate_lasts_from_now_for_its_lifetime():
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = make_certificate("registry.local-registry.svc", now)

    assert expires(made.certificate) == now + LIFETIME - datetime.timedelta(minutes=5)


def test_error_of_the_api_server_is_shown_without_secrets():
    """kubectl may echo what it was sent."""
    namespace = Namespace()

    def refuse(*args: str, stdin: str, check: bool) -> Completed:  # noqa: ARG001
        return Completed(args, 1, "", f"forbidden: {stdin}")

    with pytest.raises(LayerUnhealthy) as refused:
        prepare(SimpleNamespace(get=namespace.get, kubectl=refuse))

    assert "PRIVATE KEY" not in str(refused.value)
    assert MASK in str(refused.value)


def test_account_names_are_those_of_the_gateway():
    """nginx.conf tells the pull account by its name."""
    from ethinfra.paths import ROOT

    configuration = (ROOT / "charts/registry/files/nginx.conf").read_text()
    assert f'"1:{Account.PULL}" 1;' in configuration
    assert {str(one) for one in Account} == {"pull", "push"}
    assert secrets.ACCOUNTS in (ROOT / "charts/registry/values.yaml").read_text()


class Cluster(Namespace):
    """Of several namespaces: the registry's own, and others that things are applied to."""

    def __init__(self, *others: str) -> None:
        super().__init__()
        self.others: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in others}

    def get(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        if kind == "Namespace":
            return {"metadata": {"name": name}} if name in ("local-registry", *self.others) else None
        return self.others[namespace].get(name) if namespace in self.others else self.secrets.get(name)

    def apply(self, manifest: dict[str, Any]) -> dict[str, Any]:
        self.others[manifest["metadata"]["namespace"]][manifest["metadata"]["name"]] = manifest
        return manifest


def opened(secret: dict[str, Any], key: str) -> str:
    return base64.b64decode(secret["data"][key]).decode()


def test_accounts_are_handed_to_those_who_use_them():
    cluster = Cluster("ethereum")
    prepare(cluster)

    assert share(cluster, "ethereum") == ["snapshot-registry-pull", "snapshot-registry-push", AUTHORITY]
    assert share(cluster, "ethereum") == []

    access = read_access(cluster)
    handed = cluster.others["ethereum"]
    for account in Account:
        secret = handed[f"snapshot-registry-{account}"]
        assert secret["type"] == "kubernetes.io/dockerconfigjson"
        auths = json.loads(opened(secret, ".dockerconfigjson"))["auths"]
        (entry,) = auths.values()
        assert list(auths) == ["registry.local-registry.svc:5000"]
        assert entry["password"] == access.password(account)
        assert base64.b64decode(entry["auth"]).decode() == f"{account}:{access.password(account)}"
        assert redact(f"auth {entry['auth']}") == f"auth {MASK}"
    assert opened(handed[AUTHORITY], "ca.crt") == access.authority


def test_replaced_accounts_are_handed_on_by_the_same_command():
    """And the certificate's authority, each alone."""
    cluster = Cluster("ethereum")
    prepare(cluster)
    share(cluster, "ethereum")

    del cluster.secrets[ACCOUNTS]
    prepare(cluster)
    assert share(cluster, "ethereum") == ["snapshot-registry-pull", "snapshot-registry-push"]
    del cluster.secrets[TLS]
    prepare(cluster)
    assert share(cluster, "ethereum") == [AUTHORITY]


def test_secret_that_somebody_else_made_is_left_alone():
    """It has the credentials of another registry, which this one's would replace."""
    cluster = Cluster("ethereum")
    prepare(cluster)
    theirs = {"metadata": {"name": "snapshot-registry-push"}, "data": {".dockerconfigjson": "e30="}}
    cluster.others["ethereum"]["snapshot-registry-push"] = theirs

    assert share(cluster, "ethereum") == ["snapshot-registry-pull", AUTHORITY]
    assert cluster.others["ethereum"]["snapshot-registry-push"] is theirs


def test_namespace_of_the_users_must_be_there():
    cluster = Cluster()
    prepare(cluster)

    with pytest.raises(LayerUnhealthy, match="infrastructure"):
        share(cluster, "ethereum")


def test_registry_that_was_not_prepared_has_nothing_to_hand_on():
    with pytest.raises(LayerUnhealthy, match="registry prepare"):
        share(Cluster("ethereum"), "ethereum")


def test_programs_find_their_account_in_what_is_handed_on(tmp_path):
    """The reader is the one of the snapshot programs."""
    from ethinfra.snapshot.access import account_for

    cluster = Cluster("ethereum")
    prepare(cluster)
    share(cluster, "ethereum")
    config = tmp_path / "config.json"
    config.write_text(opened(cluster.others["ethereum"]["snapshot-registry-pull"], ".dockerconfigjson"))

    found = account_for(config, "registry.local-registry.svc:5000")

    assert found is not None
    assert (found.username, found.password) == ("pull", read_access(cluster).password(Account.PULL))
    assert account_for(config, "elsewhere:5000") is None
