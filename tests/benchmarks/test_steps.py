"""Progress that remembers."""

from __future__ import annotations

from benchmarks.steps import TimedProgress


def test_steps_inside_others_keep_their_names_apart():
    """Two layers both have a `helmfile sync`."""
    progress = TimedProgress()
    progress.quiet = True

    with progress.step("life"):
        with progress.step("boot"):
            pass
        assert list(progress.take()) == ["life / boot"]
        for layer in ("registry", "ethereum"):
            with progress.step(layer), progress.step("helmfile sync"):
                pass

        assert list(progress.take()) == [
            "registry / helmfile sync",
            "registry",
            "ethereum / helmfile sync",
            "ethereum",
        ]


def test_step_that_fails_is_timed_too():
    """Its error goes on."""
    progress = TimedProgress()
    progress.quiet = True

    try:
        with progress.step("boot"):
            raise OSError
    except OSError:
        pass

    assert list(progress.take()) == ["boot"]
