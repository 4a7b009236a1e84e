"""Certificates and kubeconfig files of a cluster."""

from __future__ import annotations

import base64

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from ethinfra.cluster.embedded.control_plane import make_credentials
from ethinfra.cluster.embedded.node import make_node_credentials
from ethinfra.cluster.embedded.pki import Pki
from ethinfra.cluster.embedded.plan import ClusterPlan


@pytest.fixture
def pki(plan: ClusterPlan) -> Pki:
    make_credentials(plan)
    for node in plan.nodes:
        make_node_credentials(plan, node)
    return Pki(plan.pki_dir)


def read(pki: Pki, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pki.certificate(name).read_bytes())


def subject(certificate: x509.Certificate) -> tuple[str, list[str]]:
    names = certificate.subject
    groups = [str(one.value) for one in names.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    return str(names.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value), groups


def hosts(certificate: x509.Certificate) -> set[str]:
    extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    return {str(one.value) for one in extension.value}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "authority"),
    [
        ("kube-apiserver", "ca"),
        ("admin", "ca"),
        ("kubelet-local-2", "ca"),
        ("front-proxy-client", "front-proxy-ca"),
        ("etcd", "etcd-ca"),
        ("kube-apiserver-etcd-client", "etcd-ca"),
    ],
)
def test_each_certificate_is_signed_by_the_authority_of_its_purpose(pki: Pki, name: str, authority: str) -> None:
    """A client of one authority is nobody to another's servers."""
    read(pki, name).verify_directly_issued_by(read(pki, authority))


def test_the_api_server_is_known_by_every_name_it_is_called(pki: Pki, plan: ClusterPlan) -> None:
    assert hosts(read(pki, "kube-apiserver")) >= {
        str(plan.control_address),
        str(plan.api_service),
        "127.0.0.1",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
    }


def test_a_kubelet_serves_under_its_address_and_logs_in_as_its_node(pki: Pki, plan: ClusterPlan) -> None:
    """The API server calls kubelets by address; Node authorization goes by this user and group."""
    assert str(plan.nodes[1].address) in hosts(read(pki, "kubelet-local-2-server"))
    assert subject(read(pki, "kubelet-local-2")) == ("system:node:local-2", ["system:nodes"])


def test_a_client_certificate_does_not_serve(pki: Pki) -> None:
    uses = read(pki, "admin").extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value

    assert ExtendedKeyUsageOID.SERVER_AUTH not in uses  # type: ignore[operator]


def test_only_the_operator_is_a_master(pki: Pki) -> None:
    masters = {
        path.stem for path in pki.directory.glob("*.crt") if "system:masters" in subject(read(pki, path.stem))[1]
    }

    assert masters == {"admin"}


@pytest.mark.usefixtures("pki")
def test_keys_and_kubeconfigs_are_for_their_owner_only(plan: ClusterPlan) -> None:
    secrets = [*plan.dir.rglob("*.key"), *plan.dir.rglob("*kubeconfig")]

    assert secrets
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}


@pytest.mark.usefixtures("pki")
def test_repeating_changes_no_certificate(plan: ClusterPlan) -> None:
    before = {path: path.read_bytes() for path in plan.dir.rglob("*") if path.is_file()}

    make_credentials(plan)

    assert {path: path.read_bytes() for path in plan.dir.rglob("*") if path.is_file()} == before


def test_the_kubeconfig_names_the_cluster_and_holds_its_authority(pki: Pki, plan: ClusterPlan) -> None:
    document = yaml.safe_load(plan.kubeconfig.read_text())

    assert document["current-context"] == plan.id
    assert document["clusters"][0]["cluster"]["server"] == f"https://{plan.control_address}:6443"
    authority = document["clusters"][0]["cluster"]["certificate-authority-data"]
    assert base64.b64decode(authority) == pki.certificate("ca").read_bytes()


def test_a_node_holds_no_key_of_an_authority(pki: Pki, plan: ClusterPlan) -> None:
    """Pods with a host path reach a node's folder, and no other part of the state."""
    node = Pki(plan.node_dir(plan.nodes[0]) / "pki")

    assert not node.key("ca").exists()
    assert node.certificate("ca").exists()
    assert pki.key("ca").exists()
