"""Exit codes: a job's step tells by its own what whoever reads it can do."""

from __future__ import annotations

import errno

import pytest

from ethinfra.errors import BadInput, EthinfraError
from ethinfra.registry.transport import RegistryRefused, RegistryUnreachable
from ethinfra.snapshot.errors import (
    BAD_INPUT,
    DEFECT,
    FAILED,
    OUT_OF_SPACE,
    REGISTRY,
    MissingContent,
    OutOfSpace,
    damaged_manifest,
    exit_code,
)

REFUSED = "PATCH /v2/snapshots/devnet/geth/blobs/uploads/1"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(OutOfSpace("/data", seen="4096 bytes free"), OUT_OF_SPACE, id="no-room-here"),
        pytest.param(OSError(errno.ENOSPC, "No space left on device"), OUT_OF_SPACE, id="disk-full"),
        pytest.param(OSError(errno.EDQUOT, "Disk quota exceeded"), OUT_OF_SPACE, id="quota-full"),
        # distribution's registry says so with a 500, of its own file system.
        pytest.param(
            RegistryRefused(REFUSED, 500, '{"errors":[{"detail":"write /var/…: no space left on device"}]}'),
            OUT_OF_SPACE,
            id="registry-full",
        ),
        pytest.param(RegistryRefused(REFUSED, 507, ""), OUT_OF_SPACE, id="registry-full-by-status"),
        pytest.param(RegistryRefused(REFUSED, 500, "unknown error"), REGISTRY, id="registry-refuses"),
        pytest.param(RegistryRefused(REFUSED, 401, ""), REGISTRY, id="registry-knows-us-not"),
        pytest.param(RegistryUnreachable("registry.example"), REGISTRY, id="registry-away"),
        pytest.param(BadInput("--level 40"), BAD_INPUT, id="bad-input"),
        pytest.param(EthinfraError("the snapshot is of another network"), FAILED, id="refused"),
        pytest.param(OSError(errno.EIO, "Input/output error"), FAILED, id="disk-fails"),
        pytest.param(KeyError("blob"), DEFECT, id="defect"),
    ],
)
def test_exit_code_tells_what_kind_of_failure_it_was(error: Exception, code: int) -> None:
    assert exit_code(error) == code


def test_who_finds_the_registry_full_is_told_to_make_room() -> None:
    assert "make room" in str(RegistryRefused(REFUSED, 500, "no space left on device"))


@pytest.mark.parametrize("error", [damaged_manifest("latest", expected="a", seen="b"), MissingContent("a", where="b")])
def test_who_finds_a_snapshot_damaged_is_told_what_removes_it(error: EthinfraError) -> None:
    """Cleanups decide by themselves what goes, and leave what is in doubt."""
    assert "delete this one's tags" in str(error)
