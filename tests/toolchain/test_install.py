from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from ethinfra.errors import BadInput, MissingCapability, ToolchainError
from ethinfra.process import run
from ethinfra.progress import Progress, silent
from ethinfra.toolchain.install import clean_go_caches, install, plan
from ethinfra.toolchain.lock import locked
from ethinfra.toolchain.store import Store
from ethinfra.waiting import NotInTime, eventually

from .conftest import GREETERS, builds_in

#: Installs like `ethinfra tools install --keep-go-cache`, in a process of its own.
INSTALLER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[5])
from conftest import GREETERS
from ethinfra.progress import Progress
from ethinfra.toolchain.go import Go
from ethinfra.toolchain.install import install
from ethinfra.toolchain.store import Store
store = Store(Path(sys.argv[1]), Path(sys.argv[2]), Go(Path(sys.argv[3]), sys.argv[4], True), {"greeters": GREETERS})
install(store, (), Progress(), keep_go_caches=True)
"""

#: A build that writes half a binary and then hangs as long as its installer lives.
HANGING_GO = """
    case "$1" in
    build)
        while [ "$1" != -o ]; do shift; done
        mkdir -p "$(dirname "$2")"
        echo half > "$2"
        touch "$GOTMPDIR/object"
        while kill -0 $PPID; do sleep 0.1; done
        ;;
    *) real "$@" ;;
    esac
"""


@pytest.fixture
def installer() -> Iterator[Callable[[Store], subprocess.Popen[str]]]:
    """Starts another process that installs everything."""
    started: list[subprocess.Popen[str]] = []

    def start(store: Store) -> subprocess.Popen[str]:
        arguments = [store.sources, store.root, store.go.path, store.go.version, Path(__file__).parent]
        command = [sys.executable, "-c", INSTALLER, *map(str, arguments)]
        started.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def shown(store: Store, names: tuple[str, ...] = ()) -> str:
    """Install, and return what the operator saw."""
    seen = io.StringIO()
    install(store, names, Progress(Console(file=seen, width=400)), keep_go_caches=True)
    return seen.getvalue()


def test_the_operator_learns_the_cost_first_and_then_each_step(store):
    lines = shown(store).splitlines()

    announced = next(i for i, line in enumerate(lines) if line.startswith("to build: greeters v1.2.3; about 1 min"))
    assert "0.1 GB" in lines[announced]
    assert any("greeters: build hello" in line for line in lines[announced:])
    assert not any("greeters: build hello" in line for line in lines[:announced])


def test_what_is_there_is_not_built_again(store, go_script):
    install(store, (), silent(), keep_go_caches=True)
    broken = go_script("exit 1")

    done = install(broken, (), silent(), keep_go_caches=True)

    assert not done.to_build
    assert [state.family.name for state in done.present] == ["greeters"]


def test_a_corrupt_binary_is_said_and_built_again(store):
    install(store, (), silent(), keep_go_caches=True)
    hello = store.binary("hello")
    os.truncate(hello.path, 1000)

    seen = shown(store)

    assert f"corrupt, will be built again: {hello.path} has 1000 bytes" in seen
    assert store.binary("hello").sha256 == hello.sha256, "the same sources give the same bytes"
    assert builds_in(store) == [hello.path.parent.parent.name]


def test_a_failing_build_shows_the_compiler_and_leaves_nothing(store, sources):
    main = sources / "greeters" / "greet" / "cmd" / "bye" / "main.go"
    main.write_text("package main\n\nfunc main() { nonsense() }\n")

    with pytest.raises(ToolchainError) as failed:
        install(store, (), silent(), keep_go_caches=True)

    assert "undefined: nonsense" in failed.value.seen
    assert "go build" in failed.value.todo
    assert builds_in(store) == []
    assert not plan(store).present


def test_a_module_without_its_hash_is_refused_and_not_pinned_in_passing(store, sources):
    """What go.sum does not list is never fetched, so nothing unknown gets into a binary."""
    greeters = sources / "greeters"
    go_mod = (greeters / "go.mod").read_text()
    (greeters / "go.mod").write_text(go_mod.replace("require", "require example.test/loose v1.0.0\n\nrequire"))
    main = greeters / "greet" / "cmd" / "bye" / "main.go"
    main.write_text('package main\n\nimport _ "example.test/loose"\n\nfunc main() {}\n')

    with pytest.raises(ToolchainError, match=r"missing go\.sum entry"):
        install(store, (), silent(), keep_go_caches=True)

    assert (greeters / "go.sum").read_text() == ""


def test_a_fetch_that_breaks_off_is_tried_again(go_script, tmp_path):
    broke = tmp_path / "broke"
    flaky = go_script(f"""
        if [ "$1" = list ] && [ ! -e {broke} ]; then
            touch {broke}; echo "read: connection reset by peer" >&2; exit 1
        fi
        real "$@"
    """)

    install(flaky, (), silent(), keep_go_caches=True)

    assert broke.exists()
    assert flaky.binary("hello")


def test_a_module_that_does_not_exist_is_not_asked_for_again(go_script, tmp_path):
    asked = tmp_path / "asked"
    refused = go_script(f"""
        if [ "$1" = list ]; then echo x >> {asked}; echo "404 Not Found" >&2; exit 1; fi
        real "$@"
    """)

    with pytest.raises(ToolchainError, match="404 Not Found"):
        install(refused, (), silent(), keep_go_caches=True)

    assert asked.read_text() == "x\n"


def test_processes_at_the_same_time_build_once(go_script, installer, tmp_path):
    """Both end well and find whole binaries; the second one waits and says for whom."""
    built = tmp_path / "built"
    counting = go_script(f'[ "$1" = build ] && echo "$@" >> {built}; sleep 0.3; real "$@"')

    installers = [installer(counting), installer(counting)]
    said = [process.communicate(timeout=120)[1] for process in installers]

    assert [process.returncode for process in installers] == [0, 0], said
    assert len(built.read_text().splitlines()) == len(GREETERS.tools)
    assert counting.state("greeters", thorough=True).state == "installed"
    assert any("which is building greeters" in text for text in said)


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill -9"])
def test_an_interrupted_build_is_never_taken_for_a_whole_one(go_script, installer, store, signal_):
    """Ctrl-C removes what was begun; what kill -9 leaves goes with the next build."""
    process = installer(go_script(HANGING_GO))
    folder = store.root / "tools" / "greeters"
    eventually("the build has begun", lambda: list(folder.glob(".*/bin/hello")), within=60)

    process.send_signal(signal_)
    process.communicate(timeout=60)

    assert process.returncode != 0
    assert plan(store).to_build
    if signal_ == signal.SIGINT:
        assert builds_in(store) == []
    install(store, (), silent(), keep_go_caches=True)
    assert builds_in(store) == [store.key(GREETERS)]
    assert run([store.binary("hello").path]).stderr == "hello v1.2.3"


def test_too_little_disk_is_said_before_anything_is_built(store):
    huge = replace(store, families={"greeters": replace(GREETERS, gigabytes=1e9)})

    with pytest.raises(MissingCapability) as refused:
        install(huge, (), silent())

    assert "greeters" in refused.value.subject
    assert "ETHINFRA_CACHE" in refused.value.todo
    assert builds_in(store) == []


def test_missing_compilers_are_said_before_anything_is_built(store, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with_c = replace(store, families={"greeters": replace(GREETERS, cgo=True)})

    with pytest.raises(MissingCapability, match=r"no gcc and no g\+\+"):
        install(with_c, (), silent())

    assert builds_in(store) == []


def test_an_unknown_family_changes_nothing(store):
    with pytest.raises(BadInput, match="unknown family 'singers'"):
        install(store, ["greeters", "singers"], silent())

    assert builds_in(store) == []


def test_a_cache_that_cannot_be_made_is_said(store):
    nowhere = replace(store, root=Path("/proc/nowhere"))

    with pytest.raises(BadInput, match="ETHINFRA_CACHE"):
        install(nowhere, (), silent())


def test_go_caches_go_when_everything_is_built(store, warm_caches):
    """Tens of gigabytes otherwise. The tests' shared caches are replaced by this test's own."""
    store.go_caches.unlink()
    read_only = store.go_caches / "mod" / "example.test" / "greet@v1.2.3"
    read_only.mkdir(parents=True)
    (read_only / "main.go").touch()
    read_only.chmod(0o555)
    (store.go_caches / "build").symlink_to(warm_caches / "build")

    install(store, (), silent())

    assert not store.go_caches.exists()
    assert (warm_caches / "build").exists()


def test_go_caches_stay_while_another_process_builds(store):
    with locked(store.root / "go.lock", silent(), "building", within=1, shared=True):
        clean_go_caches(store, silent())

    assert store.go_caches.exists()


def test_waiting_for_a_lock_ends(tmp_path):
    path = tmp_path / "lock"

    with (
        locked(path, silent(), "testing", within=1),
        pytest.raises(NotInTime),
        locked(path, silent(), "testing", within=0.1),
    ):
        pytest.fail("two holders")
