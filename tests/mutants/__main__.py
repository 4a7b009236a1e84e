"""`python -m tests.mutants`: every mutant, what caught it, and how many there are; exit 1 if one survives."""

from __future__ import annotations

import sys
import time

from tests.mutants.catalogue import MUTANTS
from tests.mutants.trial import judge_all, unclean


def main() -> int:
    began = time.monotonic()
    survivors = []
    for mutant, said in judge_all(MUTANTS):
        if mutant.by in said:
            print(f"{mutant.name}\n    {mutant.by}: {said[mutant.by][0].strip()}")
        else:
            survivors.append(mutant)
            print(f"{mutant.name}\n    SURVIVED {mutant.by}; noticed by {', '.join(said) or 'nobody'}")
    dirty = unclean()
    for case, said in dirty.items():
        print(f"unedited, in case {case}\n    {said}")
    checks, repeated = {mutant.by for mutant in MUTANTS}, sum(bool(mutant.defect) for mutant in MUTANTS)
    print(
        f"{len(MUTANTS) - len(survivors)} of {len(MUTANTS)} mutants caught by {len(checks)} checks, "
        f"{repeated} of them repeat defects of public charts; unedited charts "
        f"{'are not clean' if dirty else 'are clean'}; {time.monotonic() - began:.0f}s"
    )
    return 1 if survivors or dirty else 0


if __name__ == "__main__":
    sys.exit(main())
