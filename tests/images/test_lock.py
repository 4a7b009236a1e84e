"""The locks: what registries and servers really answer, what stays when they do not, and what is no digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ethinfra.cli.images import app
from ethinfra.errors import BadInput
from ethinfra.images import archive_of, catalogue, find_image, lock, relock
from ethinfra.images.catalogue import select
from ethinfra.images.lock import Entry, Lock, Source, locked_checksum, locked_digest, locked_digests, read_lock, tell
from ethinfra.images.push import push_elsewhere
from ethinfra.images.relock import Outcome, Word
from ethinfra.progress import silent
from tests.images.servers import anonymous_registry, file_server, free_port

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own for the locks."""
    (tmp_path / "docker").mkdir()
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    return tmp_path


def words(outcomes: list[Outcome]) -> list[Word]:
    return [one.word for one in outcomes]


# The file


def test_lock_is_read_as_it_was_written(checkout: Path):
    written = Lock({"docker.io/a/b:1": Entry(A, told_by="somebody"), "docker.io/a/c:1": Entry(None)}, {"u": Entry(B)})
    lock.write_lock(written, Source.UPSTREAM)

    assert read_lock(Source.UPSTREAM) == written
    assert locked_digest("docker.io/a/b:1", Source.UPSTREAM) == A
    assert locked_digests(Source.UPSTREAM) == {"docker.io/a/b:1": A}
    assert locked_checksum("u") == "b" * 64
    assert "`ethinfra images lock" in (checkout / "docker" / "upstream.lock.yaml").read_text()


@pytest.mark.usefixtures("checkout")
def test_what_nobody_has_seen_is_none():
    lock.write_lock(Lock({"docker.io/a/b:1": Entry(None)}, {"u": Entry(None)}), Source.UPSTREAM)

    assert locked_digest("docker.io/a/b:1", Source.UPSTREAM) is None
    assert locked_digest("docker.io/never:1", Source.UPSTREAM) is None
    assert locked_digest("docker.io/a/b:1", Source.BUILT) is None
    assert locked_checksum("u") is None


@pytest.mark.parametrize("text", ["images: [1]", "images: {a: {}}", "images: {a: {digest: sha256:short}}", "images: ]"])
def test_file_that_is_no_lock_is_refused_with_its_name(checkout: Path, text: str):
    (checkout / "docker" / "built.lock.yaml").write_text(text)

    with pytest.raises(BadInput, match=r"built\.lock\.yaml"):
        read_lock(Source.BUILT)


# What the project has


def test_lock_names_what_the_project_names():
    """Names that were added since are entered, as pending where nobody answers, by `ethinfra images lock`."""
    known = read_lock(Source.UPSTREAM)

    assert sorted(known.images) == relock.references()
    assert sorted(known.files) == relock.urls()


def test_every_checksum_and_digest_has_a_source():
    """This machine could read none itself, so each is either pending or somebody's word; and somebody is named."""
    known = read_lock(Source.UPSTREAM)
    entries = [*known.images.values(), *known.files.values()]

    assert [one for one in entries if one.digest]
    assert all(not one.told_by or len(one.told_by) > 20 for one in entries)


def test_images_of_our_own_have_no_upstream():
    assert find_image("node-probe").reference not in relock.references()
    assert find_image("geth").reference in relock.references()
    assert {image.reference for image in select(None)} <= {image.reference for image in catalogue()}


# Asking registries


def test_registry_is_asked_for_what_it_really_has(tmp_path: Path):
    archive = archive_of(find_image("pause"), silent())
    with anonymous_registry(tmp_path) as host:
        name, _ = push_elsewhere(archive, host)
        outcomes = relock.ask_images({}, [name])

        assert outcomes == [Outcome(name, Word.LOCKED, Entry(archive.digest))]
        assert words(relock.ask_images({name: Entry(archive.digest)}, [name])) == [Word.UNCHANGED]

        (moved,) = relock.ask_images({name: Entry(A)}, [name])
        assert (moved.word, moved.entry, moved.detail) == (Word.MOVED, Entry(archive.digest), f"was {A}")

        (unknown,) = relock.ask_images({}, [f"{host}/pause:never"])
        assert (unknown.word, unknown.entry) == (Word.REFUSED, Entry(None))
        assert "MANIFEST_UNKNOWN" in unknown.detail


def test_registry_that_does_not_answer_keeps_what_was_known():
    name = f"127.0.0.1:{free_port()}/a/b:1"
    known, unknown = relock.ask_images({name: Entry(A)}, [name]), relock.ask_images({}, [name])

    assert [(one.word, one.entry) for one in (*known, *unknown)] == [
        (Word.UNREACHABLE, Entry(A)),
        # The lock did not even name it.
        (Word.MISSING, Entry(None)),
    ]
    assert "refused" in known[0].detail


def test_word_of_somebody_is_dropped_when_upstream_says_the_same():
    told = {"docker.io/a/b:1": Entry(A, told_by="a packager")}
    (outcome,) = relock.ask_images(told, told, ask=lambda _: A)

    assert (outcome.word, outcome.entry, outcome.detail) == (Word.UNCHANGED, Entry(A), "as a packager said")


# Asking for files


def test_file_is_hashed_as_it_comes(tmp_path: Path):
    (tmp_path / "thing.tar.gz").write_bytes(b"content")
    digest = f"sha256:{hashlib.sha256(b'content').hexdigest()}"
    with file_server(tmp_path) as server:
        url = f"{server}/thing.tar.gz"

        assert relock.ask_files({}, [url]) == [Outcome(url, Word.LOCKED, Entry(digest))]
        assert words(relock.ask_files({url: Entry(digest)}, [url])) == [Word.UNCHANGED]
        assert words(relock.ask_files({}, [f"{server}/never"])) == [Word.REFUSED]
        assert words(relock.ask_files({}, [f"{server}/cut/thing.tar.gz"])) == [Word.REFUSED]


def test_release_that_changed_is_no_news_but_an_alarm(tmp_path: Path):
    (tmp_path / "thing.tar.gz").write_bytes(b"another")
    with file_server(tmp_path) as server:
        url = f"{server}/thing.tar.gz"
        (outcome,) = relock.ask_files({url: Entry(A)}, [url])

    assert (outcome.word, outcome.entry) == (Word.CONTRADICTED, Entry(A))
    assert hashlib.sha256(b"another").hexdigest() in outcome.detail


def test_file_of_an_unreachable_host_keeps_what_was_known():
    url = f"http://127.0.0.1:{free_port()}/thing.tar.gz"
    (outcome,) = relock.ask_files({url: Entry(A, told_by="a packager")}, [url])

    assert (outcome.word, outcome.entry) == (Word.UNREACHABLE, Entry(A, told_by="a packager"))


# Our own builds


def test_build_is_locked_with_the_key_of_its_content():
    made = archive_of(find_image("pause"), silent())
    name, seen = made.image.reference, Entry(made.digest, key=made.key)

    def outcome(known: dict[str, Entry]) -> Outcome:
        (one,) = relock.built(known, lambda _: made, [made.image])
        return one

    assert outcome({}) == Outcome(name, Word.LOCKED, seen)
    assert outcome({name: seen}).word == Word.UNCHANGED
    assert (outcome({name: Entry(A, key="older")}).word, outcome({name: Entry(A, key="older")}).entry) == (
        Word.OUTDATED,
        seen,
    )
    # The same content and another digest: that build, or this one, is not reproducible.
    assert (outcome({name: Entry(A, key=made.key)}).word, outcome({name: Entry(A, key=made.key)}).entry) == (
        Word.CONTRADICTED,
        Entry(A, key=made.key),
    )


def test_build_of_what_is_not_committed_is_not_locked():
    made = replace(archive_of(find_image("pause"), silent()), revision="c0ffee-dirty")
    (outcome,) = relock.built({made.image.reference: Entry(A)}, lambda _: made, [made.image])

    assert (outcome.word, outcome.entry) == (Word.REFUSED, Entry(A))


# Writing


def test_names_of_yesterday_leave_the_lock():
    known = {"docker.io/old:1": Entry(A), "docker.io/a/b:1": Entry(B)}
    outcomes = [*relock.keep(known, ["docker.io/a/b:1", "docker.io/new:1"]), *relock.unused(known, ["docker.io/a/b:1"])]

    assert words(outcomes) == [Word.UNCHANGED, Word.MISSING, Word.UNUSED]
    assert relock.locked(outcomes).images == {"docker.io/a/b:1": Entry(B), "docker.io/new:1": Entry(None)}


def test_what_somebody_tells_is_entered_with_the_name():
    known = Lock({"docker.io/a/b:1": Entry(None)}, {"u": Entry(None)})
    told = tell(tell(known, "docker.io/a/b:1", A, "somebody"), "u", B, "nobody else")

    assert told == Lock({"docker.io/a/b:1": Entry(A, "somebody")}, {"u": Entry(B, "nobody else")})


def test_what_upstream_said_needs_no_witness():
    known = Lock({"docker.io/a/b:1": Entry(A)}, {})

    assert tell(known, "docker.io/a/b:1", A, "somebody") == known


@pytest.mark.parametrize(
    ("name", "digest", "told_by", "words"),
    [
        ("docker.io/a/b:1", "abc", "somebody", "64 hex digits"),
        ("docker.io/a/b:1", A, "", "nobody is named"),
        ("docker.io/other:1", A, "somebody", "nothing that the lock names"),
        ("docker.io/locked:1", A, "somebody", "locked already"),
    ],
)
def test_hearsay_has_limits(name: str, digest: str, told_by: str, words: str):
    known = Lock({"docker.io/a/b:1": Entry(None), "docker.io/locked:1": Entry(B)}, {})

    with pytest.raises(BadInput, match=words):
        tell(known, name, digest, told_by)


# The command


@pytest.fixture
def command(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """`ethinfra images lock`, where the project has one image and one file, and registries say what a test wants."""
    monkeypatch.setattr(relock, "references", lambda: ["docker.io/a/b:1"])
    monkeypatch.setattr(relock, "urls", lambda: [f"http://127.0.0.1:{free_port()}/thing.tar.gz"])

    def call(*arguments: str, published: str | None = None) -> tuple[int, str]:
        def ask(_: str) -> str:
            if published is None:
                raise relock.Unanswered(Word.UNREACHABLE, "no such host")
            return published

        monkeypatch.setattr(relock, "published_digest", ask)
        done = CliRunner().invoke(app, ["lock", "--source", "upstream", *arguments])
        return done.exit_code, done.output

    assert not (checkout / "docker" / "upstream.lock.yaml").exists()
    return call


def test_unreachable_upstream_is_told_and_fails_and_loses_nothing(command: Callable[..., tuple[int, str]]):
    lock.write_lock(Lock({"docker.io/a/b:1": Entry(A), "docker.io/old:1": Entry(B)}, {}), Source.UPSTREAM)
    code, output = command()

    assert code == 1
    assert "unreachable      docker.io/a/b:1  no such host" in output
    assert "(pending)" in output
    assert "used no more     docker.io/old:1" in output
    assert dict(read_lock(Source.UPSTREAM).images) == {"docker.io/a/b:1": Entry(A)}
    assert [one.digest for one in read_lock(Source.UPSTREAM).files.values()] == [None]


def test_check_writes_nothing_and_fails_where_the_lock_is_wrong(
    command: Callable[..., tuple[int, str]], checkout: Path, monkeypatch: pytest.MonkeyPatch
):
    lock.write_lock(Lock({"docker.io/a/b:1": Entry(A)}, {}), Source.UPSTREAM)
    before = (checkout / "docker" / "upstream.lock.yaml").read_text()

    code, output = command("--check", published=A)
    assert code == 1
    assert "not in the lock  http://127.0.0.1" in output
    monkeypatch.setattr(relock, "urls", list)
    assert command("--check", published=A)[0] == 0
    # What nobody answers for proves nothing.
    assert command("--check")[0] == 0
    code, output = command("--check", published=B)
    assert code == 1
    assert f"moved            docker.io/a/b:1  was {A}" in output
    assert (checkout / "docker" / "upstream.lock.yaml").read_text() == before


@pytest.mark.usefixtures("command")
def test_word_of_somebody_is_entered_without_asking_anybody():
    done = CliRunner().invoke(app, ["lock", "--tell", f"docker.io/a/b:1={A}", "--told-by", "a packager"])

    assert done.exit_code == 0
    assert read_lock(Source.UPSTREAM).images["docker.io/a/b:1"] == Entry(A, "a packager")
