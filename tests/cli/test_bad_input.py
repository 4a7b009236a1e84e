"""Bad input: names the thing, says what is known, changes nothing, shows no traceback; exit code 2."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest
import yaml

from ethinfra import cli
from ethinfra.cli import cluster as cluster_verbs
from ethinfra.cli import snapshot as snapshot_verbs
from ethinfra.cluster.embedded import preflight
from ethinfra.cluster.embedded.plan import ClusterPlan, cluster_id
from ethinfra.cluster.embedded.provider import EmbeddedProvider
from tests.cli.ended import Ended, Ethinfra

ENVIRONMENTS = "one of: local, production, staging"
LAYERS = "one of: infrastructure, local-registry, istio, observability, ethereum"
PROVIDERS = "one of: embedded, kind, context, context:NAME"
RANGES = "one of: 10.128.0.0/16"


@pytest.fixture
def ethinfra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Ethinfra:
    """The command line, on a machine without clusters that could not boot one, with a kubeconfig of two contexts."""
    contexts = [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("prod-somewhere", "staging")]
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump({"current-context": "prod-somewhere", "contexts": contexts}))
    monkeypatch.setenv("ETHINFRA_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.setattr(EmbeddedProvider, "check", lambda *_: ["nothing is booted in a unit test"])
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["ethinfra", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capsys.readouterr()
        return Ended(int(left.value.code or 0), out + err)

    return run


@pytest.mark.usefixtures("fake_cluster")
@pytest.mark.parametrize(
    ("arguments", "named", "expected"),
    [
        ("up --env moon", "environment 'moon'", ENVIRONMENTS),
        ("certify --env moon", "environment 'moon'", ENVIRONMENTS),
        ("env check moon", "environment 'moon'", ENVIRONMENTS),
        ("deploy --layer moon --name local", "layer 'moon'", LAYERS),
        ("render --layer moon", "layer 'moon'", LAYERS),
        ("status --cluster moon", "provider 'moon'", PROVIDERS),
        ("up --nodes 0", "--nodes", "greater than or equal to 1"),
        ("up --nodes 21", "--nodes", "less than or equal to 20"),
        ("up --nodes many", "--nodes", "valid integer"),
        ("up --name Bad_Name", "'Bad_Name'", "a-z, 0-9"),
        ("up --range 10.1.0.0/16", "'10.1.0.0/16'", RANGES),
        ("up --range 10.130.0.5/16", "'10.130.0.5/16'", RANGES),
        ("up --range somewhere", "'somewhere'", RANGES),
        ("tools install moon", "family 'moon'", "one of: cni, containerd"),
        ("tools path moon", "tool 'moon'", "kubectl"),
        ("images build moon", "image 'moon'", "one of: pause"),
        ("certificate verify /nowhere", "/nowhere cannot be read", "a certificate.json or its folder"),
        ("deploy --env staging --cluster context:prod-somewhere", "context 'prod-somewhere'", "one of: staging"),
        ("up --env local --cluster context", "context 'prod-somewhere'", "one of: (none)"),
        ("status --env production", "context 'production' is not in", "one of: prod-somewhere, staging"),
        ("moon", "No such command 'moon'", "ethinfra --help"),
        ("up --moon", "No such option: --moon", "ethinfra up --help"),
    ],
)
def test_bad_input_is_refused(ethinfra: Ethinfra, arguments: str, named: str, expected: str, tmp_path: Path) -> None:
    ended = ethinfra(*arguments.split())

    assert ended.code == 2
    assert named in ended.said
    assert expected in ended.said
    assert "Traceback" not in ended.said
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == [cluster_id("local")]


@pytest.fixture
def fake_cluster(ethinfra: Ethinfra) -> None:  # noqa: ARG001 -- its state folder
    """The record of a cluster that does not run: what is refused must be refused before it is asked anything."""
    ClusterPlan(cluster_id("local"), "local", 130, 1).save()


@pytest.mark.parametrize("content", ["- [", "just text", "[1, 2]"])
def test_broken_kubeconfig_is_named(ethinfra: Ethinfra, tmp_path: Path, content: str) -> None:
    (tmp_path / "kubeconfig").write_text(content)

    ended = ethinfra("status", "--env", "staging")

    assert ended.code == 2
    assert str(tmp_path / "kubeconfig") in ended.said
    assert "KUBECONFIG" in ended.said


def test_missing_kubeconfig_names_the_context_that_it_should_have(ethinfra: Ethinfra, tmp_path: Path) -> None:
    """Not "boot it": a cluster of a context is nobody's to boot."""
    (tmp_path / "kubeconfig").unlink()

    for verb in ("deploy", "up", "status"):
        ended = ethinfra(verb, "--env", "staging")

        assert ended.code == 1
        assert "one with the context staging" in ended.said
        assert "boot" not in ended.said


def test_what_must_be_booted_first_is_said_with_its_name(ethinfra: Ethinfra) -> None:
    ended = ethinfra("status", "--name", "mine")

    assert ended.code == 1
    assert "ethinfra up --env local --name mine" in ended.said


def test_obstacles_of_the_machine_are_a_failure_and_leave_nothing(ethinfra: Ethinfra, tmp_path: Path) -> None:
    ended = ethinfra("up", "--cluster-only")

    assert ended.code == 1
    assert "✗ this machine" in ended.said
    assert "nothing is booted in a unit test" in ended.said
    assert not (tmp_path / "state").exists()


def test_who_is_not_root_is_told_so_by_down_too(
    ethinfra: Ethinfra, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """At once, and not as a lock that somebody else holds."""
    monkeypatch.setattr(preflight.os, "geteuid", lambda: 1000)

    ended = ethinfra("down")

    assert ended.code == 1
    assert "not root" in ended.said
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_what_the_machine_refuses_is_said_without_a_traceback(
    ethinfra: Ethinfra, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "/full/of/files")

    monkeypatch.setattr(snapshot_verbs, "reach", refuse)

    ended = ethinfra("snapshot", "list")

    assert ended.code == 1
    assert f"/full/of/files: {os.strerror(number)}" in ended.said
    assert "Traceback" not in ended.said


def test_target_that_cannot_be_made_is_named(
    ethinfra: Ethinfra, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(snapshot_verbs, "reach", lambda *_: None)
    monkeypatch.setattr(snapshot_verbs, "Planned", lambda *_: None)

    for target in (tmp_path / "file", tmp_path / "file/below"):
        ended = ethinfra("snapshot", "restore", str(target))

        assert ended.code == 2
        assert f"{target} cannot be made" in ended.said


def test_ctrl_c_says_what_stays(ethinfra: Ethinfra, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cluster_verbs, "must_find", interrupted)

    ended = ethinfra("status")

    assert ended.code == 130
    assert "interrupted; what was done stays" in ended.said
