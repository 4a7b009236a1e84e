"""What is deployed is compared with the locks, and nothing is taken for a digest that nobody has seen."""

from __future__ import annotations

import pytest

from ethinfra.deploy import render_layer
from ethinfra.deploy.rules import Manifests
from ethinfra.environment import Pin, load_environment
from ethinfra.images.lock import Entry, Lock, Source, locked_digests, read_lock
from ethinfra.images.pinning import pinning

SEEN, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64

LOCKS = {
    Source.UPSTREAM: Lock({"docker.io/a/seen:1": Entry(SEEN), "docker.io/a/unseen:1": Entry(None)}, {}),
    # Our build of what upstream publishes is other bytes.
    Source.BUILT: Lock(
        {"docker.io/a/seen:1": Entry(OTHER), "docker.io/a/unseen:1": Entry(OTHER), "ghcr.io/b/ours:1": Entry(SEEN)}, {}
    ),
}


def test_what_the_locks_know_is_pinned():
    found = pinning([f"docker.io/a/seen:1@{SEEN}", f"ghcr.io/b/ours:1@{SEEN}"], LOCKS)

    assert found.wrong == found.pending == ()


def test_what_nobody_has_seen_is_pending():
    found = pinning(["docker.io/a/unseen:1"], LOCKS)

    assert found.wrong == ()
    assert found.pending == ("docker.io/a/unseen:1 (upstream.lock.yaml)",)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("docker.io/a/seen:1", f"upstream.lock.yaml knows it as {SEEN}"),
        (f"docker.io/a/seen:1@{OTHER}", f"upstream.lock.yaml knows it as {SEEN}"),
        (f"docker.io/a/unseen:1@{OTHER}", "the digest is of no lock; upstream.lock.yaml says that nobody has seen it"),
        ("ghcr.io/b/ours:1", f"built.lock.yaml knows it as {SEEN}"),
        ("docker.io/a/new:1", "no image lock names it"),
    ],
)
def test_what_is_not_as_locked_is_wrong(reference: str, said: str):
    found = pinning([reference], LOCKS)

    assert found.pending == ()
    assert len(found.wrong) == 1
    assert found.wrong[0].startswith(f"{reference}: {said}")


@pytest.fixture(scope="module")
def images() -> dict[str, set[str]]:
    """Environment → references of what its pods run."""
    found = {}
    for name in ("staging", "production"):
        known = load_environment(name)
        layers = [render_layer(known, known.layer(layer)) for layer in ("local-registry", "ethereum")]
        pods = Manifests.of(layers).pods
        found[name] = {container["image"] for one in pods for container in one.all_containers}
    return found


def test_production_renders_the_digests_of_the_locks(images: dict[str, set[str]]):
    locked = locked_digests(Source.UPSTREAM)

    assert load_environment("production").pin == Pin.DIGEST
    assert pinning(images["production"], {source: read_lock(source) for source in Source}).wrong == ()
    assert {f"{name}@{digest}" for name, digest in locked.items() if "client-go" in name} <= images["production"]


def test_an_environment_that_pins_by_tag_is_noticed(images: dict[str, set[str]]):
    """The same comparison, of an environment whose file says otherwise."""
    assert load_environment("staging").pin == Pin.TAG

    wrong = pinning(images["staging"], {source: read_lock(source) for source in Source}).wrong
    assert any(one.startswith("docker.io/ethereum/client-go:") for one in wrong)
