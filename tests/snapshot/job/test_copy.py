"""Reflinked copies on real file systems."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ethinfra.errors import BadInput
from ethinfra.process import run
from ethinfra.snapshot.errors import OutOfSpace, SourceChanged
from ethinfra.snapshot.job import copy as copying
from ethinfra.snapshot.job.copy import copy, flush, must_be_unchanged, must_reflink, remove, settle
from ethinfra.snapshot.job.errors import CannotCopy
from ethinfra.snapshot.selection import Selection, scan
from tests.snapshot.job.conftest import fill_up

#: As values/clients/geth.yaml has it.
GETH = Selection(("geth/chaindata", "geth/triedb"), ("geth/nodekey", "keystore", "*/LOCK", "*.ipc"))

FILES = {
    "geth/chaindata/000001.sst": 0o444,
    "geth/chaindata/MANIFEST": 0o644,
    "geth/chaindata/ancient/chain/headers.0000.cdat": 0o640,
    "geth/triedb/merkle.journal": 0o600,
}
OTHERS = ("geth/chaindata/LOCK", "geth/nodekey", "keystore/key", "geth/nodes/1", ".ethinfra-hold")


def fill(volume: Path, size: int = 100_000) -> None:
    for name in (*FILES, *OTHERS):
        path = volume / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
        path.chmod(FILES.get(name, 0o600))
    (volume / "geth/chaindata/ancient/state").mkdir(mode=0o700)
    (volume / "geth/chaindata/ancient").chmod(0o555)


def below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_copy_has_the_selected_files_with_their_modes(volume: Path):
    fill(volume)

    copied = copy(volume, volume / ".ethinfra-snapshots/x/data", GETH)

    into = volume / ".ethinfra-snapshots/x/data"
    assert below(into) == set(FILES)
    for name, mode in FILES.items():
        assert (into / name).read_bytes() == (volume / name).read_bytes()
        assert (into / name).stat().st_mode & 0o777 == mode
    assert (into / "geth/chaindata/ancient").stat().st_mode & 0o777 == 0o555
    assert (into / "geth/chaindata/ancient/state").is_dir()
    assert copied.size == 100_000 * len(FILES)
    assert {file.path: file.identity[0] for file in copied.files} == {
        name: (volume / name).stat().st_ino for name in FILES
    }


def test_copy_keeps_what_the_client_overwrites_afterwards(volume: Path):
    fill(volume)
    before = (volume / "geth/chaindata/MANIFEST").read_bytes()
    copy(volume, volume / "copy", GETH)

    (volume / "geth/chaindata/MANIFEST").write_bytes(b"the client goes on")

    assert (volume / "copy/geth/chaindata/MANIFEST").read_bytes() == before


def test_copy_takes_neither_time_nor_room(volume: Path):
    """100 MB that share their blocks. The control: reading and writing them would take their size."""
    big = volume / "geth/chaindata/big.sst"
    big.parent.mkdir(parents=True)
    with big.open("wb") as file:
        for _ in range(100):
            file.write(os.urandom(1 << 20))
        os.fsync(file.fileno())
    free = os.statvfs(volume).f_bfree
    begun = time.monotonic()

    copy(volume, volume / "copy", GETH)
    settle(volume / "copy")

    assert time.monotonic() - begun < 2
    used = (free - os.statvfs(volume).f_bfree) * os.statvfs(volume).f_frsize
    assert used < 2_000_000


def test_file_system_without_reflink_is_refused_with_the_other_ways(small: Path):
    fill(small, 100)

    with pytest.raises(CannotCopy) as refused:
        must_reflink(small)

    assert "volume-snapshot" in refused.value.todo
    assert "hold" in refused.value.todo
    with pytest.raises(CannotCopy):
        copy(small, small / "copy", GETH)


def test_file_system_with_reflink_is_accepted_and_left_as_it_was(volume: Path):
    must_reflink(volume)

    assert list(volume.iterdir()) == []


def test_full_volume_is_said(small: Path):
    fill_up(small)

    with pytest.raises(OutOfSpace):
        must_reflink(small)


@pytest.mark.parametrize(
    "write",
    [
        lambda volume: (volume / "geth/chaindata/MANIFEST").write_bytes(bytes(100_000)),
        lambda volume: (volume / "geth/chaindata/000002.sst").touch(),
        lambda volume: (volume / "geth/triedb/merkle.journal").unlink(),
    ],
    ids=["changed", "added", "removed"],
)
def test_volume_that_is_written_to_meanwhile_is_noticed(volume: Path, write):
    """A client that was not stopped after all."""
    fill(volume)
    _, before = scan(volume, GETH)
    must_be_unchanged(volume, GETH, before)

    write(volume)

    with pytest.raises(SourceChanged, match="changed while it was copied"):
        must_be_unchanged(volume, GETH, before)


def test_copy_looks_for_writers_itself(volume: Path, monkeypatch: pytest.MonkeyPatch):
    fill(volume)
    real = copying.reflink_file

    def slow(source: Path, target: Path) -> bool:
        (volume / "geth/chaindata/MANIFEST").write_bytes(b"still here")
        return real(source, target)

    monkeypatch.setattr(copying, "reflink_file", slow)

    with pytest.raises(SourceChanged):
        copy(volume, volume / "copy", GETH)


def test_what_is_not_selected_may_change(volume: Path):
    fill(volume)
    _, before = scan(volume, GETH)

    (volume / "geth/nodes/1").write_bytes(b"peers")

    must_be_unchanged(volume, GETH, before)


def test_link_in_the_database_is_refused(volume: Path):
    """It could lead anywhere."""
    fill(volume)
    (volume / "geth/chaindata/link").symlink_to("/etc/passwd")

    with pytest.raises(BadInput, match="no regular file"):
        copy(volume, volume / "copy", GETH)


def test_unfinished_copy_is_removed(volume: Path, monkeypatch: pytest.MonkeyPatch):
    """As somebody who may not write to its folders; none is not an error."""
    fill(volume)
    copy(volume, volume / "copy", GETH)
    run(["chown", "-R", "10001:10001", volume])

    monkeypatch.chdir(volume)
    child = os.fork()
    if child == 0:
        # As a user whom modes bind. The working directory is entered already; this user could not walk to it.
        os.setgid(10001)
        os.setuid(10001)
        try:
            remove(Path("copy"))
            remove(Path("copy"))
        finally:
            os._exit(Path("copy").exists())

    assert os.waitpid(child, 0)[1] == 0
    assert not (volume / "copy").exists()


def test_flush_reaches_only_what_is_selected(volume: Path):
    """What cannot be read by the job, as lost+found, is none of its business."""
    fill(volume)
    flush(volume, GETH)
