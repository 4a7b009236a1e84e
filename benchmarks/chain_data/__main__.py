"""`python -m benchmarks.chain_data`: make a database by hand, and tell what it is like.

Exit codes: 0 made, or there already; 1 it failed; 2 bad input; 130 interrupted.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import time
from pathlib import Path

from benchmarks.chain_data import measure
from benchmarks.chain_data.data import SEED, SIZE, ChainData, ensure, make
from ethinfra.errors import BadInput, EthinfraError
from ethinfra.progress import Progress

_UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def main(arguments: list[str] | None = None) -> int:
    """The exit code is returned."""
    options = _parser().parse_args(arguments)
    # SIGTERM unwinds like Ctrl-C, so that geth is stopped on the way out.
    signal.signal(signal.SIGTERM, _interrupt)
    progress = Progress()
    try:
        if (options.grow is None) != (options.into is None):
            raise BadInput("--grow and --into", expected="both or none")
        size = parse_size(options.size)
        started = time.monotonic()
        made = (
            make(options.out, size, progress, seed=options.seed)
            if options.out
            else ensure(size, progress, seed=options.seed)
        )
        _tell(made, time.monotonic() - started)
        if options.into:
            started = time.monotonic()
            grown = made.grow(options.into, options.grow, progress)
            _tell(grown, time.monotonic() - started)
            new, size = measure.fresh(made.files, grown.files), sum(made.files.values())
            print(
                f"{new / 2**20:.1f} MiB in new files or at the ends of old ones: {100 * new / size:.1f} % of the first"
            )
    except EthinfraError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, BadInput) else 1
    except KeyboardInterrupt:
        return 130
    return 0


def parse_size(text: str) -> int:
    """Bytes, of `2GiB`, `300MiB`, `65536`."""
    match = re.fullmatch(r"(\d+) ?([KMG]iB)?", text)
    if match is None:
        raise BadInput(f"size {text!r}", expected="such as 2GiB, 300MiB or a number of bytes")
    return int(match[1]) * _UNITS[match[2] or ""]


def _tell(made: ChainData, seconds: float) -> None:
    print(f"{made.folder}: {made.report()}; {seconds:.0f} s", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.chain_data", description="Make an execution database as a real chain leaves it."
    )
    parser.add_argument("--size", default=f"{SIZE >> 30}GiB", help="of what a snapshot takes (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="an empty folder for it, instead of the cache")
    parser.add_argument("--seed", type=int, default=SEED, help="another chain (default: %(default)s)")
    parser.add_argument("--grow", type=float, metavar="FRACTION", help="also make a copy that has grown by so much")
    parser.add_argument("--into", type=Path, metavar="DIR", help="an empty folder for the copy")
    return parser


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
