"""Images in scenarios: what would be wrong with them is noticed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ethinfra.images import Archive, archive_of, find_image, store
from ethinfra.progress import silent
from ethinfra.trial.images import built_elsewhere, refusal_with
from ethinfra.trial.secrets import made


@pytest.fixture
def pause() -> Archive:
    return archive_of(find_image("pause"), silent())


def test_build_that_tells_its_time_is_another_image(pause: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With a builder that leaves out the fixed time."""
    assert built_elsewhere(pause.image) == pause.digest

    real, wrapper = shutil.which("buildah"), tmp_path / "buildah"
    wrapper.write_text(
        "#!/bin/bash\nwords=()\n"
        'while (($#)); do [[ $1 == --timestamp ]] && shift 2 || { words+=("$1"); shift; }; done\n'
        f'exec {real} "${{words[@]}}"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    assert built_elsewhere(pause.image) != pause.digest


def test_build_that_nobody_refuses_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where contexts are not searched, the image is built, and the scenario is told so."""
    secret = made("a JWT secret")
    assert secret.kind in refusal_with(secret.text)

    monkeypatch.setenv("ETHINFRA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "_refuse_secrets", lambda *_: None)

    assert refusal_with(secret.text) == ""
