"""Families of documents: the real Go, and a module proxy in a folder."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ethinfra.errors import ToolchainError
from ethinfra.process import run
from ethinfra.progress import silent
from ethinfra.toolchain.families import Document, DocumentFamily
from ethinfra.toolchain.go import find_go
from ethinfra.toolchain.install import install
from ethinfra.toolchain.store import Store

MODULE, VERSION = "example.test/papers", "v1.2.3"
FILES = {
    "api/spec.json": "{}\n",
    "crds/one.yaml": "kind: One\n",
    "crds/two.yaml": "kind: Two\n",
    "main.go": "package x",
}
PAPERS = DocumentFamily(
    "papers",
    (),
    seconds=1,
    gigabytes=0.1,
    documents=(Document(MODULE, "api/spec.json"), Document(MODULE, "crds/*.yaml")),
)


@pytest.fixture(autouse=True)
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Go fetches modules: one module at one version."""
    folder = tmp_path / "proxy" / MODULE / "@v"
    folder.mkdir(parents=True)
    go_mod = f"module {MODULE}\n\ngo 1.26.0\n"
    (folder / f"{VERSION}.info").write_text(json.dumps({"Version": VERSION}))
    (folder / f"{VERSION}.mod").write_text(go_mod)
    with zipfile.ZipFile(folder / f"{VERSION}.zip", "w") as archive:
        for name, text in {**FILES, "go.mod": go_mod}.items():
            archive.writestr(f"{MODULE}@{VERSION}/{name}", text)
    monkeypatch.setenv("GOPROXY", f"file://{tmp_path / 'proxy'}")
    return folder


@pytest.fixture
def sources(tmp_path: Path, proxy: Path) -> Path:  # noqa: ARG001 - go.sum is made of what it has
    """A `toolchain/` with the family `papers`."""
    folder = tmp_path / "toolchain" / "papers"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text(f"module example.test/toolchain\n\ngo 1.26.0\n\nrequire {MODULE} {VERSION}\n")
    go = find_go()
    run([go.path, "mod", "download", f"{MODULE}@{VERSION}"], cwd=folder, env=go.environment(tmp_path / "go", {}))
    run([go.path, "clean", "-modcache"], env=go.environment(tmp_path / "go", {}))
    return folder.parent


@pytest.fixture
def store(sources: Path, tmp_path: Path) -> Store:
    return Store(sources, tmp_path / "cache", find_go(), {"papers": PAPERS})


@pytest.fixture
def installed(store: Store) -> Store:
    install(store, (), silent())
    return store


def test_documents_outlive_the_go_caches(installed: Store):
    assert not installed.go_caches.exists()
    kept = {document.file: document.path.read_text() for document in installed.documents("papers")}
    assert kept == {name: FILES[name] for name in ("api/spec.json", "crds/one.yaml", "crds/two.yaml")}
    assert {(document.module, document.version) for document in installed.documents("papers")} == {(MODULE, VERSION)}
    assert installed.state("papers", thorough=True).state == "installed"


def test_absent_documents_name_the_command_that_fetches_them(store: Store):
    with pytest.raises(ToolchainError, match="ethinfra tools install papers"):
        store.documents("papers")


def test_a_changed_document_is_not_handed_out(installed: Store):
    installed.documents("papers")[0].path.write_text("[]\n")

    with pytest.raises(ToolchainError, match=r"spec\.json has digest"):
        installed.documents("papers")
    assert installed.state("papers").state == "corrupt"


@pytest.mark.parametrize("text", ["", "{}", '{"tools": {}, "seconds": 1}'])
def test_a_damaged_manifest_is_corruption(installed: Store, text: str):
    (installed.folder(PAPERS) / "manifest.json").write_text(text)

    with pytest.raises(ToolchainError, match="does not list documents"):
        installed.documents("papers")
    assert installed.state("papers").state == "corrupt"


def test_a_module_without_its_hash_is_refused_and_not_pinned_in_passing(store: Store, sources: Path):
    (sources / "papers" / "go.sum").write_text("")

    with pytest.raises(ToolchainError, match=f"go mod download {MODULE}@{VERSION}"):
        install(store, (), silent())

    assert (sources / "papers" / "go.sum").read_text() == ""


def test_another_module_than_the_pinned_one_is_refused(store: Store, proxy: Path):
    with zipfile.ZipFile(proxy / f"{VERSION}.zip", "a") as archive:
        archive.writestr(f"{MODULE}@{VERSION}/crds/three.yaml", "kind: Three\n")

    with pytest.raises(ToolchainError) as refused:
        install(store, (), silent())

    assert "checksum mismatch" in refused.value.seen
    assert list((store.root / "tools" / "papers").iterdir()) == []


def test_a_document_that_the_module_does_not_hold_is_refused(store: Store):
    lacking = replace(PAPERS, documents=(*PAPERS.documents, Document(MODULE, "crds/none.yaml")))

    with pytest.raises(ToolchainError, match=r"crds/none\.yaml in example\.test/papers"):
        install(replace(store, families={"papers": lacking}), (), silent())


@pytest.mark.parametrize("file", ["go.mod", "go.sum"])
def test_other_modules_are_other_documents(store: Store, sources: Path, file: str):
    before = store.key(PAPERS)
    path = sources / "papers" / file
    path.write_text(path.read_text() + "\n")

    assert store.key(PAPERS) != before


def test_a_longer_list_is_fetched_anew_and_another_go_fetches_the_same(store: Store):
    newer = replace(store, go=replace(store.go, version="go1.99.0 linux/amd64"))

    assert store.key(replace(PAPERS, documents=PAPERS.documents[:1])) != store.key(PAPERS)
    assert newer.key(PAPERS) == store.key(PAPERS)
