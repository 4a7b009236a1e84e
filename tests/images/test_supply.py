"""Where images come from is told completely, or what is missing is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ethinfra.errors import BadInput
from ethinfra.images import catalogue, find_image
from ethinfra.images.supply import gaps, images_of, pinned_modules, supplies, unpinned_modules


@pytest.mark.parametrize("image", catalogue(), ids=lambda image: image.key)
def test_origin_of_every_image_is_told(image: Any):
    one = supplies(image)

    assert gaps(one) == []
    assert json.dumps(one.listed)


def test_programs_are_listed_by_their_modules():
    (family, modules), *others = supplies(find_image("prysm-beacon-chain")).modules.items()

    assert (family, others) == ("prysm", [])
    assert modules["github.com/OffchainLabs/prysm/v7@v7.1.2"].startswith("h1:")
    assert len(modules) > 100
    assert all(one.startswith("sha512-") for one in supplies(find_image("ethereumjs")).modules["ethereumjs"].values())


def test_upstream_s_files_are_listed_with_their_checksums():
    (checksum,) = supplies(find_image("lighthouse")).files.values()

    assert checksum is not None
    assert len(checksum) == 64


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": ""}, "where its source is"),
        ({"source": "somewhere"}, "where its source is"),
        ({"licences": ""}, "its licences"),
        ({"modules": {}}, "what it is made of"),
        ({"modules": {"geth": {}}}, "toolchain/geth has none of go.sum, package-lock.json"),
        ({"modules": {"geth": {"example.org/a@v1": ""}}}, "example.org/a@v1 of toolchain/geth has no checksum"),
    ],
)
def test_gap_is_named(change: dict[str, Any], said: str):
    (found,) = gaps(replace(supplies(find_image("geth")), **change))

    assert found.startswith("docker.io/ethereum/client-go:")
    assert said in found


def test_modules_are_those_that_the_locks_pin(tmp_path: Path):
    assert pinned_modules(tmp_path) == {}

    (tmp_path / "go.sum").write_text("example.org/a v1 h1:x=\nexample.org/a v1/go.mod h1:y=\n")
    locked = {
        "": {},
        "node_modules/a": {"version": "1", "integrity": "s"},
        "node_modules/a/node_modules/@b/c": {"version": "2"},
    }
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": locked}))

    assert pinned_modules(tmp_path) == {"example.org/a@v1": "h1:x=", "a@1": "s", "@b/c@2": ""}


def test_package_that_no_lock_has_is_named():
    geth, ethereumjs = supplies(find_image("geth")), supplies(find_image("ethereumjs"))
    known = next(iter(geth.modules["geth"]))

    assert unpinned_modules([f"pkg:golang/{known}", "pkg:golang/stdlib@1.26", "pkg:deb/debian/libc6@2"], geth) == []
    assert unpinned_modules(["pkg:golang/example.org/a@v9"], geth) == ["example.org/a@v9"]
    assert unpinned_modules(["pkg:npm/%40a/b@9"], ethereumjs) == ["@a/b@9"]


def test_image_that_nobody_knows_is_named():
    geth = find_image("geth")

    assert images_of([geth.reference, f"{geth.reference}@sha256:{'a' * 64}"]) == [geth]
    with pytest.raises(BadInput, match=r"docker\.io/a/b:1"):
        images_of([geth.reference, "docker.io/a/b:1"])
