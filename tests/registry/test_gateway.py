"""The gateway's rules, tried on a real nginx in front of a real registry."""

from __future__ import annotations

import concurrent.futures

import pytest

from ethinfra.registry.client import RegistryClient, RegistryRefused
from ethinfra.registry.secrets import Account
from tests.registry.loopback import Loopback

UPLOAD = "/v2/docker.io/library/any/blobs/uploads/"
MANIFEST = "/v2/docker.io/library/any/manifests/none"


@pytest.mark.parametrize(
    ("account", "method", "path", "status"),
    [
        # Without an account only the probes' paths answer.
        (None, "GET", "/livez", 200),
        (None, "GET", "/healthz", 200),
        (None, "GET", "/v2/", 401),
        (None, "GET", "/v2/_catalog", 401),
        (None, "HEAD", MANIFEST, 401),
        (None, "POST", UPLOAD, 401),
        (None, "PUT", MANIFEST, 401),
        (None, "DELETE", MANIFEST, 401),
        (None, "GET", "/ui/", 401),
        (None, "GET", "/ui/registry.js", 401),
        (None, "GET", "/-/storage/sha256/", 401),
        (None, "GET", "/-/status", 401),
        (None, "GET", "/-/maintenance", 401),
        (None, "PUT", "/-/maintenance", 401),
        (None, "DELETE", "/-/maintenance", 401),
        # The pull account reads.
        (Account.PULL, "GET", "/v2/", 200),
        (Account.PULL, "GET", "/v2/_catalog", 200),
        (Account.PULL, "HEAD", MANIFEST, 404),
        (Account.PULL, "GET", "/ui/", 200),
        (Account.PULL, "GET", "/ui/registry.js", 200),
        (Account.PULL, "GET", "/ui/registry.css", 200),
        (Account.PULL, "GET", "/-/status", 200),
        (Account.PULL, "GET", "/-/maintenance", 404),
        # And nothing else.
        (Account.PULL, "POST", UPLOAD, 403),
        (Account.PULL, "PATCH", UPLOAD + "x", 403),
        (Account.PULL, "PUT", MANIFEST, 403),
        (Account.PULL, "DELETE", MANIFEST, 403),
        (Account.PULL, "BREW", "/v2/", 403),
        (Account.PULL, "PUT", "/-/maintenance", 403),
        (Account.PULL, "DELETE", "/-/maintenance", 403),
        (Account.PULL, "PUT", "/ui/index.html", 401),
        (Account.PULL, "DELETE", "/-/storage/sha256/", 401),
        # The push account does everything; the volume's listing and the page stay read-only for it too.
        (Account.PUSH, "GET", "/v2/_catalog", 200),
        (Account.PUSH, "POST", UPLOAD, 202),
        (Account.PUSH, "DELETE", MANIFEST, 404),
        (Account.PUSH, "PUT", "/ui/index.html", 405),
        (Account.PUSH, "DELETE", "/-/storage/sha256/", 405),
    ],
)
def test_each_account_may_do_what_it_is_for(
    loopback: Loopback, account: Account | None, method: str, path: str, status: int
) -> None:
    with loopback.client(account) as client:
        assert client.status(method, path) == status


def test_wrong_password_is_refused(loopback: Loopback) -> None:
    """Neither a wrong password nor the other account's is accepted."""
    url, authority = f"https://localhost:{loopback.port}", loopback.access.authority
    other = loopback.access.password(Account.PULL)
    for username, password in ((Account.PUSH, "guess"), (Account.PUSH, other), ("root", other)):
        with RegistryClient(url, authority=authority, username=username, password=password) as client:
            assert client.status("GET", "/v2/") == 401
            assert client.status("POST", UPLOAD) == 401


def test_paths_outside_the_folders_are_not_served(puller: RegistryClient) -> None:
    """An encoded way up leads neither to the page's neighbours nor to the volume's."""
    for path in ("/ui/..%2f..%2faccounts/all.htpasswd", "/ui../accounts/all.htpasswd", "/-/storage/..%2f..%2fx"):
        assert puller.status("GET", path) in (400, 404)


def test_pushed_image_is_listed_pulled_and_counted(pusher: RegistryClient, puller: RegistryClient) -> None:
    """The upstream's host name is part of the repository's name, as the nodes' mirrors ask for it."""
    digest = pusher.push_small("ghcr.io/ethinfra/listed", "1.0", b"listed" * 1000)

    assert "ghcr.io/ethinfra/listed" in puller.repositories()
    assert puller.tags("ghcr.io/ethinfra/listed") == ["1.0"]
    assert puller.digest("ghcr.io/ethinfra/listed", "1.0") == digest
    (repository,) = (one for one in puller.usage().repositories if one.name == "ghcr.io/ethinfra/listed")
    assert repository.size == sum(puller.blobs("ghcr.io/ethinfra/listed", "1.0").values()) > 6000
    assert set(puller.blobs("ghcr.io/ethinfra/listed", "1.0")) <= set(puller.stored())


def test_tag_that_is_deleted_while_usage_is_counted_does_not_count(
    pusher: RegistryClient, puller: RegistryClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others push and delete at any time; what was listed a moment ago may be gone."""
    pusher.push_small("ghcr.io/ethinfra/moving", "1.0", b"stays")
    listed = puller.tags
    monkeypatch.setattr(puller, "tags", lambda repository: [*listed(repository), "deleted-since"])

    usage = puller.usage()

    (repository,) = (one for one in usage.repositories if one.name == "ghcr.io/ethinfra/moving")
    assert repository.size == sum(puller.blobs("ghcr.io/ethinfra/moving", "1.0").values())


def test_upload_with_a_wrong_digest_is_refused(pusher: RegistryClient) -> None:
    with pytest.raises(RegistryRefused) as refused:
        pusher.push_blob("docker.io/library/wrong", f"sha256:{'0' * 64}", 4, b"data")

    assert refused.value.status == 400


def test_suspended_writes_are_refused_and_reads_are_not(pusher: RegistryClient, puller: RegistryClient) -> None:
    pusher.push_small("docker.io/library/kept", "1", b"kept")
    pusher.suspend_writes()
    try:
        assert puller.writes_suspended()
        assert pusher.status("POST", UPLOAD) == 503
        assert puller.digest("docker.io/library/kept", "1")
    finally:
        pusher.resume_writes()

    assert not puller.writes_suspended()
    assert pusher.status("POST", UPLOAD) == 202


def test_collection_frees_exactly_what_no_tag_needs(
    loopback: Loopback, pusher: RegistryClient, puller: RegistryClient
) -> None:
    """Also a layer that is pushed again after its collection is there: nothing remembers it as present."""
    kept = pusher.push_small("docker.io/library/kept-image", "1", b"kept layer")
    gone = pusher.push_small("docker.io/library/gone-image", "1", b"gone layer")
    before = puller.stored()

    pusher.delete_tag("docker.io/library/gone-image", "1")
    loopback.collect_garbage()

    freed = set(before) - set(puller.stored())
    assert gone in freed
    assert kept not in freed
    assert puller.blobs("docker.io/library/kept-image", "1").keys() <= puller.stored().keys()
    assert pusher.push_small("docker.io/library/gone-image", "1", b"gone layer") == gone
    assert puller.blobs("docker.io/library/gone-image", "1").keys() <= puller.stored().keys()


def test_parallel_pushes_of_one_layer_all_succeed(pusher: RegistryClient) -> None:
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        digests = list(pool.map(lambda n: pusher.push_small(f"docker.io/p/{n}", "1", b"shared" * 100_000), range(4)))

    assert len(set(digests)) == 1


def test_repositories_come_in_pages(pusher: RegistryClient, puller: RegistryClient) -> None:
    """More tags than a page holds are all seen."""
    digest = pusher.push_small("docker.io/library/pages", "t0", b"pages")
    manifest = puller.manifest("docker.io/library/pages", digest)
    for number in range(1, 105):
        pusher.push_manifest(
            "docker.io/library/pages", f"t{number}", manifest.raw, "application/vnd.oci.image.manifest.v1+json"
        )

    assert len(puller.tags("docker.io/library/pages")) == 105
