"""What is said before a boot is tried."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ethinfra.cluster.embedded import preflight
from ethinfra.cluster.embedded.provider import EmbeddedProvider
from ethinfra.cluster.provider import ClusterSpec
from ethinfra.process import Completed


def test_not_root_is_said_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert len(preflight.obstacles(1)) == 1
    assert "not root" in preflight.obstacles(1)[0]


def test_a_missing_program_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name in ("mkfs.xfs", "nft") else which(name))
    monkeypatch.setattr(preflight, "PROGRAMS", {"sh": "dash", "mkfs.xfs": "xfsprogs", "nft": "nftables"})

    assert preflight.missing_programs() == ["missing programs: mkfs.xfs, nft; apt-get install nftables xfsprogs"]


def test_a_missing_kernel_feature_is_named_with_the_kernels_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "run", lambda *_, **__: Completed((), 0, "3 bridge: Operation not supported", ""))

    (found,) = preflight.missing_features()

    assert "bridges" in found
    assert "Operation not supported" in found


def test_no_right_to_make_namespaces_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Completed((), 1, "", "unshare: unshare failed: Operation not permitted")
    monkeypatch.setattr(preflight, "run", lambda *_, **__: refused)

    assert "privileged container" in preflight.missing_features()[0]


def test_too_little_memory_and_disk_are_said_with_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=3 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(preflight, "available_memory_mib", lambda: 900)

    disk, memory = preflight.missing_room(3, where=tmp_path / "not" / "there")

    assert "3 GiB free" in disk
    assert "900 MiB" in memory


@pytest.mark.usefixtures("state")
def test_up_refuses_before_it_makes_anything(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    """The check changes nothing."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert EmbeddedProvider().check(ClusterSpec("local"))
    assert not state.exists()
