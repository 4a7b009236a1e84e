"""When a chunk is stored compressed: where it pays for the time that each restore takes to undo it."""

from __future__ import annotations

import hashlib
import random

import pytest

from ethinfra.snapshot.chunks import Codec

SIZE = 1 << 20


def mixed(shrinking: int, of: int = 100) -> bytes:
    """SIZE bytes, in blocks of 1 KiB of which `shrinking` in `of` shrink to nothing."""
    rng = random.Random(20261123)  # noqa: S311
    blocks = (bytes(1024) if number % of < shrinking else rng.randbytes(1024) for number in range(SIZE // 1024))
    return b"".join(blocks)


def is_plain(data: bytes, level: int) -> bool:
    raw = hashlib.sha256(data).digest()
    return Codec(SIZE, level).store(memoryview(data), raw).layer == raw


@pytest.mark.parametrize(
    ("shrinking", "level", "plain"),
    [
        pytest.param(0, 1, True, id="noise"),
        pytest.param(0, 3, True, id="noise-for-size"),
        # A freezer's blocks, which the client has compressed: not worth it where level 1 asks for speed.
        pytest.param(6, 1, True, id="six-percent"),
        pytest.param(6, 3, False, id="six-percent-for-size"),
        pytest.param(14, 1, False, id="fourteen-percent"),
        pytest.param(100, 1, False, id="zeros"),
    ],
)
def test_chunk_is_compressed_where_that_pays(shrinking: int, level: int, plain: bool) -> None:
    assert is_plain(mixed(shrinking), level) == plain


def test_chunk_that_is_noise_for_the_most_part_is_tried() -> None:
    """One sample of four that shrinks makes the whole worth a try."""
    noise = random.Random(7).randbytes(SIZE)  # noqa: S311
    data = noise[: SIZE * 3 // 4] + bytes(SIZE // 4)

    assert not is_plain(data, 1)
