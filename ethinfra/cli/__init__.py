"""The command line, `ethinfra`. One module per group of verbs; this one mounts them and turns errors into exit codes.

Exit codes: 0 done; 1 it failed; 2 the input was wrong and nothing was changed; 130 interrupted.
"""

from __future__ import annotations

import errno
import importlib
import signal
import sys
from types import FrameType

import typer

from ethinfra import __version__
from ethinfra.errors import BadInput, EthinfraError
from ethinfra.redact import redact

#: Groups of verbs: `ethinfra <name> <verb>`, from the module `ethinfra.cli.<module>`.
GROUPS = {
    "tools": "tools",
    "images": "images",
    "registry": "registry",
    "snapshot": "snapshot",
    "kinds": "kinds",
    "env": "environment",
    "network": "network",
    "clients": "clients",
    "golden": "golden",
    "values": "values",
    "certificate": "certificate",
}

INTERRUPTED = 130

#: What a machine refuses to whoever asks: no room, no right. It is no defect, and a traceback would not help.
_MACHINES = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}

#: Modules whose commands stand at the top: `ethinfra <verb>`.
TOP = ("cluster", "deploy", "certify")

app = typer.Typer(
    name="ethinfra",
    help="Ethereum RPC on Kubernetes: deploy it, exercise it, certify it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ethinfra {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Ethereum RPC on Kubernetes: deploy it, exercise it, certify it."""


def _mount() -> None:
    for module in TOP:
        verbs: typer.Typer = importlib.import_module(f"ethinfra.cli.{module}").app
        app.registered_commands.extend(verbs.registered_commands)
    for name, module in GROUPS.items():
        app.add_typer(importlib.import_module(f"ethinfra.cli.{module}").app, name=name)


def main() -> None:
    """Entry point of the console script."""
    # SIGTERM unwinds like Ctrl-C, so that what was half done is undone on the way out.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _mount()
        code = app(standalone_mode=False)
    except EthinfraError as error:
        print(redact(str(error)), file=sys.stderr)
        sys.exit(2 if isinstance(error, BadInput) else 1)
    except OSError as error:
        if error.errno not in _MACHINES:
            raise
        print(redact(f"{error.filename or 'this machine'}: {error.strerror}"), file=sys.stderr)
        sys.exit(1)
    except typer.Exit as left:
        sys.exit(left.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        # click's own usage errors know how to show themselves; anything else is a defect and keeps its traceback.
        show = getattr(error, "show", None)
        if show is None:
            raise
        show()
        sys.exit(2)
    # typer turns a KeyboardInterrupt of a verb into this code, and says nothing.
    if code == INTERRUPTED:
        print("interrupted; what was done stays: repeat the command to go on, see `ethinfra status`", file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
