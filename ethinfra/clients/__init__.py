"""What is known of the clients, and whether their programs still agree with it.

- A *client* is a project (geth, Prysm); a *program* of it is what a container runs: `execution`, `consensus`,
  `validator`, `genesis`. One file each in values/clients, which the chart gets too (`table`).
- Its *flags* are those of its own help, recorded for one version in values/clients/flags (`flags`): nothing is rendered
  that is not among them.
"""

from ethinfra.clients.flags import RecordedFlags, ask_for_flags, disagreements, installed, record, recorded_flags
from ethinfra.clients.table import FOLDER, Difference, Program, find_program, known_clients, programs, read_clients

__all__ = [
    "FOLDER",
    "Difference",
    "Program",
    "RecordedFlags",
    "ask_for_flags",
    "disagreements",
    "find_program",
    "installed",
    "known_clients",
    "programs",
    "read_clients",
    "record",
    "recorded_flags",
]
