"""The verbs, as an operator types them, on an image layout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ethinfra.snapshot.__main__ import main
from ethinfra.snapshot.cache import ChunkCache
from ethinfra.snapshot.errors import BAD_INPUT, FAILED, REGISTRY
from tests.snapshot import cached

HASH = "0x" + "11" * 32


def _push(source: Path, layout: Path, block: int = 100) -> list[str]:
    chain = ["--network", "devnet", "--chain-id", "32382", "--genesis-hash", HASH]
    head = ["--block", str(block), "--block-hash", HASH, "--state-root", HASH, "--block-time", "1700000000"]
    what = ["--include", "geth/chaindata", "--exclude", "*/LOCK", "--chunk-size", "8K"]
    return ["push", "--layout", str(layout), "--source", str(source), "--client", "geth:1.17.5", *chain, *head, *what]


def _id(layout: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["list", "--layout", str(layout), "--all", "--json"]) == 0
    return str(json.loads(capsys.readouterr().out)[-1]["id"])


def test_snapshot_is_made_promoted_verified_and_restored_by_hand(
    source: Path, volume: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = tmp_path / "layout"
    assert main(_push(source, layout)) == 0
    name = _id(layout, capsys)

    assert main(["promote", "--layout", str(layout), name]) == 0
    assert main(["verify", "--layout", str(layout)]) == 0
    (tmp_path / "cache").mkdir()
    cache = ["--cache", str(tmp_path / "cache"), "--cache-limit", "1G"]
    assert main(["pull", "--layout", str(layout), "--into", str(volume), "--client", "geth:1.17.5", *cache]) == 0
    assert main(["cache", "scrub", "--directory", str(tmp_path / "cache")]) == 0
    assert main(["pull", "--layout", str(layout), "--into", str(volume), "--snapshot", name]) == 0
    assert main(["pull", "--layout", str(layout), "--into", str(volume), "--snapshot", "absent"]) == FAILED
    said = capsys.readouterr().out

    assert (volume / "geth/chaindata/CURRENT").read_bytes() == b"MANIFEST-000001\n"
    assert f"holds {name}, block 100 of devnet" in said
    assert "restored from" in said


def test_pull_refuses_a_release_that_nobody_knows_to_read_the_data(
    source: Path, volume: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = tmp_path / "layout"
    main(_push(source, layout))
    pull = ["pull", "--layout", str(layout), "--into", str(volume), "--snapshot", _id(layout, capsys)]

    assert main([*pull, "--client", "geth:1.99.0"]) == FAILED
    assert "1.17.5 wrote it, 1.99.0 shall read it" in capsys.readouterr().err
    assert main([*pull, "--client", "reth"]) == FAILED
    assert list(volume.iterdir()) == []
    assert main([*pull, "--client", "geth"]) == 0


def test_prune_shows_what_it_would_do(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = tmp_path / "layout"
    for block in (100, 200):
        main(_push(source, layout, block))
        main(["promote", "--layout", str(layout), _id(layout, capsys)])
    capsys.readouterr()

    assert main(["prune", "--layout", str(layout), "--count", "1", "--age", "0s", "--dry-run"]) == 0
    dry = capsys.readouterr().out
    assert main(["prune", "--layout", str(layout), "--count", "1", "--age", "0s"]) == 0
    capsys.readouterr()
    main(["list", "--layout", str(layout)])

    assert "remove  0000000100" in dry
    assert "1 would be removed" in dry
    left = capsys.readouterr().out
    assert "0000000200" in left
    assert "0000000100" not in left


def test_list_names_a_damaged_snapshot_and_goes_on(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = tmp_path / "layout"
    digests = []
    for block in (100, 200):
        capsys.readouterr()
        main(_push(source, layout, block))
        digests.append(capsys.readouterr().out.split()[1].removeprefix("sha256:"))
    (layout / "blobs/sha256" / digests[0]).write_bytes(b"{}")

    assert main(["list", "--layout", str(layout), "--all"]) == 0

    first, second = capsys.readouterr().out.splitlines()
    assert main(["list", "--layout", str(layout), "--all", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts[0]["problem"] in first
    assert ["damaged" in one["problem"] for one in facts] == [True, False]
    assert [one["bytes"] > 0 for one in facts] == [False, True]
    assert "0000000100" in first
    assert "is damaged" in first
    assert "0000000200" in second
    assert "damaged" not in second


def test_scrub_tells_what_it_removed_from_what_it_could_not(
    cache: ChunkCache, capsys: pytest.CaptureFixture[str]
) -> None:
    for data in (b"good", b"flipped", b"a folder"):
        cached.take(cache, data)
    flipped, folder = cached.entry(cache, b"flipped"), cached.entry(cache, b"a folder")
    flipped.chmod(0o644)
    flipped.write_bytes(b"flopped")
    folder.unlink()
    folder.mkdir()

    assert main(["cache", "scrub", "--directory", str(cache.directory)]) == FAILED

    said = capsys.readouterr().out
    assert f"removed {flipped.name}" in said
    assert f"removed {folder.name}" not in said
    assert f"{folder.name} has other bytes" in said
    assert ", 1 removed, 1 bad ones left" in said


def test_exit_codes_tell_what_kind_of_failure_it_was(
    source: Path, volume: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = ["--layout", str(tmp_path / "layout")]
    nowhere = ["--registry", "http://127.0.0.1:9", "--repository", "snapshots/x", "--patience", "0"]

    assert main(["pull", *layout, "--into", str(volume)]) == BAD_INPUT
    assert not (tmp_path / "layout").exists()
    main(_push(source, tmp_path / "layout"))
    assert main(["pull", *layout, "--into", str(volume)]) == FAILED
    assert main(["pull", "--layout", str(source), "--into", str(volume)]) == BAD_INPUT
    assert main(["pull", *nowhere, "--into", str(volume)]) == REGISTRY
    assert main(["list", "--registry", "http://registry.example", "--repository", "snapshots/x"]) == BAD_INPUT
    assert main(["list", "--registry", "https://user:secret@registry.example", "--repository", "x"]) == BAD_INPUT
    assert main(["list", "--registry", "https://registry.example"]) == BAD_INPUT
    with pytest.raises(SystemExit) as usage:
        main(["pull"])
    assert usage.value.code == BAD_INPUT
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("url", ["https://localhost:abc", "https://localhost:99999", "https://[::1"])
def test_url_that_is_none_is_bad_input(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--registry", url, "--repository", "a/b", "--patience", "0"]) == BAD_INPUT

    said = capsys.readouterr().err
    assert url in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "content", ["", "garbage", "gärbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_file_without_a_certificate_is_bad_input(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ca").write_text(content)
    where = ["--registry", "https://localhost:9", "--repository", "a/b", "--patience", "0"]

    assert main(["list", *where, "--ca", str(tmp_path / "ca")]) == BAD_INPUT

    said = capsys.readouterr().err
    assert "holds no certificate" in said
    assert "Traceback" not in said


def test_age_beyond_all_calendars_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as usage:
        main(["prune", "--layout", str(tmp_path), "--age", "99999999999d"])

    assert usage.value.code == BAD_INPUT
    assert "99999999999d" in capsys.readouterr().err


def test_damaged_index_is_bad_input(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(_push(source, tmp_path / "layout"))
    (tmp_path / "layout/index.json").write_text("{")

    assert main(["list", "--layout", str(tmp_path / "layout")]) == BAD_INPUT

    assert "index.json is damaged" in capsys.readouterr().err


def test_package_needs_little() -> None:
    """The builder image has urllib3 and zstandard, and of this project what the package names."""
    program = (
        "import sys, ethinfra.snapshot.__main__\n"
        "mine = {name for name in sys.modules if name.startswith('ethinfra.')}\n"
        "other = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(sorted(name for name in mine if not name.startswith(('ethinfra.snapshot', 'ethinfra.probe'))))\n"
        "print(sorted(other))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, env=_path(), check=True
    )
    mine, other = done.stdout.splitlines()

    registry = [f"ethinfra.registry{part}" for part in ("", ".client", ".tokens", ".transport")]
    assert mine == str(["ethinfra.errors", *registry])
    assert not {"httpx", "rich", "yaml", "kubernetes", "pytest"} & set(json.loads(other.replace("'", '"')))


def _path() -> dict[str, str]:
    import urllib3

    import ethinfra

    places = {str(Path(module.__file__ or "").parents[1]) for module in (ethinfra, urllib3)}
    return {"PYTHONPATH": ":".join(sorted(places))}
