"""Every image keeps the standard, and the check of the standard can fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ethinfra.images import Image, catalogue, find_image
from tests.images.dockerfiles import breaches, instructions


@pytest.mark.parametrize("image", catalogue(), ids=lambda image: image.key)
def test_dockerfile_keeps_the_standard(image: Image):
    assert breaches(image.dockerfile.read_text(), image) == []


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        (lambda text: text.replace("FROM scratch", "FROM debian:bookworm"), "FROM"),
        (lambda text: text.replace("USER 10001:10001", "USER root"), "USER"),
        (lambda text: text.replace("USER 10001:10001", "USER 0:0"), "USER 0:0"),
        (lambda text: text.replace("USER 10001:10001\n", ""), "USER"),
        (lambda text: text.replace("STOPSIGNAL SIGTERM\n", ""), "STOPSIGNAL"),
        (lambda text: text.replace("org.opencontainers.image.source", "source"), "image.source"),
        (lambda text: text.replace("${VERSION}", "v1.2.3"), "version"),
        (lambda text: text.replace('built-from="source"', 'built-from="upstream"'), "built-from"),
        (lambda text: text.replace("HEALTHCHECK", "# HEALTHCHECK"), "HEALTHCHECK"),
        (lambda text: text.replace('ENTRYPOINT ["geth"]', "ENTRYPOINT geth"), "shell"),
        (lambda text: text.replace("COPY bin/geth", "COPY bin/reth"), "bin/geth"),
        (lambda text: text + "RUN true\n", "RUN"),
    ],
)
def test_breach_of_the_standard_is_named(change: Callable[[str], str], breach: str):
    image = find_image("geth")
    text = image.dockerfile.read_text()

    assert change(text) != text
    assert any(breach in one for one in breaches(change(text), image))


def test_only_the_volume_helper_runs_as_root():
    """An image that runs as root needs a written reason; today there is one."""
    users = {
        image.key: next(one.value for one in instructions(image.dockerfile.read_text()) if one.name == "USER")
        for image in catalogue()
    }

    assert [key for key, user in users.items() if user.startswith("0:")] == ["busybox"]
