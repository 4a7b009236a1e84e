"""Another reader, written from docs/snapshot-format.md alone: if it restores what we push, the page is true.

It uses nothing of `ethinfra`: HTTP by urllib, and zstd.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import zstandard

from ethinfra.snapshot.promote import promote
from ethinfra.snapshot.push import push
from tests.snapshot import tree
from tests.snapshot.registries import Crane

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class Reader:
    def __init__(self, url: str, repository: str) -> None:
        self.base = f"{url}/v2/{repository}"

    def _get(self, path: str) -> bytes:
        request = urllib.request.Request(f"{self.base}/{path}", headers={"Accept": f"{MANIFEST}, {INDEX}"})  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            body: bytes = answer.read()
        return body

    def _document(self, kind: str, digest: str) -> bytes:
        body = self._get(f"{kind}/{digest}")
        assert "sha256:" + hashlib.sha256(body).hexdigest() == digest
        return body

    def _manifests(self, tag: str) -> list[dict[str, Any]]:
        top = json.loads(self._get(f"manifests/{tag}"))
        assert top["artifactType"] == "application/vnd.ethinfra.snapshot.v1"
        if top["mediaType"] == MANIFEST:
            return [top]
        shards = [json.loads(self._document("manifests", one["digest"])) for one in top["manifests"]]
        assert {one["artifactType"] for one in shards} == {"application/vnd.ethinfra.snapshot.shard.v1"}
        return shards

    def restore(self, tag: str, into: Path) -> dict[str, Any]:
        parts = self._manifests(tag)
        (config_digest,) = {part["config"]["digest"] for part in parts}
        layers = {layer["digest"]: layer for part in parts for layer in part["layers"]}
        config: dict[str, Any] = json.loads(self._document("blobs", config_digest))
        assert config["schemaVersion"] == 1
        listed = {one["path"] for one in config["directories"]}
        paths = [*listed, *(file["path"] for file in config["files"])]
        assert len(set(paths)) == len(paths)
        for path in paths:
            assert not {"", ".", ".."} & set(path.split("/"))
            assert "/" not in path or path.rpartition("/")[0] in listed
        for directory in sorted(config["directories"], key=lambda one: str(one["path"])):
            (into / directory["path"]).mkdir(mode=directory["mode"])
        for file in config["files"]:
            self._file(file, into / file["path"], config["chunkSize"], layers)
        return config

    def _file(self, file: dict[str, Any], path: Path, chunk_size: int, layers: dict[str, dict[str, Any]]) -> None:
        assert len(file["chunks"]) == -(-file["size"] // chunk_size)
        with path.open("xb") as out:
            for number, (raw, layer, stored) in enumerate(file["chunks"]):
                kind = "chunk.v1" if raw == layer else "chunk.v1+zstd"
                assert layers[f"sha256:{layer}"]["size"] == stored
                assert layers[f"sha256:{layer}"]["mediaType"] == f"application/vnd.ethinfra.snapshot.{kind}"
                data = self._get(f"blobs/sha256:{layer}")
                assert len(data) == stored
                size = min(chunk_size, file["size"] - number * chunk_size)
                if raw != layer:
                    assert zstandard.frame_content_size(data) == size
                    data = zstandard.ZstdDecompressor().decompress(data)
                assert hashlib.sha256(data).hexdigest() == raw
                out.write(data)
        path.chmod(file["mode"])


@pytest.mark.parametrize("max_layers", [10_000, 4], ids=["one manifest", "shards"])
def test_reader_that_was_written_from_the_page_restores_a_snapshot(
    second_registry: Crane, source: Path, volume: Path, max_layers: int
) -> None:
    repository = f"snapshots/page/{secrets.token_hex(6)}"
    store = second_registry.store(repository)
    promote(store, push(source, store, tree.description(), chunk_size=tree.CHUNK, max_layers=max_layers).id)

    config = Reader(f"http://127.0.0.1:{second_registry.port}", repository).restore("latest", volume)

    assert tree.database_of(volume) == tree.database_of(source)
    assert config["block"]["number"] == 100
    assert config["network"] == {"name": "devnet", "chainId": 32382, "genesisHash": tree.GENESIS}
