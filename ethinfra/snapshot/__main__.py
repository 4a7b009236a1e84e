"""`python3 -m ethinfra.snapshot`: push, pull, verify, list, prune, promote, cache; in pods: job, pod, export.

Exit codes: 0 done; 1 refused or failed; 2 bad input; 3 out of space; 4 the registry does not answer or refuses; 70 a
defect.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable

from ethinfra.errors import EthinfraError
from ethinfra.snapshot.arguments import parser
from ethinfra.snapshot.errors import exit_code

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run a verb; the exit code is returned."""
    given = sys.argv[1:] if arguments is None else arguments
    options = parser(given).parse_args(given)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except KeyboardInterrupt:
        print("interrupted; run it again, and it goes on", file=sys.stderr)
        return INTERRUPTED
    except (EthinfraError, OSError) as error:
        print(error, file=sys.stderr)
        return exit_code(error)
    except Exception as error:
        traceback.print_exc()
        return exit_code(error)


if __name__ == "__main__":
    sys.exit(main())
