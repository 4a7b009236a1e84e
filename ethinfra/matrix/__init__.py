"""Everything that the charts can be asked for, rendered without a cluster: what the static rules look at.

- A *dimension* is something that a user chooses, with its choices: the environment, the network, the clients, and each
  switch of the chart (`switches`).
- A *case* is one choice of each, and the values that make it so (`case`).
- The *matrix* is a set of cases in which every two choices come together at least once; or all that there are, on
  request (`cases`).
- A *rendering* is a case with its manifests: those of the ethereum layer, and of the environment's other layers beside
  them (`rendering`). Renderings are kept by what they are made from, so that several processes share one.

Charts break in what is off by default (../docs/static-tier.md); so nothing is left out because nobody turns it on.
"""

from ethinfra.matrix.case import Case, refusal
from ethinfra.matrix.cases import every_case, pairwise_cases, plain_cases, refused_pairs
from ethinfra.matrix.rendering import Rendering, render_matrix

__all__ = [
    "Case",
    "Rendering",
    "every_case",
    "pairwise_cases",
    "plain_cases",
    "refusal",
    "refused_pairs",
    "render_matrix",
]
