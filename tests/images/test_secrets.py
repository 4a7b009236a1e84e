"""Secrets are found where they are planted, and nothing else is taken for one. Each is made here, when it runs."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from eth_account.hdaccount.mnemonic import Mnemonic

from ethinfra.errors import MissingCapability
from ethinfra.images import archive_of, find_image, store
from ethinfra.images.secrets import checkout_findings, findings, findings_in_bytes, findings_in_folder, history_findings
from ethinfra.process import run
from ethinfra.progress import silent

HEX = "c0ffee" * 10 + "c0de"


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None) -> str:
    return (
        (key or ec.generate_private_key(ec.SECP256R1()))
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


def mnemonic(words: int = 12) -> str:
    return str(Mnemonic().generate(words))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


PLANTED = {
    "private key (PEM)": lambda: f"key: |\n{pem()}",
    "private key (PEM), short": lambda: pem(ed25519.Ed25519PrivateKey.generate()),
    "private key (PEM), in JSON": lambda: json.dumps({"private_key": pem()}),
    "file of 64 hex digits": lambda: f"0x{os.urandom(32).hex()}\n",
    "secret of 64 hex digits": lambda: f"jwtSecret: {os.urandom(32).hex()}",
    "secret of 64 hex digits, quoted": lambda: f'  private_key = "0x{os.urandom(32).hex()}"',
    "file of 64 hex digits, in base64": lambda: f"data:\n  jwt.hex: {encoded(os.urandom(32).hex())}",
    "private key (PEM), in base64": lambda: f"data:\n  tls.key: {encoded(pem())}",
    "mnemonic": lambda: f"mnemonic: {mnemonic()}",
    "mnemonic of 24": lambda: f"the words are {mnemonic(24)} and no others",
    "mnemonic, in base64": lambda: f"data: {{words: {encoded(mnemonic(15))}}}",
    "AWS access key": lambda: "id: AKIA" + "IOSFODNN7EXAMPLE",
    "AWS secret key": lambda: "aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
    "Google API key": lambda: "AIza" + "x" * 35,
    "GitHub token": lambda: "token: ghp_" + "a1" * 18,
    "GitLab token": lambda: "glpat-" + "x" * 20,
    "npm token": lambda: "//registry/:_authToken=npm_" + "a" * 36,
    "Slack token": lambda: "xoxb-" + "1" * 12 + "-" + "a" * 24,
    "registry log-in": lambda: json.dumps({"auths": {"ghcr.io": {"auth": encoded("somebody:password")}}}),
    "RPC provider's key": lambda: "https://mainnet.infura.io/v3/" + "0a" * 16,
    "Ethereum keystore": lambda: json.dumps({"crypto": {"ciphertext": HEX}}),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_planted_secret_is_found(kind: str):
    name = kind if ", in base64" in kind else kind.partition(",")[0].removesuffix(" of 24")

    assert any(f": {name}," in one for one in findings(PLANTED[kind](), "here"))


@pytest.mark.parametrize(
    "text",
    [
        f"digest: sha256:{HEX}",
        f"image: docker.io/a/b:1@sha256:{HEX}",
        f"terminalBlockHash: '0x{HEX}'",
        f"enode://{HEX}{HEX}@10.0.0.1:30303",
        f"-----BEGIN PUBLIC KEY-----\n{'A' * 64}\n-----END PUBLIC KEY-----",
        f"-----BEGIN CERTIFICATE-----\n{'A' * 64}\n-----END CERTIFICATE-----",
        'if "-----BEGIN EC PRIVATE KEY-----" not in text:',
        "jwt: {existingSecret: {name: jwt, key: jwt.hex}}",
        "secretName: registry-accounts",
        "mnemonic: test test test test test test test test test test test junk",
        "the quick brown fox jumps over the lazy dog and then walks home again",
        "abandon " * 11 + "abandon",  # twelve words of the list, with a checksum that is wrong
        f"data: {{ca.crt: {encoded('-----BEGIN CERTIFICATE-----' + 'A' * 200)}}}",
        "0x" + "0a" * 20,
    ],
)
def test_what_is_no_secret_is_left_alone(text: str):
    assert findings(text, "here") == []


def test_finding_tells_the_line_and_not_the_secret():
    secret = os.urandom(32).hex()
    (finding,) = findings(f"a: 1\nb: 2\njwt: {secret}\n", "values.yaml")

    assert finding.startswith("values.yaml:3: secret of 64 hex digits")
    assert secret not in finding
    assert secret[:6] in finding


def test_each_secret_is_a_finding():
    assert len(findings(f"{pem()}\n{pem()}\njwt: {os.urandom(32).hex()}\n", "here")) == 3


def test_binaries_are_searched_for_what_no_program_has_by_chance():
    program = b"\x7fELF\0\0" + os.urandom(5000)

    assert findings_in_bytes(program + pem().encode() + b"\0", "bin/x")
    assert not findings_in_bytes(program + b"-----BEGIN RSA PRIVATE KEY-----\0-----END", "bin/x")
    assert not findings_in_bytes(program + b"jwt=" + HEX.encode(), "bin/x")


def test_examples_that_others_published_are_no_secrets_of_ours(tmp_path: Path):
    for name in ("app/config.yaml", "app/node_modules/curves/README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"privateKey: {HEX}\n")
    (tmp_path / "app/node_modules/curves/key.pem").write_text(pem())

    assert [one.partition(":")[0] for one in findings_in_folder(tmp_path, ["*/node_modules/*"])] == [
        "app/config.yaml",
        # A key that was published is worth a look all the same.
        "app/node_modules/curves/key.pem",
    ]


def test_secret_in_an_image_is_found(monkeypatch: pytest.MonkeyPatch):
    """In a file of its layers, by the name that the file has in the image."""
    archive = archive_of(find_image("pause"), silent())
    assert store.secrets_in(archive) == []

    files = [("pause", b"\x7fELF\0"), ("etc/key.pem", pem().encode())]
    monkeypatch.setattr(store.layout, "read_files", lambda _: files)

    (found,) = store.secrets_in(archive)
    assert found.startswith("etc/key.pem:1: private key (PEM)")


class TestHistory:
    @pytest.fixture(autouse=True)
    def repository(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("ETHINFRA_CACHE", str(tmp_path / "cache"))
        self.path = tmp_path / "repository"
        self.git("init", "--quiet", str(self.path), at=tmp_path)
        return self.path

    def git(self, *arguments: str, at: Path | None = None) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        run(["git", "-C", at or self.path, *who, *arguments])

    def commit(self, name: str, content: str, message: str = "change") -> None:
        (self.path / name).write_text(content)
        self.git("add", name)
        self.git("commit", "--quiet", "-m", message)

    def test_secret_that_was_removed_long_ago_is_found(self):
        self.commit("jwt.hex", os.urandom(32).hex())
        self.git("rm", "--quiet", "jwt.hex")
        self.commit("other", "nothing")

        (finding,) = history_findings(self.path)
        assert finding.startswith("jwt.hex (")
        # What was found is looked at again every time, what was clean is not.
        assert history_findings(self.path) == [finding]

    def test_secret_on_another_branch_and_in_a_message(self):
        self.commit("a", "a")
        self.git("checkout", "--quiet", "-b", "aside")
        self.commit("b", f"jwt: {os.urandom(32).hex()}")
        self.git("checkout", "--quiet", "-")
        self.commit("c", "c", message=f"use the words {mnemonic()}")

        assert len(history_findings(self.path)) == 2

    def test_secret_that_comes_later_is_found(self):
        self.commit("a", "clean")
        assert history_findings(self.path) == []
        self.commit("b", pem())

        assert len(history_findings(self.path)) == 1

    def test_clean_history_has_none(self):
        self.commit("a", f"digest: sha256:{HEX}")
        (self.path / "bytes").write_bytes(b"\xff\xfe\0" + os.urandom(100))
        self.commit("b", "b")

        assert history_findings(self.path) == []

    def test_checkout_is_searched_as_it_is(self):
        """What is committed, what is not yet, and nothing that git ignores."""
        self.commit("a", "a")
        self.commit(".gitignore", "kept-out\n")
        assert checkout_findings(self.path) == []

        for name in ("a", "new", "kept-out"):
            (self.path / name).write_text(f"jwt: {os.urandom(32).hex()}\n")

        assert [one.partition(":")[0] for one in checkout_findings(self.path)] == ["a", "new"]

    def test_clone_without_history_is_said(self, tmp_path: Path):
        self.commit("a", "a")
        self.commit("b", "b")
        self.git("clone", "--quiet", "--depth=1", f"file://{self.path}", str(tmp_path / "shallow"), at=tmp_path)

        with pytest.raises(MissingCapability, match="shallow"):
            history_findings(tmp_path / "shallow")
