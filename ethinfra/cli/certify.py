"""`ethinfra certify`: run the features. It becomes pytest, so that signals, output and exit code are pytest's own."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from ethinfra.environment import load_environment
from ethinfra.paths import ROOT

app = typer.Typer()


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def certify(
    context: typer.Context,
    env: Annotated[str, typer.Option("--env", help="Environment, a file of environments/.")] = "local",
    workers: Annotated[int, typer.Option("--workers", "-n", min=0, help="Scenarios at a time; 0: one.")] = 0,
    check_trace: Annotated[
        bool, typer.Option("--check-trace", help="Only check that requirements, scenarios and steps fit together.")
    ] = False,
) -> None:
    """Run every scenario, write the certificate, take everything down. Further arguments go to pytest as they are."""
    load_environment(env)
    arguments = ["--env", env, *context.args]
    if workers:
        arguments += ["-n", str(workers)]
    if check_trace:
        arguments += ["--collect-only", "-q"]
    chosen = any(not one.startswith("-") and (ROOT / one.split("::")[0]).exists() for one in context.args)
    command = [sys.executable, "-m", "pytest", *([] if chosen else ["features"]), *arguments]
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execv(sys.executable, command)  # noqa: S606 - a list of arguments, no shell
