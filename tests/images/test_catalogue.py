"""The catalogue: complete, consistent with what names its images, and strict."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ethinfra.errors import BadInput
from ethinfra.images import Where, catalogue, find_image
from ethinfra.images.catalogue import FILE, parse_catalogue, select
from ethinfra.paths import ROOT
from ethinfra.toolchain import FAMILIES

ENTRY = {"name": "docker.io/a/b", "tag": "1", "folder": "clients/geth", "where": "node", "built-from": "source"}


def test_every_folder_of_recipes_is_in_the_catalogue():
    folders = {path.parent for path in FILE.parent.rglob("Dockerfile")}

    assert folders == {image.folder for image in catalogue()}


def test_references_are_unique():
    references = [image.reference for image in catalogue()]

    assert len(set(references)) == len(references)


def test_every_tool_is_one_that_the_toolchain_builds():
    known = {tool.name for family in FAMILIES.values() for tool in family.tools}

    assert {name for image in catalogue() for name in (*image.tools, *dict(image.trees))} <= known


def test_sources_exist():
    assert all((ROOT / source).exists() for image in catalogue() for source, _ in image.sources)


def test_what_the_registry_needs_does_not_come_from_it():
    needed = {"pause", "registry", "nginx", "coredns", "local-path-provisioner", "busybox"}

    assert needed <= {image.key for image in select(None, Where.NODE)}


def test_images_of_releases_are_for_those_who_name_them():
    """They are downloaded: `make images` must not need hosts that the rest of the project does not."""
    assert not [image.key for image in select(None) if image.releases]
    assert [image.key for image in select(["besu"])] == ["besu"]


def test_url_of_a_release_has_the_version_of_the_tag():
    (release,) = find_image("lighthouse").releases

    assert release.url.endswith("/v8.2.2/lighthouse-v8.2.2-x86_64-unknown-linux-gnu.tar.gz")


def named_images(document: object) -> set[str]:
    """References of a values file: maps with `repository` and `tag`."""
    if isinstance(document, list):
        return set().union(*(named_images(one) for one in document))
    if not isinstance(document, dict):
        return set()
    own = {f"{document['repository']}:{document['tag']}"} if {"repository", "tag"} <= document.keys() else set()
    return own.union(*(named_images(one) for one in document.values()))


def test_every_image_that_values_name_is_built():
    """A version that is raised in one place only would be asked for and never found."""
    files = [*ROOT.glob("charts/*/values.yaml"), *ROOT.glob("values/clients/*.yaml")]
    named = set().union(*(named_images(yaml.safe_load(path.read_text())) for path in files))

    assert len(named) >= 6
    assert named <= {image.reference for image in catalogue()}


@pytest.mark.parametrize("name", ["geth", "docker.io/ethereum/client-go", "docker.io/ethereum/client-go:v1.17.5"])
def test_image_is_found_by_key_and_by_name(name: str):
    assert find_image(name).key == "geth"


def test_unknown_image_lists_the_known_ones():
    with pytest.raises(BadInput, match="prysm-beacon-chain"):
        find_image("made-up")


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"nmae": "x"}, "images.one"),
        ({"where": "somewhere"}, "images.one.where"),
        ({"built-from": "magic"}, "images.one.built-from"),
        ({"name": "library/nginx"}, "images.one.name"),
        ({"tag": "a b"}, "images.one.tag"),
        ({"tools": "geth"}, "images.one.tools"),
        ({"releases": [{"url": "ftp://a/b", "files": {"a": "bin/a"}}]}, "images.one.releases.0.url"),
        ({"releases": [{"url": "https://a/b", "files": {"a": "/bin/a"}}]}, "images.one.releases.0.files.a"),
        ({"architecture": "x86_64"}, "images.one.architecture"),
    ],
)
def test_wrong_entry_is_refused_with_its_key(change: dict[str, object], key: str):
    with pytest.raises(BadInput) as refused:
        parse_catalogue({"images": {"one": {**ENTRY, **change}}}, source=Path("images.yaml"))

    assert key in str(refused.value)
