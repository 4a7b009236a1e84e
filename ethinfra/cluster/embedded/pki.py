"""Certificates: who may talk to whom in one cluster.

Three authorities, so that a certificate is good for one purpose only: the cluster's (`ca`: API server, kubelets, and
the components as its clients), the aggregation layer's (`front-proxy-ca`) and etcd's (`etcd-ca`). Keys are ECDSA P-256.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: Longer than any of these clusters lives; nothing renews them.
_LIFE = datetime.timedelta(days=365)
#: A clock that is set back a little must not make a new certificate invalid.
_SKEW = datetime.timedelta(hours=1)


class Pki:
    """A folder of certificates and keys. What exists is kept, so repeating a call changes nothing."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def certificate(self, name: str) -> Path:
        return self.directory / f"{name}.crt"

    def key(self, name: str) -> Path:
        return self.directory / f"{name}.key"

    def authority(self, name: str) -> None:
        """A self-signed authority."""
        if self.certificate(name).exists():
            return
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject(f"ethinfra {name}", ())
        builder = (
            _builder(subject, subject, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
        )
        self._store(name, key, builder.sign(key, hashes.SHA256()))

    def issue(
        self,
        name: str,
        authority: str,
        common_name: str,
        *,
        groups: Sequence[str] = (),
        hosts: Sequence[str] = (),
        addresses: Sequence[IPv4Address] = (),
    ) -> None:
        """A certificate for a client (common name: user), which is a server too if it has hosts or addresses."""
        if self.certificate(name).exists():
            return
        ca = x509.load_pem_x509_certificate(self.certificate(authority).read_bytes())
        ca_key = serialization.load_pem_private_key(self.key(authority).read_bytes(), None)
        assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        names = [*(x509.DNSName(host) for host in hosts), *(x509.IPAddress(address) for address in addresses)]
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if names else [])]
        builder = (
            _builder(_subject(common_name, groups), ca.subject, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        self._store(name, key, builder.sign(ca_key, hashes.SHA256()))

    def signing_key(self, name: str) -> None:
        """A key pair without a certificate, for service account tokens: `<name>.key`, `<name>.pub`."""
        public = self.directory / f"{name}.pub"
        if public.exists():
            return
        key = ec.generate_private_key(ec.SECP256R1())
        self._write_key(name, key)
        public.write_bytes(
            key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )

    def _store(self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        # The certificate comes last: it is what tells that the pair is complete.
        self._write_key(name, key)
        self.certificate(name).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _write_key(self, name: str, key: ec.EllipticCurvePrivateKey) -> None:
        path = self.key(name)
        path.touch(mode=0o600)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def _subject(common_name: str, groups: Sequence[str]) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
