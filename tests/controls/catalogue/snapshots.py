"""What lets a snapshot be less than it says."""

from __future__ import annotations

from tests.controls.catalogue.edits import LESS_PATIENCE, OBJECTS_ARE_ENOUGH
from tests.controls.sabotage import Bundle, Edit, Sabotage

SNAPSHOTS = Bundle(
    name="snapshots",
    prepared=(OBJECTS_ARE_ENOUGH, *LESS_PATIENCE),
    sabotages=(
        Sabotage(
            name="proved-unseen",
            breaks="A candidate is promoted without a look at the node that was started from it.",
            edits=(
                Edit(
                    "ethinfra/snapshot/job/promote.py",
                    "            must_be_the_recorded_node(rpc, run, within=place.plan.job_plan.test_seconds)\n",
                    "            pass\n",
                ),
            ),
            fails={
                "What does not start a node is not promoted: all of its data is lost": "assert not True",
                "What does not start a node is not promoted: its newest table loses its end": "assert not True",
            },
        ),
        Sabotage(
            name="fetched-anew",
            breaks="A restore fetches what is there already.",
            edits=(
                Edit(
                    "ethinfra/snapshot/restore.py",
                    "if target.before > chunk.offset and self._is_there(target, chunk):",
                    "if target.before < 0 and self._is_there(target, chunk):",
                ),
            ),
            fails={"A restore over an older copy fetches only what differs": "fetched"},
        ),
        Sabotage(
            name="believed-bytes",
            breaks="What comes from the registry is not compared with its digest.",
            edits=(
                Edit(
                    "ethinfra/snapshot/chunks.py",
                    "    if hashlib.sha256(data).digest() != chunk.raw:\n",
                    "    if chunk.size < 0:\n",
                ),
            ),
            fails={"A snapshot with a wrong digest is refused, and the one before it is used": "restored"},
        ),
        Sabotage(
            name="held-for-ever",
            breaks="The hold of a job that was killed does not expire.",
            edits=(
                Edit("ethinfra/probe/hold.py", "        if untouched > patience:\n", "        if untouched > 86400:\n"),
            ),
            fails={
                'A job that is killed in phase "copy" leaves the last good snapshot, and the node runs again': "ready",
            },
        ),
        Sabotage(
            name="nobody-is-asked",
            breaks="Old snapshots are removed whatever pods stand on.",
            edits=(
                Edit(
                    "ethinfra/snapshot/job/prune.py",
                    "used = in_use(cluster, plan.ports.probe, patience=patience)",
                    "used: set[str] = set()",
                ),
            ),
            fails={
                "Retention by count and age": "==",
                "Nothing goes while a pod does not say what it was restored from": "assert not True",
            },
        ),
    ),
    untouched=(
        "A snapshot with a flipped bit is refused, and the one before it is used",
        "What would go is shown first",
    ),
)
